package credits

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// What an API key may do.
const (
	Read         = "credits:read"  // balances and entries
	SpendCredits = "credits:spend" // consume, hold, capture, release
)

// KeyPrefix begins every API key, so that scanners of source code know one.
const KeyPrefix = "tijori_"

// A Key is an API key as its owner sees it later: never the key itself.
type Key struct {
	ID        uuid.UUID
	Name      string
	Scopes    []string
	Hint      string // its first letters
	MadeBy    string
	CreatedAt time.Time
	UsedAt    time.Time // zero when it was never used; exact to a minute
	RevokedAt time.Time // zero while it is not revoked
	Live      bool
}

var spelling = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// HashKey is what is stored of an API key.
func HashKey(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// CreateKey makes an API key of the caller's account, for its owner, and returns
// it: this is the only time that it is known. Only its hash is stored.
func (s *Service) CreateKey(ctx context.Context, c postgres.Caller, name string,
	scopes []string,
) (string, uuid.UUID, error) {
	name = strings.TrimSpace(name)
	if name == "" || utf8.RuneCountInString(name) > 120 || !plain(name) {
		return "", uuid.Nil, fault.InvalidField("name", "Enter a name of up to 120 characters.").Coded("name_length")
	}
	if len(scopes) == 0 {
		return "", uuid.Nil, fault.InvalidField("scopes", "Choose what the key may do.")
	}
	for _, scope := range scopes {
		if scope != Read && scope != SpendCredits {
			return "", uuid.Nil, fault.InvalidField("scopes", "Choose what the key may do.")
		}
	}
	var secret [32]byte
	if _, err := rand.Read(secret[:]); err != nil {
		return "", uuid.Nil, fmt.Errorf("make an API key: %w", err)
	}
	key := KeyPrefix + spelling.EncodeToString(secret[:])
	id, err := uuid.NewV7()
	if err != nil {
		return "", uuid.Nil, fmt.Errorf("make an API key: %w", err)
	}
	hash := HashKey(key)
	err = s.db.As(ctx, c, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.create_api_key($1, $2, $3, $4, $5)`, id, hash[:], name, scopes,
			key[:len(KeyPrefix)+4])
		return err
	})
	if err != nil {
		return "", uuid.Nil, fmt.Errorf("create API key: %w", err)
	}
	return key, id, nil
}

// QueueKeys reads the keys of the caller's account in a batch (postgres.DB.Read).
// To all but owners the list is empty.
func QueueKeys(b *pgx.Batch, into *[]Key) {
	*into = nil
	b.Queue(`
		select k.id, k.name, k.scopes, k.hint, k.made_by, k.created_at, k.used_at, k.revoked_at, k.live
		  from tijori_access.api_keys() k`).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k Key, err error) {
				var used, revoked *time.Time
				err = row.Scan(&k.ID, &k.Name, &k.Scopes, &k.Hint, &k.MadeBy, &k.CreatedAt, &used, &revoked, &k.Live)
				k.UsedAt, k.RevokedAt = value(used), value(revoked)
				return k, err
			})
			return err
		})
}

// ListKeys returns the keys of the caller's account.
func (s *Service) ListKeys(ctx context.Context, c postgres.Caller) (keys []Key, err error) {
	_, err = s.db.Read(ctx, c, func(_ postgres.Scope, b *pgx.Batch) { QueueKeys(b, &keys) })
	return keys, err
}

// RevokeKey ends a key at once. NotFound for what is no key of the caller's account.
func (s *Service) RevokeKey(ctx context.Context, c postgres.Caller, id uuid.UUID) error {
	err := s.db.As(ctx, c, func(tx *postgres.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.revoke_api_key($1)`, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke API key: %w", err)
	}
	return nil
}

// A Call is one that a program made with a key of an account.
type Call struct {
	At      time.Time
	Key     string // its name, "" of one that is forgotten
	Route   string
	Status  int
	Took    time.Duration
	Request string // its number, by which we find it
}

// QueueCalls reads the latest calls of the caller's account's programs in a batch (postgres.DB.Read), as the access log
// has them: a second or two late, and within a week. To all but owners the list is empty.
func QueueCalls(b *pgx.Batch, most int, into *[]Call) {
	*into = nil
	b.Queue(`select at, key_name, route, status, took_ms, request_id from tijori_access.my_calls($1)`, most).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Call, err error) {
				var ms int64
				err = row.Scan(&c.At, &c.Key, &c.Route, &c.Status, &ms, &c.Request)
				c.Took = time.Duration(ms) * time.Millisecond
				return c, err
			})
			return err
		})
}

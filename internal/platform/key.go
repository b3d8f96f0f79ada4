package platform

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Kinds of keys.
const (
	ServerKey      = "server"      // of the app's servers; a browser must never see it
	PublishableKey = "publishable" // reads what is sold; no secret
)

// Modes of an app.
const (
	Live = "live"
	Test = "test"
)

// A Key is a key of an app as its owner sees it later: never the key itself.
type Key struct {
	ID        uuid.UUID
	Kind      string
	Name      string
	Scopes    []string
	Hint      string
	CreatedAt time.Time
	UsedAt    time.Time // zero when it was never used
	RevokedAt time.Time // zero while it is not revoked
}

// A Listed is an app as who runs the server sees it.
type Listed struct {
	ID        string
	Name      string
	Mode      string
	Origins   []string
	CreatedAt time.Time
}

var spelling = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Hash is what is stored of a key or token.
func Hash(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// secret makes a random word after a prefix by which people and scanners of source code know it.
func secret(prefix string) (string, error) {
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("make a secret: %w", err)
	}
	return prefix + spelling.EncodeToString(b[:]), nil
}

var appName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// AppID is the id of an app: its name, and for its test mode that name with -test. The two share nothing.
func AppID(name, mode string) (string, error) {
	if !appName.MatchString(name) || len(name) > 25 || name == billing.Khata.App || strings.HasSuffix(name, "-test") {
		return "", fault.InvalidField("name", "An app's name is up to 25 lower-case letters, digits and hyphens.")
	}
	switch mode {
	case Live:
		return name, nil
	case Test:
		return name + "-test", nil
	}
	return "", fault.InvalidField("mode", "An app is live or test.")
}

// CreateApp makes an app. Conflict when there is one of that id.
func CreateApp(ctx context.Context, db *postgres.DB, id, name, mode string, origins []string) error {
	if err := checkOrigins(origins); err != nil {
		return err
	}
	err := db.AsBilling(ctx, postgres.Work{App: id}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.make_app($1, $2, $3, $4)`, id, name, mode,
			append([]string{}, origins...))
		return err
	})
	if err != nil {
		return fmt.Errorf("create the app %s: %w", id, err)
	}
	return nil
}

// SetOrigins says where an app's customers may be led back to, and in whose pages its tokens are good.
func SetOrigins(ctx context.Context, db *postgres.DB, app string, origins []string) error {
	if err := checkOrigins(origins); err != nil {
		return err
	}
	return noApp(db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.set_app_origins($1)`, append([]string{}, origins...))
		return err
	}))
}

// EndTokens ends every token of an app's customers at once.
func EndTokens(ctx context.Context, db *postgres.DB, app string) error {
	return noApp(db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.end_app_tokens()`)
		return err
	}))
}

var errNoApp = fault.New(fault.NotFound, "There is no such app, or no such key in it.")

func noApp(err error) error {
	if fault.Is(err, fault.NotFound) {
		return errNoApp.Because(err)
	}
	return err
}

// checkOrigins refuses what is no origin: a scheme and a host, and nothing else.
func checkOrigins(origins []string) error {
	for _, o := range origins {
		if Origin(o) != o {
			return fault.InvalidField("origin",
				"An origin looks like https://app.example.com; without TLS only this machine's own names.")
		}
	}
	return nil
}

// ListApps lists the apps, the first made first.
func ListApps(ctx context.Context, db *postgres.DB) (list []Listed, err error) {
	err = db.AsBilling(ctx, postgres.Work{}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select a.app_id, a.name, a.mode, a.origins, a.created_at from tijori_access.app_list() a`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Listed])
		return err
	})
	return list, err
}

// CreateKey makes a key of an app and returns it: this is the only time that it is known. A server key without scopes
// may all that there is.
func CreateKey(
	ctx context.Context, db *postgres.DB, app Listed, kind, name string, scopes []string,
) (string, uuid.UUID, error) {
	if name = strings.TrimSpace(name); name == "" || utf8.RuneCountInString(name) > 120 || !plain(name) {
		return "", uuid.Nil, errName
	}
	word := "sk"
	switch {
	case kind == PublishableKey && len(scopes) > 0:
		return "", uuid.Nil, fault.InvalidField("scopes", "A publishable key reads what is sold, and has no scopes.")
	case kind == PublishableKey:
		word, scopes = "pk", []string{}
	case kind != ServerKey:
		return "", uuid.Nil, fault.InvalidField("kind", "A key is server or publishable.")
	case len(scopes) == 0:
		scopes = Scopes()
	}
	for _, scope := range scopes {
		if !slices.Contains(Scopes(), scope) {
			return "", uuid.Nil, fault.InvalidField("scopes", "There is no such scope.")
		}
	}
	prefix := "tj_" + app.Mode + "_" + word + "_"
	key, err := secret(prefix)
	if err != nil {
		return "", uuid.Nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return "", uuid.Nil, err
	}
	hash := Hash(key)
	err = db.AsBilling(ctx, postgres.Work{App: app.ID}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.make_app_key($1, $2, $3, $4, $5, $6)`, id, kind, hash[:], name,
			scopes, key[:len(prefix)+4])
		return err
	})
	return key, id, noApp(err)
}

// ListKeys lists the keys of an app, the newest first.
func ListKeys(ctx context.Context, db *postgres.DB, app string) (list []Key, err error) {
	err = db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select id, kind, name, scopes, hint, created_at, used_at, revoked_at from app_keys
			 where app_id = $1 order by created_at desc, id`, app)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (k Key, err error) {
			var used, revoked *time.Time
			err = row.Scan(&k.ID, &k.Kind, &k.Name, &k.Scopes, &k.Hint, &k.CreatedAt, &used, &revoked)
			if used != nil {
				k.UsedAt = *used
			}
			if revoked != nil {
				k.RevokedAt = *revoked
			}
			return k, err
		})
		return err
	})
	return list, err
}

// RevokeKey ends a key of an app at once. NotFound for what is none of its keys.
func RevokeKey(ctx context.Context, db *postgres.DB, app string, id uuid.UUID) error {
	return noApp(db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_access.revoke_app_key($1)`, id)
		return err
	}))
}

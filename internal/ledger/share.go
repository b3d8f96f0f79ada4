package ledger

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/term"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/postgres"
)

// ShareLife is how long a link lives when nobody says otherwise.
const ShareLife = term.SharedLink

// ShareLives are the lives to choose from, in days.
var ShareLives = []int{7, 30, 90}

// A Share is a link to a party's statement of some days.
type Share struct {
	ID        uuid.UUID
	PartyID   uuid.UUID
	Range     Range // From may be open
	ByName    string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt *time.Time
}

const shareColumns = `id, party_id, from_date, to_date, created_by_name, created_at, expires_at, revoked_at`

func (s *Share) scan(row pgx.Row) error {
	var from *time.Time
	err := row.Scan(&s.ID, &s.PartyID, &from, &s.Range.To, &s.ByName, &s.CreatedAt, &s.ExpiresAt, &s.RevokedAt)
	if from != nil {
		s.Range.From = *from
	}
	return err
}

// NewShareToken returns the secret of a link: 128 random bits.
func NewShareToken() string {
	var bits [16]byte
	rand.Read(bits[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(bits[:])
}

// ShareIDOf is the id of the link that goes along with a form which has an id of its own, so that a repeat of the form
// is the same link. Another token is another link.
func ShareIDOf(form uuid.UUID, token string) uuid.UUID { return uuid.NewSHA1(form, []byte(token)) }

// IsShareToken reports whether a text is the secret of a link, by its form.
func IsShareToken(token string) bool {
	_, ok := shareHash(token)
	return ok
}

// shareHash is what the table keeps of a token. Its bits are random, so a plain
// hash tells nothing. What is no token has no hash.
func shareHash(token string) ([]byte, bool) {
	if bits, err := base64.RawURLEncoding.Strict().DecodeString(token); err != nil || len(bits) != 16 {
		return nil, false
	}
	h := sha256.Sum256([]byte(token))
	return h[:], true
}

// figures adds up what a statement says, so that another one can be told from it.
type figures struct{ h hash.Hash }

func newFigures(opening int64) figures {
	f := figures{sha256.New()}
	f.part(strconv.FormatInt(opening, 10))
	return f
}

func (f figures) part(s string) {
	f.h.Write([]byte(strconv.Itoa(len(s)) + ":" + s))
}

func (f figures) line(e EntryFields) {
	f.part(string(e.Side))
	f.part(strconv.FormatInt(e.AmountMinor, 10))
	f.part(e.Date.Format(time.DateOnly))
	f.part(e.Note)
}

// AddShare makes a link to the statement of a living party up to a day, under an
// id and a token that the form carries, so that a repeat is the same link. The token is not kept.
// Requires RunsKhata.
func AddShare(ctx context.Context, tx *postgres.Tx, id, party uuid.UUID, token string, r Range,
	life time.Duration,
) (Share, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Share{}, err
	}
	hash, ok := shareHash(token)
	if !ok || id == uuid.Nil {
		return Share{}, errNoID
	}
	if r.To.IsZero() {
		return Share{}, fault.InvalidField("to", "Choose the last day.")
	}
	r, err := r.Clean()
	if err != nil {
		return Share{}, err
	}
	if life <= 0 || life > 366*24*time.Hour {
		return Share{}, fault.InvalidField("days", "Choose how long the link lives.")
	}
	var sum figures
	_, err = WriteStatement(ctx, tx, party, r, func(s Statement) error {
		sum = newFigures(s.Opening)
		return nil
	}, func(l Line) error { sum.line(l.EntryFields); return nil })
	if err != nil {
		return Share{}, err
	}
	var s Share
	err = s.scan(tx.QueryRow(ctx, `
		insert into tijori.shares (account_id, business_id, id, party_id, token_hash, from_date, to_date, digest,
		    created_by, created_by_name, expires_at)
		select $1, $2, $3, $4, $5, $6, $7, $8, w.user_id, w.name, now() + $9 * interval '1 second'
		    from tijori_access.whoami() w
		on conflict (account_id, business_id, id) do nothing
		returning `+shareColumns,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, party, hash, orNull(r.From), r.To,
		sum.h.Sum(nil), int64(life/time.Second)))
	if !errors.Is(err, pgx.ErrNoRows) {
		if err != nil {
			return Share{}, fmt.Errorf("share the statement of party %s: %w", party, err)
		}
		return s, nil
	}
	err = s.scan(tx.QueryRow(ctx, `select `+shareColumns+` from tijori.shares where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id))
	if errors.Is(err, pgx.ErrNoRows) || err == nil && (s.PartyID != party || !s.Range.From.Equal(r.From) ||
		!s.Range.To.Equal(r.To)) {
		return Share{}, errUsedID
	}
	if err != nil {
		return Share{}, fmt.Errorf("repeat sharing %s: %w", id, err)
	}
	return s, nil
}

// QueueShares puts the living links of a party into a batch of postgres.Read and
// fills list, the newest first; at most PageSize. Nothing for accountants and counters.
func QueueShares(s postgres.Scope, b *pgx.Batch, party uuid.UUID, list *[]Share) {
	*list = nil
	b.Queue(`
		select `+shareColumns+` from tijori.shares
		where account_id = $1 and business_id = $2 and party_id = $3 and revoked_at is null and expires_at > now()
		order by created_at desc, id desc limit $4`, s.AccountID, s.BusinessID, party, PageSize).Query(func(rows pgx.Rows) (err error) {
		*list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (x Share,
			err error,
		) {
			err = x.scan(row)
			return x, err
		})
		return err
	})
}

// RevokeShare ends a link of a party at once; twice is the same as once. Requires RunsKhata.
func RevokeShare(ctx context.Context, tx *postgres.Tx, id, party uuid.UUID) error {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `
		update tijori.shares set revoked_at = now()
		where account_id = $1 and business_id = $2 and id = $3 and party_id = $4`, tx.Scope.AccountID, tx.Scope.BusinessID, id, party)
	if err != nil {
		return fmt.Errorf("revoke share %s: %w", id, err)
	}
	if tag.RowsAffected() == 0 {
		return fault.New(fault.NotFound, "Page not found.")
	}
	return nil
}

// A Shared is what stands above and below the lines of a shared statement.
type Shared struct {
	Business, Currency, TimeZone string
	Party                        string
	Kind                         Kind
	Range                        Range
	SharedAt, ExpiresAt          time.Time
	Payee                        Payee // zero when the business takes no UPI
	// after the last day the party has not paid more than it took: the closing balance is still owed
	Payable                  bool
	Opening                  int64
	Given, Received, Closing int64
	Count                    int   // of all its entries
	Brought                  int64 // the balance before the lines that were asked for
	Changed                  bool  // other figures than when it was shared
}

// A SharedLine is an entry of a shared statement.
type SharedLine struct {
	Line
	Changed bool // added or changed since it was shared
}

var errNoShare = fault.New(fault.NotFound, "Page not found.")

// ReadShared reads the statement that a token opens, and of its entries in order so many after those that are skipped.
// An unknown, expired or revoked token is the same NotFound fault, as is that of a party in the bin. It reads in a
// transaction that knows no user: the token alone opens it, by one function of the database.
func ReadShared(ctx context.Context, asNobody func(func(pgx.Tx) error) error, token string, skip, most int,
) (s Shared, lines []SharedLine, err error) {
	hash, ok := shareHash(token)
	if !ok {
		return Shared{}, nil, errNoShare
	}
	err = asNobody(func(tx pgx.Tx) error {
		var frozen freeze.Part // of the account, which nobody else knows
		if err := tx.QueryRow(ctx, postgres.FrozenShareSQL, hash).Scan(&frozen); err != nil {
			return err
		}
		if err := postgres.CheckFrozen(ctx, frozen); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			select business_name, currency, time_zone, party_name, kind, from_date, to_date, shared_at, expires_at,
			    upi_id, payee_name, payable, opening, given, received, lines, brought,
			    changed, side, amount_minor, business_date, note, is_opening, balance
			from tijori_khata.shared_page($1, $2, $3)`, hash, skip, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		lines, err = s.read(rows)
		return err
	})
	if err != nil {
		return Shared{}, nil, fmt.Errorf("read a shared statement: %w", err)
	}
	return s, lines, nil
}

// read reads the head of a shared statement, and then its lines.
func (s *Shared) read(rows pgx.Rows) (lines []SharedLine, err error) {
	found := false
	for rows.Next() {
		var head struct {
			business, currency, zone, party, kind, upi, payee *string
			from, to, shared, expires                         *time.Time
			payable                                           *bool
			opening, given, received, brought                 *int64
			lines                                             *int
		}
		var changed bool
		var line struct {
			side, note     *string
			minor, balance *int64
			date           *time.Time
			opening        *bool
		}
		if err := rows.Scan(&head.business, &head.currency, &head.zone, &head.party, &head.kind, &head.from, &head.to,
			&head.shared, &head.expires, &head.upi, &head.payee, &head.payable, &head.opening, &head.given,
			&head.received, &head.lines, &head.brought,
			&changed, &line.side, &line.minor, &line.date, &line.note, &line.opening, &line.balance); err != nil {
			return nil, err
		}
		if line.side != nil {
			lines = append(lines, SharedLine{
				Line{
					EntryFields: EntryFields{
						Side: Side(*line.side), AmountMinor: *line.minor, Date: *line.date, Note: *line.note,
						Opening: *line.opening,
					},
					Balance: *line.balance,
				},
				changed,
			})
			continue
		}
		found = true
		*s = Shared{
			Business: *head.business, Currency: *head.currency, TimeZone: *head.zone, Party: *head.party,
			Kind: Kind(*head.kind), SharedAt: *head.shared, ExpiresAt: *head.expires,
			Payee: Payee{*head.upi, *head.payee}, Payable: *head.payable, Opening: *head.opening, Given: *head.given,
			Received: *head.received, Closing: *head.opening + *head.given - *head.received, Count: *head.lines,
			Brought: *head.brought, Changed: changed,
		}
		s.Range.To = *head.to
		if head.from != nil {
			s.Range.From = *head.from
		}
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if !found {
		return nil, errNoShare
	}
	return lines, nil
}

package insight

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
)

// A Query is what an operator searches by.
type Query struct {
	By    string // "email", "key", "provider" or "id"
	Words string // as it is written down
	id    uuid.UUID
}

// keyHint is how much of an API key is kept, to know it by. Nobody's whole key is written down by a search.
const (
	keyPrefix = "tijori_"
	keyHint   = len(keyPrefix) + 4
)

var (
	providerID  = regexp.MustCompile(`^[A-Za-z]{2,}[A-Za-z0-9]*[_-][A-Za-z0-9_.-]{1,200}$`)
	phoneNumber = regexp.MustCompile(`^\+?[0-9][0-9 ()-]{6,20}$`)
)

// ParseQuery says what somebody searches by. It refuses what finds nothing, with the reason.
func ParseQuery(text string) (Query, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return Query{}, fault.InvalidField("q", "Enter an email address or an ID.")
	case strings.HasPrefix(text, keyPrefix):
		if len(text) < len(keyPrefix)+1 {
			return Query{}, fault.InvalidField("q", "Enter more of the key: its first letters are enough.")
		}
		return Query{By: "key", Words: text[:min(len(text), keyHint)]}, nil
	case strings.Contains(text, "@"):
		if len(text) > 254 || strings.HasPrefix(text, "@") {
			return Query{}, fault.InvalidField("q", "Enter the address from its beginning.")
		}
		return Query{By: "email", Words: strings.ToLower(text)}, nil
	case phoneNumber.MatchString(text):
		return Query{}, fault.InvalidField("q",
			"People here have no phone number: they sign in by email. The numbers of a shop's customers are never searched.")
	}
	if id, err := uuid.Parse(text); err == nil && len(text) == 36 {
		return Query{By: "id", Words: id.String(), id: id}, nil
	}
	if providerID.MatchString(text) {
		return Query{By: "provider", Words: text}, nil
	}
	if plainStart.MatchString(text) {
		return Query{By: "email", Words: strings.ToLower(text)}, nil
	}
	return Query{}, fault.InvalidField("q",
		"This is no email address, no ID of an account, a payment or a provider, and no API key.")
}

// plainStart is the beginning of an address.
var plainStart = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{2,63}$`)

// A Match is an account that a search found.
type Match struct {
	Line
	Matched string // what of it matched
}

// Search lists the accounts that something belongs to, in order of their ids, from after on.
func (s *Service) Search(
	ctx context.Context, who string, work uuid.UUID, q Query, after uuid.UUID, limit int,
) (list []Match, err error) {
	use, err := s.note(ctx, who, work, "search", q.Words, "")
	if err != nil {
		return nil, err
	}
	var from, id *uuid.UUID
	if after != uuid.Nil {
		from = &after
	}
	if q.id != uuid.Nil {
		id = &q.id
	}
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select account_id, name, at, coalesce(plan_id, ''), matched
			from tijori_ops.search_accounts($1, $2, $3, $4, $5, $6)`, use, q.By, q.Words, id, from, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Match, err error) {
			err = row.Scan(&m.Account, &m.Name, &m.At, &m.Plan, &m.Matched)
			return m, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search accounts: %w", err)
	}
	return list, nil
}

// An Account is what is known of one that was opened.
type Account struct {
	ID         uuid.UUID
	Name       string
	Currency   string
	TimeZone   string
	CreatedAt  time.Time
	LeavingAt  time.Time // since when its owner is deleting it
	ErasedAt   time.Time
	Businesses int64
	People     int64
	APIKeys    int64
	Members    []Member
	Credits    []Credit
	Life       []Happening // the newest first
	More       *Cursor     // where the next page of its life begins, nil on the last
}

// A Member is a person of an account.
type Member struct {
	Name, Role string
	Email      string // of owners alone
	Since      time.Time
}

// A Credit is what an account has of a kind of credit.
type Credit struct {
	Meter         string
	Balance, Held int64
}

// A Happening is a line in the life of an account.
type Happening struct {
	At        time.Time
	Kind      string // account, person, plan, payment, invoice, event, credits, review, security, act, look
	What      string
	Detail    string
	Amount    money.Amount // without a currency it is a number of credits, or nothing
	Reference string       // a provider's id, or who did it
}

// A Cursor is a place in the life of an account.
type Cursor struct {
	At   time.Time
	Past int // lines of that time that were seen
}

// LifeLines is how long a page of a life is.
const LifeLines = 60

// AccountOf reads the account that was opened under a use, with a page of its life.
func (s *Service) AccountOf(ctx context.Context, use uuid.UUID, from *Cursor) (*Account, error) {
	a := &Account{}
	var at *time.Time
	past := 0
	if from != nil {
		at, past = &from.At, from.Past
	}
	b := &pgx.Batch{}
	b.Queue(`select account_id, name, currency, time_zone, created_at, leaving_at, erased_at, businesses, people, api_keys
		from tijori_ops.account_facts($1)`, use).QueryRow(func(row pgx.Row) error {
		var leaving, erased *time.Time
		err := row.Scan(&a.ID, &a.Name, &a.Currency, &a.TimeZone, &a.CreatedAt, &leaving, &erased, &a.Businesses,
			&a.People, &a.APIKeys)
		a.LeavingAt, a.ErasedAt = value(leaving), value(erased)
		return err
	})
	b.Queue(`select name, role, email, since from tijori_ops.account_people($1)`, use).
		Query(func(rows pgx.Rows) (err error) {
			a.Members, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Member])
			return err
		})
	b.Queue(`select meter, balance, held from tijori_ops.account_credits($1)`, use).
		Query(func(rows pgx.Rows) (err error) {
			a.Credits, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Credit])
			return err
		})
	b.Queue(`select at, kind, what, detail, coalesce(amount_minor, 0), coalesce(currency, ''), reference
		from tijori_ops.account_life($1, $2, $3, $4)`, use, at, past, LifeLines+1).
		Query(func(rows pgx.Rows) (err error) {
			a.Life, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (h Happening, err error) {
				err = row.Scan(&h.At, &h.Kind, &h.What, &h.Detail, &h.Amount.Minor, &h.Amount.Currency, &h.Reference)
				return h, err
			})
			return err
		})
	err := s.db.AsSupport(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	if len(a.Life) > LifeLines {
		a.Life = a.Life[:LifeLines]
		c := Cursor{At: a.Life[LifeLines-1].At}
		for _, h := range a.Life {
			if h.At.Equal(c.At) {
				c.Past++
			}
		}
		if from != nil && from.At.Equal(c.At) {
			c.Past += from.Past
		}
		a.More = &c
	}
	return a, nil
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

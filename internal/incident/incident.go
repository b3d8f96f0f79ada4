// Package incident is the day a leak is suspected, and the days before: what is frozen meanwhile, who reported what,
// which program was running, who saw which rows, and the evidence of all of it. Everything here is done by an operator,
// and written down with their name.
package incident

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Service works on incidents as the support role.
type Service struct{ db *postgres.DB }

// New returns the service of a database.
func New(db *postgres.DB) *Service { return &Service{db} }

// An Incident is something that is looked into. While one is open, releases wait.
type Incident struct {
	Number   int
	Title    string
	OpenedAt time.Time
	OpenedBy string
	ClosedAt time.Time // zero while it is open
	ClosedBy string
	Outcome  string // what it was, as whoever closed it says
}

// Open reports whether the incident is open.
func (i Incident) Open() bool { return i.ClosedAt.IsZero() }

// A Freeze is one part that was stopped, for one account or for everybody.
type Freeze struct {
	Incident   int
	Part       freeze.Part
	Account    uuid.UUID // zero: everybody
	At         time.Time
	By, Reason string
	ThawedAt   time.Time // zero while it is frozen
	ThawedBy   string
	ThawReason string
}

// An Act is a line of the log.
type Act struct {
	At       time.Time
	Incident int // 0 where it is about none
	Who      string
	What     string // open, close, freeze, thaw, evidence, blast, letters …
	About    string
	Reason   string
}

// reason cleans what somebody gives as a reason, which is never empty.
func reason(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > 1000 {
		return "", fault.InvalidField("reason", "Say why, in up to 1,000 characters.")
	}
	return text, nil
}

// Open opens an incident and returns its number.
func (s *Service) Open(ctx context.Context, who, title string) (number int, err error) {
	title = strings.TrimSpace(title)
	if title == "" || utf8.RuneCountInString(title) > 200 {
		return 0, fault.InvalidField("title", "Say what it is about, in up to 200 characters.")
	}
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_ops.open_incident($1, $2)`, title, who).Scan(&number)
	})
	if err != nil {
		return 0, fmt.Errorf("open an incident: %w", err)
	}
	return number, nil
}

// Close closes an open incident. It is a Conflict while something is frozen in it, and NotFound when it is not open.
func (s *Service) Close(ctx context.Context, who string, number int, outcome string) error {
	outcome, err := reason(outcome)
	if err != nil {
		return err
	}
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `select tijori_ops.close_incident($1, $2, $3)`, number, who, outcome)
		return err
	})
	if fault.Is(err, fault.NotFound) {
		return fault.New(fault.NotFound, "There is no open incident with this number.")
	}
	if err != nil {
		return fmt.Errorf("close incident %d: %w", number, err)
	}
	return nil
}

// List lists all incidents, the newest first.
func (s *Service) List(ctx context.Context) (list []Incident, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select id, title, opened_at, opened_by, coalesce(closed_at, '0001-01-01 00:00:00+00'),
			    coalesce(closed_by, ''), coalesce(outcome, '') from tijori_ops.incidents()`)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Incident])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	return list, nil
}

// Latest returns the newest open incident; NotFound when none is open.
func (s *Service) Latest(ctx context.Context) (Incident, error) {
	list, err := s.List(ctx)
	if err != nil {
		return Incident{}, err
	}
	for _, i := range list {
		if i.Open() {
			return i, nil
		}
	}
	return Incident{}, fault.New(fault.NotFound, "No incident is open.")
}

// AccountOf returns the account of a customer of an app, by the app's own id, for a freeze of that customer alone.
// NotFound for none.
func (s *Service) AccountOf(ctx context.Context, app, customer string) (account uuid.UUID, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_ops.account_of($1, $2)`, app, customer).Scan(&account)
	})
	if fault.Is(err, fault.NotFound) {
		return account, fault.New(fault.NotFound, "This app has no such customer.").Because(err)
	}
	if err != nil {
		return account, fmt.Errorf("look up a customer: %w", err)
	}
	return account, nil
}

// Freeze stops parts for an account or, without one, for everybody. With number 0 it belongs to the newest open
// incident; where none is open, it opens one with the reason as its title. It returns the incident, and the parts that
// worked before.
func (s *Service) Freeze(
	ctx context.Context, who string, number int, parts freeze.Part, account uuid.UUID, why string,
) (in int, stopped freeze.Part, err error) {
	if why, err = reason(why); err != nil {
		return 0, 0, err
	}
	if number == 0 {
		latest, err := s.Latest(ctx)
		switch {
		case fault.Is(err, fault.NotFound):
			if number, err = s.Open(ctx, who, firstRunes(why, 200)); err != nil {
				return 0, 0, err
			}
		case err != nil:
			return 0, 0, err
		default:
			number = latest.Number
		}
	}
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_ops.freeze($1, $2, $3, $4, $5)`, number, int32(parts&freeze.All),
			orNull(account), who, why).Scan(&stopped)
	})
	if fault.Is(err, fault.NotFound) {
		return 0, 0, fault.New(fault.NotFound, "There is no such account, or no open incident with this number.")
	}
	if err != nil {
		return 0, 0, fmt.Errorf("freeze %s: %w", parts, err)
	}
	return number, stopped, nil
}

// Thaw lets parts work again that were stopped for an account or, without one, for everybody. It returns those that
// were.
func (s *Service) Thaw(
	ctx context.Context, who string, parts freeze.Part, account uuid.UUID, why string,
) (thawed freeze.Part, err error) {
	if why, err = reason(why); err != nil {
		return 0, err
	}
	err = s.db.AsOperator(ctx, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_ops.thaw($1, $2, $3, $4)`, int32(parts&freeze.All), orNull(account),
			who, why).Scan(&thawed)
	})
	if err != nil {
		return 0, fmt.Errorf("thaw %s: %w", parts, err)
	}
	return thawed, nil
}

// Freezes lists what is frozen now, and what was thawed since a moment.
func (s *Service) Freezes(ctx context.Context, since time.Time) (list []Freeze, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select incident, part, coalesce(account_id, '00000000-0000-0000-0000-000000000000'), frozen_at, frozen_by,
			    reason, coalesce(thawed_at, '0001-01-01 00:00:00+00'), coalesce(thawed_by, ''),
			    coalesce(thaw_reason, '')
			  from tijori_ops.freezes($1)`, since)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Freeze])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list freezes: %w", err)
	}
	return list, nil
}

// Acts is the log of a span of time, in order.
func (s *Service) Acts(ctx context.Context, from, to time.Time) (list []Act, err error) {
	err = s.db.AsSupport(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select at, coalesce(incident, 0), who, act, about, reason from tijori_ops.incident_acts($1, $2)`, from, to)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Act])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the log of incidents: %w", err)
	}
	return list, nil
}

func orNull(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

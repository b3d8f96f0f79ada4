package platform

import (
	"context"
	"encoding/json"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/text"
)

// MaxCustomer is how many letters an app's own id of a customer has at most.
const MaxCustomer = 255

// customerID is what an app's own id looks like: it stands in paths, logs and providers' records as it is, so that none
// of them may read it in another way.
var customerID = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._:@|~+=-]*$`)

// A State is what a customer has now, as tijori_plans.state_of says it in JSON. The API and the events hand it on as it
// is.
type State = json.RawMessage

// A Profile is what an app says of a customer. Empty is not said, and changes nothing.
type Profile struct {
	Name     string
	Email    string // where the provider writes to; it identifies nobody
	TimeZone string // of the calendar of allowances
}

var (
	errCustomer = fault.InvalidField("customer",
		"A customer's ID is the app's own: up to %d characters, which are letters, digits and . _ : @ | ~ + = -", MaxCustomer).
		Coded("customer_id")
	errName  = fault.InvalidField("name", "Enter a name of up to 120 characters.").Coded("name_length")
	errEmail = fault.InvalidField("email", "This is not an email address.")
	errZone  = fault.InvalidField("time_zone", "There is no such time zone.").Coded("time_zone")
)

// plain reports text that a database column takes and a page shows.
func plain(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, text.Steers)
}

func (p Profile) check() error {
	switch {
	case utf8.RuneCountInString(p.Name) > 120 || !plain(p.Name):
		return errName
	case p.TimeZone != "" && !knownZone(p.TimeZone):
		return errZone
	case p.Email != "":
		a, err := mail.ParseAddress(p.Email)
		if err != nil || a.Address != p.Email || len(p.Email) > 254 || !plain(p.Email) {
			return errEmail
		}
	}
	return nil
}

func knownZone(name string) bool {
	if len(name) > 60 || name == "Local" {
		return false
	}
	_, err := time.LoadLocation(name)
	return err == nil
}

// PutCustomer makes the customer whom the holder names, or changes what is said of it, and returns its state. It is one
// statement: two that come at once make one customer. A new one can spend what its plan brings at once.
func (s *Service) PutCustomer(ctx context.Context, h postgres.Holder, p Profile) (_ State, created bool, err error) {
	if len(h.Customer) > MaxCustomer || !customerID.MatchString(h.Customer) {
		return nil, false, errCustomer
	}
	if err := p.check(); err != nil {
		return nil, false, err
	}
	app, err := s.appOf(ctx, h, WriteCustomers)
	if err != nil {
		return nil, false, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, false, err
	}
	var state State
	var account uuid.UUID
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select p.created, p.account, p.state from tijori_plans.put_customer($1, $2, $3, $4) p`,
			id, null(p.Name), null(p.Email), null(p.TimeZone)).
			QueryRow(func(row pgx.Row) error { return row.Scan(&created, &account, &state) })
	})
	if err != nil {
		return nil, false, told(err)
	}
	if !created {
		return state, false, nil
	}
	if err := app.Credits.Begin(ctx, account); err != nil {
		return nil, true, fmt.Errorf("the first allowance: %w", err)
	}
	state, err = s.Customer(ctx, h)
	return state, true, err
}

func null(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// Customer returns the state of the customer whom the holder names. NotFound for one that the app does not have.
func (s *Service) Customer(ctx context.Context, h postgres.Holder) (state State, err error) {
	app, err := s.appOf(ctx, h, ReadCustomers)
	if err != nil {
		return nil, err
	}
	err = s.db.ReadHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_plans.customer_state()`).QueryRow(func(row pgx.Row) error { return row.Scan(&state) })
	})
	return state, told(err)
}

// Sold returns what the app of a key sells; any key or token may ask.
func (s *Service) Sold(ctx context.Context, h postgres.Holder) (*App, error) {
	h.Customer = ""
	id, err := s.db.TryHolder(ctx, h, readPlans)
	if err != nil {
		return nil, told(err)
	}
	if a := s.apps[id]; a != nil {
		return a, nil
	}
	return nil, errNoPlans
}

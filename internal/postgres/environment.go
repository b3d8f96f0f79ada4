package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/clock"
)

// A Mode says whose money the payments of a database move.
type Mode string

// The modes.
const (
	Simulated Mode = "simulated" // nobody's: the program plays the providers
	Test      Mode = "test"      // nobody's: the providers' own test mode
	Live      Mode = "live"      // real money
)

func (m Mode) keys() string {
	if m == Simulated {
		return "no payment keys are set"
	}
	return "the payment keys are " + string(m) + " ones"
}

// Risks are the names by which an operator takes a risk that is refused otherwise.
func Risks() []string {
	out := []string{OtherAccount}
	modes := []Mode{Simulated, Test, Live}
	for _, from := range modes {
		for _, to := range modes {
			if from != to {
				out = append(out, changeOf(from, to))
			}
		}
	}
	return out
}

// OtherAccount is the risk of going on with another account at a payment provider.
const OtherAccount = "other-account"

func changeOf(from, to Mode) string { return string(from) + "-to-" + string(to) }

// An Environment is what a database belongs to: a mode, and at each connection the account at the provider.
type Environment struct {
	App      string // whose connections these are; "" is the khata's
	Mode     Mode
	Accounts map[string]string // by connection id; "" where the provider's name for the account is not known
	Permit   []string          // risks that the operator takes
}

func (e Environment) permits(risk string) bool { return slices.Contains(e.Permit, risk) }

// check returns a SetupError when e is not what a connection has recorded.
func (e Environment) check(connection string, mode *Mode, account *string) error {
	if mode != nil && *mode != e.Mode && !e.permits(changeOf(*mode, e.Mode)) {
		return &SetupError{
			Problem: fmt.Sprintf("this database holds %s payments, and %s", *mode, e.Mode.keys()),
			Hint: fmt.Sprintf("use another database (DATABASE_URL, or TIJORI_DATA), or other keys; --permit %s mixes both, for good",
				changeOf(*mode, e.Mode)),
		}
	}
	now := e.Accounts[connection]
	if account != nil && now != "" && *account != now && !e.permits(OtherAccount) && (mode == nil || *mode == e.Mode) {
		return &SetupError{
			Problem: fmt.Sprintf("this database belongs to the %s account %s, and the keys are of %s",
				connection, *account, now),
			Hint: "use that account's keys or another database; --permit " + OtherAccount +
				" leaves what the old account knows behind",
		}
	}
	return nil
}

// SetEnvironment records, as the database's owner, what the database belongs to, at the first start with each
// connection. Later it returns a SetupError where e differs and no risk is taken. It sets c to the offset
// that the service clock has there: a simulated database keeps it over a restart, others have none.
func SetEnvironment(ctx context.Context, config Config, e Environment, c *clock.Clock) error {
	var seconds int64
	err := config.asOwner(ctx, func(tx pgx.Tx) error {
		if err := config.become(ctx, tx, roleGuard); err != nil { // whom the policies of connections let in
			return err
		}
		rows, err := tx.Query(ctx,
			`select connection_id, mode, provider_account from tijori.connections where app_id = $1
				order by connection_id for update`, cmp.Or(e.App, "khata"))
		if err != nil {
			return err
		}
		type recorded struct {
			Connection string
			Mode       *Mode
			Account    *string
		}
		list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[recorded])
		if err != nil {
			return err
		}
		for _, r := range list {
			if err := e.check(r.Connection, r.Mode, r.Account); err != nil {
				return err
			}
		}
		for _, r := range list {
			account, ours := e.Accounts[r.Connection]
			if r.Mode == nil && !ours {
				continue // never used: the first start with its keys records it
			}
			if account == "" && r.Mode != nil && *r.Mode == e.Mode && r.Account != nil {
				account = *r.Account
			}
			if _, err := tx.Exec(ctx,
				`update tijori.connections set mode = $2, provider_account = nullif($3, '')
					where connection_id = $1`, r.Connection, e.Mode, account); err != nil {
				return err
			}
		}
		if e.App != "" {
			return nil
		}
		if err := config.become(ctx, tx, roleOwner); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `
			update tijori.service_clock set simulated = $1, offset_seconds = case when $1 then offset_seconds else 0 end
			returning offset_seconds`, e.Mode == Simulated).Scan(&seconds)
	})
	if setup, ok := errors.AsType[*SetupError](err); ok {
		return setup
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.ConstraintName == "service_clock_demonstration_check" {
		return &SetupError{
			Problem: "the demonstration account is in this database, and its password is known to everybody",
			Hint:    "start without payment keys, delete that account and its people, and wait until they are erased; or use another database",
		}
	}
	if err != nil {
		return &SetupError{Problem: "cannot record whose payments the database holds", Err: err}
	}
	if e.App == "" {
		c.SetOffset(time.Duration(seconds) * time.Second)
	}
	return nil
}

// CheckEnvironment compares e with what the database has recorded, as the billing role. A database that has recorded
// nothing belongs to nobody yet, which is an error too.
func (db *DB) CheckEnvironment(ctx context.Context, w Work, e Environment) error {
	known := false
	err := db.AsBilling(ctx, w, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select connection_id, mode, provider_account from tijori.connections`)
		if err != nil {
			return err
		}
		var connection string
		var mode *Mode
		var account *string
		_, err = pgx.ForEachRow(rows, []any{&connection, &mode, &account}, func() error {
			known = known || mode != nil
			return e.check(connection, mode, account)
		})
		return err
	})
	if setup, ok := errors.AsType[*SetupError](err); ok {
		return setup
	}
	if err != nil {
		return fmt.Errorf("read whose payments the database holds: %w", err)
	}
	if !known {
		return &SetupError{
			Problem: "the database does not know yet whose payments it holds",
			Hint:    "start one node without --no-migrate and with the same payment keys",
		}
	}
	return nil
}

package account

import (
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A Person is what the frame of a page shows of who is asking.
type Person struct {
	UserID              uuid.UUID
	Name, Email, Locale string
	SeenAt              time.Time // when the session was last slid
	AccountID           uuid.UUID // zero when the user is no member of a whole account and no business was named
	AccountName         string
	AccountCurrency     string
	Plan                string    // id of the account's plan now in force, "" without an account
	Role                string    // "" without an account
	EraseAt             time.Time // when the account is erased, zero unless it leaves
	Business            *Business // nil without one
	Businesses          []BusinessRef
}

// A Business is the one that a request is about.
type Business struct {
	ID                       uuid.UUID
	Name, Currency, TimeZone string
}

// A BusinessRef is one of the businesses that a user belongs to, over all accounts.
type BusinessRef struct {
	AccountID            uuid.UUID
	AccountName          string
	BusinessID           uuid.UUID
	Name, Currency, Role string
	TimeZone             string
}

// QueuePerson queues the read of p. It is for batches of postgres.Read, as the caller.
func QueuePerson(b *pgx.Batch, p *Person) {
	b.Queue(`
		select user_id, name, email, locale, seen_at, account_id, account_name, account_currency, plan, role,
		       business_id, business_name, business_currency, business_time_zone, erase_at
		  from tijori_access.whoami()`).QueryRow(p.scan)
	b.Queue(`select account_id, account_name, business_id, business_name, currency, role, time_zone
		from tijori_access.my_businesses() order by business_name, business_id`).
		Query(func(rows pgx.Rows) (err error) {
			p.Businesses, err = pgx.CollectRows(rows, pgx.RowToStructByPos[BusinessRef])
			return err
		})
}

func (p *Person) scan(row pgx.Row) error {
	var account, business *uuid.UUID
	var b Business
	var eraseAt *time.Time
	err := row.Scan(&p.UserID, &p.Name, &p.Email, &p.Locale, &p.SeenAt, &account, &p.AccountName, &p.AccountCurrency,
		&p.Plan, &p.Role,
		&business, &b.Name, &b.Currency, &b.TimeZone, &eraseAt)
	if err != nil {
		return err
	}
	if account != nil {
		p.AccountID = *account
	}
	if eraseAt != nil {
		p.EraseAt = *eraseAt
	}
	if business != nil {
		b.ID = *business
		p.Business = &b
	}
	return nil
}

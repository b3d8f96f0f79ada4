package credits

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Balance is what an account has of a meter now.
type Balance struct {
	Meter      string
	Name       string
	Available  int64
	Held       int64
	NextAt     time.Time // of the next allowance; zero when none is to come
	NextAmount int64
}

// An Entry is one change of a balance.
type Entry struct {
	Number    int64
	Kind      string // allowance, top_up, promotional, consume, capture, expire, take_back, give_back
	Amount    int64  // signed
	Balance   int64  // the sum up to it; what is held is part of it
	Key       string // the idempotency key of a consume
	Note      string
	Grant     uuid.UUID // of what came and what expired; zero elsewhere
	Hold      uuid.UUID // of a capture; zero elsewhere
	CreatedAt time.Time
}

// MaxPage is how many entries are listed at once.
const MaxPage = 200

func scanBalance(row pgx.CollectableRow) (b Balance, err error) {
	var next *time.Time
	var amount *int64
	err = row.Scan(&b.Meter, &b.Name, &b.Available, &b.Held, &next, &amount)
	b.NextAt, b.NextAmount = value(next).UTC(), value(amount)
	if next == nil {
		b.NextAt = time.Time{}
	}
	return b, err
}

func scanEntry(row pgx.CollectableRow) (e Entry, err error) {
	var key *string
	var grant, hold *uuid.UUID
	err = row.Scan(&e.Number, &e.Kind, &e.Amount, &e.Balance, &key, &e.Note, &grant, &hold, &e.CreatedAt)
	e.Key, e.Grant, e.Hold = value(key), value(grant), value(hold)
	return e, err
}

// Balances lists what the account of an API key has, by meter.
func (s *Service) Balances(ctx context.Context, key [32]byte) (list []Balance, err error) {
	err = s.db.ReadKey(ctx, key, func(b *pgx.Batch) {
		b.Queue(`select c.meter, c.name, c.available, c.held, c.next_at, c.next_amount
			from tijori_credits.my_credits() c`).
			Query(func(rows pgx.Rows) (err error) {
				list, err = pgx.CollectRows(rows, scanBalance)
				return err
			})
	})
	return list, keyFault(err)
}

// Entries lists entries of a meter, the newest first: those before a number, or
// from the newest when before is 0. It returns at most limit (and MaxPage), and
// the number to go on from, 0 at the end.
func (s *Service) Entries(
	ctx context.Context, key [32]byte, meter string, before int64, limit int,
) (list []Entry, next int64, err error) {
	if !s.hasMeter(meter) {
		return nil, 0, fault.InvalidField("meter", "There is no such meter.")
	}
	if limit < 1 || limit > MaxPage {
		limit = MaxPage
	}
	if before == 0 {
		before = math.MaxInt64
	}
	err = s.db.ReadKey(ctx, key, func(b *pgx.Batch) {
		b.Queue(`
			select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
			  from tijori_credits.my_credit_entries($1, $2, $3) e order by e.number desc`, meter, before, limit).
			Query(func(rows pgx.Rows) (err error) {
				list, err = pgx.CollectRows(rows, scanEntry)
				return err
			})
	})
	if err != nil {
		return nil, 0, keyFault(err)
	}
	if len(list) == limit && list[limit-1].Number > 1 {
		next = list[limit-1].Number
	}
	return list, next, nil
}

// EntriesFor is Entries with an app's key, or a customer's token, for the customer whom it names.
func (s *Service) EntriesFor(
	ctx context.Context, h postgres.Holder, meter string, before int64, limit int,
) (list []Entry, next int64, err error) {
	if !s.hasMeter(meter) {
		return nil, 0, fault.InvalidField("meter", "There is no such meter.")
	}
	if limit < 1 || limit > MaxPage {
		limit = MaxPage
	}
	if before == 0 {
		before = math.MaxInt64
	}
	err = s.db.ReadHeld(ctx, s.work.App, h, func(b *pgx.Batch) {
		b.Queue(`
			select e.number, e.kind, e.amount, e.balance, e.key, e.note, e.grant_id, e.hold_id, e.created_at
			  from tijori_credits.customer_entries($1, $2, $3) e order by e.number desc`, meter, before, limit).
			Query(func(rows pgx.Rows) (err error) {
				list, err = pgx.CollectRows(rows, scanEntry)
				return err
			})
	})
	if err != nil {
		return nil, 0, err
	}
	if len(list) == limit && list[limit-1].Number > 1 {
		next = list[limit-1].Number
	}
	return list, next, nil
}

// keyFault puts into words what an API key is refused with.
func keyFault(err error) error {
	switch {
	case fault.Is(err, fault.Unauthorized):
		return errNoKey.Because(err)
	case fault.Is(err, fault.Forbidden):
		return errScope.Because(err)
	case err != nil:
		return fmt.Errorf("read credits: %w", err)
	}
	return nil
}

// QueueBalances reads what the caller's account has, for its owner, in a batch
// (postgres.DB.Read). To others the list is empty.
func QueueBalances(b *pgx.Batch, into *[]Balance) {
	*into = nil
	b.Queue(`
		select c.meter, c.name, c.available, c.held, c.next_at, c.next_amount
		  from tijori_credits.my_credits_left() c`).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, scanBalance)
		return err
	})
}

// A Filter chooses entries of a page.
type Filter struct {
	Meter    string
	Kind     string    // "" is all
	From, To time.Time // zero is without a bound
	Before   int64     // entries before this number; 0 is the newest
	Limit    int
}

// QueueEntries reads entries of the caller's account, the newest first, for its owner.
func QueueEntries(b *pgx.Batch, scope postgres.Scope, f Filter, into *[]Entry) {
	*into = nil
	before := f.Before
	if before == 0 {
		before = math.MaxInt64
	}
	b.Queue(`
		select number, kind, amount, balance, key, note, grant_id, hold_id, created_at from credit_entries
		 where account_id = $1 and meter = $2 and number < $3 and ($4 = '' or kind = $4)
		   and created_at >= coalesce($5::timestamptz, '-infinity') and created_at < coalesce($6::timestamptz,
		       'infinity')
		 order by number desc limit $7`, scope.AccountID, f.Meter, before, f.Kind, null(f.From), null(f.To), f.Limit).
		Query(func(rows pgx.Rows) (err error) {
			*into, err = pgx.CollectRows(rows, scanEntry)
			return err
		})
}

// A Used is how many credits were spent on a day of the account's time zone.
type Used struct {
	Day   time.Time // midnight UTC of that date
	Spent int64
}

// QueueUsed reads what was spent on each of the days from a moment on, in the account's time zone; a day
// without any is missing.
func QueueUsed(b *pgx.Batch, scope postgres.Scope, meter string, from time.Time, into *[]Used) {
	*into = nil
	b.Queue(`
		select (e.created_at at time zone a.time_zone)::date, -sum(e.amount)::bigint
		  from credit_entries e join accounts a on a.account_id = e.account_id
		 where e.account_id = $1 and a.account_id = $1 and e.meter = $2 and e.kind in ('consume', 'capture')
		    and e.created_at >= $3
		 group by 1 order by 1`, scope.AccountID, meter, from).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (u Used, err error) {
			return u, row.Scan(&u.Day, &u.Spent)
		})
		return err
	})
}

package credits

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// A Finding is a balance that does not add up.
type Finding struct {
	AccountID uuid.UUID
	Meter     string
	What      string
	Want, Got int64
}

func (f Finding) String() string {
	return fmt.Sprintf("account %s, meter %s: %s is %d, want %d", f.AccountID, f.Meter, f.What, f.Got, f.Want)
}

// Verify holds every balance against its entries, holds and lots, and returns
// what does not add up: none, when all is as it must be. It reads one snapshot and
// changes nothing.
func (s *Service) Verify(ctx context.Context) ([]Finding, error) {
	var out []Finding
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set transaction isolation level repeatable read, read only"); err != nil {
			return err
		}
		for _, check := range checks {
			rows, err := tx.Query(ctx, check.sql)
			if err != nil {
				return err
			}
			found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f Finding, err error) {
				f.What = check.what
				return f, row.Scan(&f.AccountID, &f.Meter, &f.Want, &f.Got)
			})
			if err != nil {
				return fmt.Errorf("%s: %w", check.what, err)
			}
			out = append(out, found...)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("verify credits: %w", err)
	}
	return out, nil
}

// checks each find balances of which one thing is not what it must be.
var checks = []struct{ what, sql string }{
	{"the balance, against the sum of its entries", `
		select b.account_id, b.meter, coalesce(e.total, 0)::bigint, b.balance from credit_balances b
		  left join (select account_id, meter, sum(amount) as total from credit_entries group by 1, 2) e
		    on e.account_id = b.account_id and e.meter = b.meter
		 where b.balance <> coalesce(e.total, 0)`},
	{"the number of entries", `
		select b.account_id, b.meter, coalesce(e.n, 0), b.entries from credit_balances b
		  left join (select account_id, meter, count(*) as n, max(number) as last from credit_entries group by 1, 2) e
		    on e.account_id = b.account_id and e.meter = b.meter
		 where b.entries <> coalesce(e.n, 0) or b.entries <> coalesce(e.last, 0)`},
	{"the balance that an entry tells, against the sum up to it", `
		select account_id, meter, total::bigint, balance from (
			select account_id, meter, balance,
			    sum(amount) over (partition by account_id, meter order by number) as total
			    from credit_entries) e
		 where balance <> total`},
	{"entries without a balance", `
		select e.account_id, e.meter, 0::bigint, count(*) from credit_entries e
		 where not exists (select from credit_balances b where b.account_id = e.account_id and b.meter = e.meter)
		 group by 1, 2`},
	{"what is held, against the open holds", `
		select b.account_id, b.meter, coalesce(h.total, 0)::bigint, b.held from credit_balances b
		  left join (select account_id, meter,
		      sum(amount) as total from credit_holds where status = 'open' group by 1, 2) h
		    on h.account_id = b.account_id and h.meter = b.meter
		 where b.held <> coalesce(h.total, 0)`},
	{"what is left of the grants, against what can be spent", `
		select b.account_id, b.meter, b.balance - b.held,
		    (b.lot_left + coalesce(l.total, 0))::bigint from credit_balances b
		  left join (select account_id, meter, sum(lot_left) as total from credit_lots group by 1, 2) l
		    on l.account_id = b.account_id and l.meter = b.meter
		 where b.balance - b.held <> b.lot_left + coalesce(l.total, 0)`},
	{"what grants have added, against their entries", `
		select g.account_id, g.meter, sum(g.amount)::bigint, coalesce(sum(e.amount), 0)::bigint from credit_grants g
		  left join credit_entries e on e.account_id = g.account_id and e.meter = g.meter and e.grant_id = g.id
		    and e.amount > 0 and e.kind <> 'give_back'
		 group by 1, 2 having sum(g.amount) <> coalesce(sum(e.amount), 0)`},
	{"what holds have captured, against their entries", `
		select h.account_id, h.meter, sum(h.captured)::bigint, -coalesce(sum(e.amount), 0)::bigint from credit_holds h
		  left join credit_entries e on e.account_id = h.account_id and e.meter = h.meter and e.number = h.entry
		    and e.hold_id = h.id
		 where h.status = 'captured' group by 1, 2 having sum(h.captured) <> -coalesce(sum(e.amount), 0)`},
	{"what was taken back of grants, against their entries", `
		select r.account_id, r.meter, sum(r.taken)::bigint, coalesce(sum(e.total), 0)::bigint from credit_reclaims r
		  left join (select account_id, meter, grant_id, -sum(amount) as total from credit_entries
		              where kind in ('take_back', 'give_back') group by 1, 2, 3) e
		    on e.account_id = r.account_id and e.meter = r.meter and e.grant_id = r.grant_id
		 group by 1, 2 having sum(r.taken) > coalesce(sum(e.total), 0)`},
	{"what can be spent of grants that are to be taken back", `
		select r.account_id, r.meter, 0::bigint, sum(l.lot_left)::bigint from credit_reclaims r
		  join credit_lots l on l.account_id = r.account_id and l.meter = r.meter and l.grant_id = r.grant_id
		 where r.taken < r.total group by 1, 2`},
	{"the parts of a hold, against the hold", `
		select account_id, meter, amount, (select coalesce(sum(x), 0) from unnest(parts) x)::bigint from credit_holds
		 where amount <> (select coalesce(sum(x), 0) from unnest(parts) x)`},
}

// Watch verifies the books and logs every finding as an error: the invariant, held
// by a job of its own. It always returns 0 worked.
func (s *Service) Watch(ctx context.Context) (int, error) {
	findings, err := s.Verify(ctx)
	for _, f := range findings {
		s.log.ErrorContext(ctx, "credits do not add up", "account", f.AccountID, "meter", f.Meter, "what",
			f.What, "want",
			f.Want, "got", f.Got)
	}
	return 0, err
}

package platform

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// What a founder's room shows of an app, for who runs the server. Each reads as the billing role that works for the app.

// A Glance is an app in a few figures.
type Glance struct {
	Listed
	Customers int
	Paying    int
	Failing   int
	Off       int            // endpoints that are turned off, or fail
	Recurring []money.Amount // by the month, in each currency
	Collected []money.Amount // in the last thirty days
}

// A PlanCount is how many customers have a plan that is paid for.
type PlanCount struct {
	Plan, Name string
	Customers  int
}

// An AppCustomer is a customer of an app, with the subscription that says most about it.
type AppCustomer struct {
	ID, Name string
	Plan     string // that is paid for, "" for the default plan
	Status   string // of the subscription, "" for none
	Until    time.Time
	Provider string
}

// A Try is one try of a delivery.
type Try struct {
	At     time.Time
	Took   time.Duration
	Answer int // the status, 0 for none
	Error  string
	Said   string // the beginning of the answer
}

// A Tried is a delivery with its tries, the newest first.
type Tried struct {
	Delivery
	Tries []Try
}

// MostListed is how many customers or deliveries are listed at once.
const MostListed = 50

// Glance returns the figures of an app.
func (s *Service) Glance(ctx context.Context, app Listed) (g Glance, err error) {
	g.Listed = app
	now := s.clock.Now()
	err = s.db.AsBilling(ctx, postgres.Work{App: app.ID}, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`
			select (select count(*) from accounts a where a.app_id = $1),
			       count(distinct s.account_id) filter (where s.access_until > $2),
			       count(distinct s.account_id) filter (where s.status = 'past_due'),
			       (select count(*) from webhook_endpoints w
			         where w.app_id = $1 and (w.state = 'off' or w.failing_since is not null))
			  from subscriptions s where s.app_id = $1 and s.plan_id is not null`, app.ID, now).
			QueryRow(func(row pgx.Row) error { return row.Scan(&g.Customers, &g.Paying, &g.Failing, &g.Off) })
		b.Queue(`
			select sum(case p.period when 'year' then p.amount_minor / 12 else p.amount_minor end)::bigint, p.currency
			  from subscriptions s join prices p on p.connection_id = s.connection_id and p.id = s.price_id
			 where s.app_id = $1 and s.access_until > $2 and s.status in ('active', 'past_due') and p.app_id = $1
			   and not s.cancel_at_period_end and s.ended_at is null
			 group by p.currency order by p.currency`, app.ID, now).Query(amountsInto(&g.Recurring))
		b.Queue(`
			select sum(y.amount_minor)::bigint, y.currency from payments y
				join accounts a on a.account_id = y.account_id
			 where a.app_id = $1 and y.paid_at > $2 group by y.currency order by y.currency`,
			app.ID, now.AddDate(0, 0, -30)).Query(amountsInto(&g.Collected))
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return g, fmt.Errorf("figures of %s: %w", app.ID, err)
	}
	return g, nil
}

func amountsInto(list *[]money.Amount) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (a money.Amount, err error) {
			return a, row.Scan(&a.Minor, &a.Currency)
		})
		return err
	}
}

// PlanCounts counts the customers of each plan that somebody pays, the best plan first.
func (s *Service) PlanCounts(ctx context.Context, app string) (list []PlanCount, err error) {
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select p.id, p.name, count(distinct s.account_id)
			  from plans p
			  left join subscriptions s on s.app_id = p.app_id and s.plan_id = p.id and s.access_until > $2
			 where p.app_id = $1 and not p.is_default group by p.id, p.name, p.rank order by p.rank desc, p.id`,
			app, s.clock.Now())
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[PlanCount])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the plans of %s: %w", app, err)
	}
	return list, nil
}

// Customers lists customers whose own id begins with a text, the newest first; failing ones only where a payment fails.
func (s *Service) Customers(ctx context.Context, app, begins string, failing bool) (list []AppCustomer, err error) {
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select a.external_id, a.name, coalesce(case when s.access_until > $3 then s.plan_id end, ''),
			    coalesce(s.status, ''), case when s.access_until > $3 then s.access_until end, coalesce(s.provider, '')
			  from accounts a
			  left join lateral (
			    select v.plan_id, v.status, v.access_until, v.provider from subscriptions v
			     where v.account_id = a.account_id
			     order by v.status = 'past_due' and $4 desc, v.access_until desc nulls last, v.id limit 1) s on true
			 where a.app_id = $1 and starts_with(a.external_id, $2) and (not $4 or s.status = 'past_due')
			 order by a.created_at desc, a.external_id limit $5`, app, begins, s.clock.Now(), failing, MostListed)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c AppCustomer, err error) {
			var until *time.Time
			err = row.Scan(&c.ID, &c.Name, &c.Plan, &c.Status, &until, &c.Provider)
			c.Until = value(until)
			return c, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list customers of %s: %w", app, err)
	}
	return list, nil
}

// EndpointsOf lists an app's endpoints.
func (s *Service) EndpointsOf(ctx context.Context, app string) (list []Endpoint, err error) {
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select e.id, e.url, e.state, e.reason, e.failing_since, e.created_at,
			       count(*) filter (where d.status = 'waiting'), count(*) filter (where d.status = 'failed')
			  from webhook_endpoints e left join deliveries d on d.app_id = e.app_id and d.endpoint_id = e.id
			 where e.app_id = $1
			 group by e.id, e.url, e.state, e.reason, e.failing_since, e.created_at order by e.created_at, e.id`, app)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Endpoint, err error) {
			var since *time.Time
			err = row.Scan(&e.ID, &e.URL, &e.State, &e.Reason, &since, &e.CreatedAt, &e.Waiting, &e.Failed)
			e.FailingSince = value(since)
			return e, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list endpoints of %s: %w", app, err)
	}
	return list, nil
}

// TriedOf lists what was sent to an endpoint, the newest event first, before a number where it is not 0.
func (s *Service) TriedOf(ctx context.Context, app string, endpoint uuid.UUID, before int64) (list []Tried, err error) {
	if before == 0 {
		before = 1 << 62
	}
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select d.number, e.type, d.status, d.attempts, coalesce(d.answer, 0), d.error,
			    case when d.status = 'waiting' then d.next_at end, d.delivered_at
			  from deliveries d join events e on e.app_id = d.app_id and e.number = d.number
			 where d.app_id = $1 and d.endpoint_id = $2 and d.number < $3 order by d.number desc limit $4`,
			app, endpoint, before, MostListed)
		if err != nil {
			return err
		}
		if list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (t Tried, err error) {
			var next, at *time.Time
			d := &t.Delivery
			err = row.Scan(&d.Number, &d.Type, &d.Status, &d.Attempts, &d.Answer, &d.Error, &next, &at)
			d.NextAt, d.DeliveredAt = value(next), value(at)
			return t, err
		}); err != nil || len(list) == 0 {
			return err
		}
		rows, err = tx.Query(ctx, `
			select t.number, t.at, t.took_ms, coalesce(t.answer, 0), t.error, t.said from delivery_tries t
			 where t.app_id = $1 and t.endpoint_id = $2 and t.number between $3 and $4 order by t.at desc limit 500`,
			app, endpoint, list[len(list)-1].Number, list[0].Number)
		if err != nil {
			return err
		}
		at := map[int64]int{}
		for i, d := range list {
			at[d.Number] = i
		}
		var number int64
		var took int
		var t Try
		_, err = pgx.ForEachRow(rows, []any{&number, &t.At, &took, &t.Answer, &t.Error, &t.Said}, func() error {
			t.Took = time.Duration(took) * time.Millisecond
			if i, ok := at[number]; ok {
				list[i].Tries = append(list[i].Tries, t)
			}
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list deliveries of %s: %w", app, err)
	}
	return list, nil
}

// SendAgain sends events of an app with numbers from first to last to an endpoint once more, a thousand at most, and
// returns how many. NotFound for an endpoint that the app does not have.
func (s *Service) SendAgain(ctx context.Context, app string, endpoint uuid.UUID, first, last int64) (n int, err error) {
	if first < 1 || last < first {
		return 0, fault.InvalidField("number", "This is the number of an event.")
	}
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_plans.send_again_here($1, $2, $3)`, endpoint, first, last).Scan(&n)
	})
	if fault.Is(err, fault.NotFound) {
		return 0, errNoEndpoint.Because(err)
	}
	s.wake()
	return n, err
}

// Founders lists the apps of founders: all but the khata.
func (s *Service) Founders(ctx context.Context) (list []Listed, err error) {
	all, err := ListApps(ctx, s.db)
	for _, a := range all {
		if a.ID != billing.Khata.App {
			list = append(list, a)
		}
	}
	return list, err
}

// Founder is one of them by its id; NotFound when there is none.
func (s *Service) Founder(ctx context.Context, id string) (Listed, error) {
	list, err := s.Founders(ctx)
	if err != nil {
		return Listed{}, err
	}
	for _, a := range list {
		if a.ID == id {
			return a, nil
		}
	}
	return Listed{}, errNoApp
}

// KeysOf lists the keys of an app, the newest first.
func (s *Service) KeysOf(ctx context.Context, app string) ([]Key, error) {
	return ListKeys(ctx, s.db, app)
}

// NewKey makes a key of an app and returns it: this is the only time that it is known.
func (s *Service) NewKey(ctx context.Context, app Listed, kind, name string) (string, error) {
	key, _, err := CreateKey(ctx, s.db, app, kind, name, nil)
	return key, err
}

// EndKey ends a key of an app at once.
func (s *Service) EndKey(ctx context.Context, app string, id uuid.UUID) error {
	return RevokeKey(ctx, s.db, app, id)
}

package billing

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
)

// SyncPlans writes the plan file into the database, where limits are enforced. It
// runs at every start, before anything is served. Subscriptions get the plan that the
// file names for their price. A plan that has left the file while somebody has it
// stays what it was, withdrawn, and a price that the file does not name keeps its
// plan: both are an item of the review queue, so that a person puts them back.
func (s *Service) SyncPlans(ctx context.Context) error {
	now := s.clock.Now()
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		s.queuePlans(b)
		b.Queue(`
			update subscriptions s set plan_id = p.plan_id, period = p.period, changed_at = $2
			  from prices p
			 where s.app_id = $1 and p.app_id = $1 and p.connection_id = s.connection_id and p.id = s.price_id
			   and p.provider || ' ' || p.id = any ($3) and (s.plan_id is distinct from p.plan_id or s.period <> p.period)`,
			s.work.App, now, s.plans.priceKeys())
		if err := tx.SendBatch(ctx, b).Close(); err != nil {
			return fmt.Errorf("write the plans: %w", err)
		}
		if err := s.keepPlans(ctx, tx); err != nil {
			return fmt.Errorf("keep plans that are sold no more: %w", err)
		}
		if err := s.tellUnknownPrices(ctx, tx); err != nil {
			return fmt.Errorf("look for prices that are not in the plan file: %w", err)
		}
		return nil
	})
}

// WritePlans is SyncPlans for an app that no provider is set up for: customers have its default plan.
func WritePlans(ctx context.Context, db *postgres.DB, plans *Plans, now *clock.Clock, log *slog.Logger) error {
	s := &Service{db: db, work: WorkOf(plans.App), plans: plans, clock: now, log: log}
	return s.SyncPlans(ctx)
}

func (s *Service) queuePlans(b *pgx.Batch) {
	for _, m := range s.plans.Meters {
		b.Queue(`
			insert into meters (app_id, id, name, low) values ($1, $2, $3, nullif($4::bigint, 0))
			on conflict (app_id, id) do update set name = excluded.name, low = excluded.low`,
			s.work.App, m.ID, m.Name, m.Low)
	}
	b.Queue(`update plans set is_default = false where app_id = $1 and is_default and id <> $2`, s.work.App,
		s.plans.Default().ID)
	for _, p := range s.plans.List {
		b.Queue(`
			insert into plans (app_id, id, name, rank, is_default, limits, entitlements, credits_per_month, per_seat)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
			on conflict (app_id, id) do update
			    set name = excluded.name, rank = excluded.rank, is_default = excluded.is_default,
			    limits = excluded.limits, entitlements = excluded.entitlements,
			    credits_per_month = excluded.credits_per_month, per_seat = excluded.per_seat`,
			s.work.App, p.ID, p.Name, p.Rank, p.Default, p.limits(),
			append([]string{}, p.Entitlements...), p.CreditsPerMonth, p.PerSeat)
		b.Queue(`delete from allowances where app_id = $1 and plan_id = $2`, s.work.App, p.ID)
		for _, a := range p.Allowances {
			b.Queue(`insert into allowances (app_id, plan_id, meter, amount, every, roll_over)
				values ($1, $2, $3, $4, $5, $6)`,
				s.work.App, p.ID, a.Meter, a.Amount, a.Every, a.RollOver)
		}
		for _, price := range p.Prices {
			b.Queue(`
				insert into prices (app_id, connection_id, provider, id, plan_id, period, currency, amount_minor)
				values ($1, $2, substring($2::text from '[a-z]+$'), $3, $4, $5, $6, $7)
				on conflict (connection_id, id) do update set plan_id = excluded.plan_id, period = excluded.period,
				    currency = excluded.currency, amount_minor = excluded.amount_minor`,
				s.work.App, price.Provider, price.ProviderPrice, price.Plan, price.Interval, price.Amount.Currency,
				price.Amount.Minor)
		}
	}
}

// priceKeys names the prices of the file as the database does, connection first.
func (ps *Plans) priceKeys() []string {
	keys := []string{}
	for key := range ps.byPrice {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// keepPlans adds the plans that the file does not name and that a subscription has, as
// the database remembers them.
func (s *Service) keepPlans(ctx context.Context, tx pgx.Tx) error {
	var known []string
	for _, p := range s.plans.List {
		known = append(known, p.ID)
	}
	rows, err := tx.Query(ctx, `
		select p.id, p.name, p.rank, p.entitlements, p.credits_per_month,
		       coalesce((p.limits -> $3)::int, 0), coalesce((p.limits -> $4)::int, 0)
		  from plans p
		 where p.app_id = $1 and p.id <> all ($2)
		   and exists (select from subscriptions s
		       where s.app_id = p.app_id and s.plan_id = p.id and (s.ended_at is null or s.access_until > $5))
		 order by p.id`, s.work.App, known, LimitParties, LimitMembers, s.clock.Now())
	if err != nil {
		return err
	}
	kept, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Plan, error) {
		p := Plan{Withdrawn: true}
		return p, row.Scan(&p.ID, &p.Name, &p.Rank, &p.Entitlements, &p.CreditsPerMonth, &p.PartiesMax, &p.MembersMax)
	})
	if err != nil {
		return err
	}
	for i := range kept {
		p := &kept[i]
		s.log.WarnContext(ctx,
			"subscriptions have a plan that is not in the plan file; it belongs there with sold = false",
			"plan", p.ID)
		rows, err := tx.Query(ctx,
			`select meter, amount, every, roll_over from allowances where app_id = $1 and plan_id = $2 order by meter`,
			s.work.App, p.ID)
		if err != nil {
			return err
		}
		if p.Allowances, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Allowance]); err != nil {
			return err
		}
	}
	s.plans.keep(kept)
	return nil
}

// keep adds withdrawn plans that are not in the file.
func (ps *Plans) keep(plans []Plan) {
	list := append(slices.Clone(ps.List), plans...)
	slices.SortStableFunc(list, func(a, b Plan) int { return a.Rank - b.Rank })
	ps.List = list
}

// tellUnknownPrices opens an item for each subscription that goes on and pays a price
// that the file does not name.
func (s *Service) tellUnknownPrices(ctx context.Context, tx pgx.Tx) error {
	rows, err := tx.Query(ctx, `
		select s.account_id, s.provider, s.id, s.price_id, coalesce(s.plan_id, '') from subscriptions s
		 where s.app_id = $1 and s.ended_at is null and s.status in ('trialing', 'active', 'past_due', 'paused')
		   and s.provider || ' ' || s.price_id <> all ($2)
		 order by s.provider, s.id`, s.work.App, s.plans.priceKeys())
	if err != nil {
		return err
	}
	var sub Subscription
	var account uuid.UUID
	var provider facts.Provider
	b := &pgx.Batch{}
	_, err = pgx.ForEachRow(rows, []any{&account, &provider, &sub.ID, &sub.PriceID, &sub.PlanID}, func() error {
		saveReview(b, provider, unknownPrice(sub), account, sub.ID, "", s.clock.Now())
		return nil
	})
	if err != nil || b.Len() == 0 {
		return err
	}
	s.log.WarnContext(ctx, "subscriptions pay a price that is not in the plan file; it belongs there with sold = false",
		"subscriptions", b.Len())
	return tx.SendBatch(ctx, b).Close()
}

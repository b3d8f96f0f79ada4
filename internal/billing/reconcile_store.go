package billing

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

const runColumns = `id, provider, account_id, dry_run, asked_by, state, phase, cursor, since, started_at,
	lease_until, finished_at, calls, looked, differ, repaired, queued, failed, note`

func scanRun(row pgx.CollectableRow) (Run, error) {
	var r Run
	var account *uuid.UUID
	var finished *time.Time
	err := row.Scan(&r.ID, &r.Provider, &account, &r.DryRun, &r.AskedBy, &r.State, &r.Phase, &r.Cursor, &r.Since,
		&r.StartedAt, &r.lease, &finished,
		&r.Calls, &r.Looked, &r.Differ, &r.Repaired, &r.Queued, &r.Failed, &r.Note)
	if account != nil {
		r.AccountID = *account
	}
	r.Since, r.FinishedAt = r.Since.UTC(), value(finished)
	if r.Since.Year() < 1971 {
		r.Since = time.Time{}
	}
	return r, err
}

// beginRun takes the lease of a run: of one that broke off, or of a new one.
func (s *Service) beginRun(ctx context.Context, provider facts.Provider, o Reconciliation) (run Run, err error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	whole := o.Account == uuid.Nil && !o.DryRun
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		// One begins at a time; the lock ends with the transaction.
		if _, err := tx.Exec(ctx, `select tijori_plans.lock_connection($1)`, provider); err != nil {
			return err
		}
		last, err := lastRun(ctx, tx, provider)
		if err != nil {
			return err
		}
		if whole && last != nil && last.State == "running" && last.lease.After(now) {
			return errReconciling
		}
		if whole && last != nil && last.resumable(now) {
			run = *last
			run.State, run.lease, run.FinishedAt, run.Failed = "running", now.Add(reconcileLease), time.Time{}, 0
			_, err = tx.Exec(ctx,
				`update reconcile_runs set state = 'running', lease_until = $2, finished_at = null, failed = 0
					where id = $1`,
				run.ID, run.lease)
			return err
		}
		if whole && last != nil && last.State == "running" { // too old to resume
			if _, err := tx.Exec(ctx,
				`
					update reconcile_runs set state = 'partial', finished_at = $2, note = 'it broke off' where id = $1`,
				last.ID,
				now); err != nil {
				return err
			}
		}
		run = Run{
			Provider: provider, AccountID: o.Account, DryRun: o.DryRun, AskedBy: o.Who, State: "running",
			Phase: phases[0].name, StartedAt: now, lease: now.Add(reconcileLease),
		}
		if run.ID, err = uuid.NewV7(); err != nil {
			return err
		}
		if o.Account == uuid.Nil {
			if run.Since, err = sinceComplete(ctx, tx, provider); err != nil {
				return err
			}
		}
		var account *uuid.UUID
		if o.Account != uuid.Nil {
			account = &o.Account
		}
		_, err = tx.Exec(ctx, `
			insert into reconcile_runs (id, connection_id, provider, account_id, dry_run, asked_by, state, phase, since,
			    started_at, lease_until)
			values ($1, $2, substring($2::text from '[a-z]+$'), $3, $4, $5, 'running', $6, $7, $8, $9)`,
			run.ID, provider, account, o.DryRun, o.Who, run.Phase, epoch(run.Since), now, run.lease)
		return err
	})
	return run, err
}

// epoch writes "from the beginning" as a time that the column can hold.
func epoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// resumable reports whether a run stopped on its way and may be resumed.
func (r Run) resumable(now time.Time) bool {
	return r.State != "complete" && r.Phase != phaseDone && now.Sub(r.StartedAt) < reconcileResume
}

// lastRun returns the newest whole run of a provider, or nil when there is none.
func lastRun(ctx context.Context, tx pgx.Tx, provider facts.Provider) (*Run, error) {
	rows, err := tx.Query(ctx, `
		select `+runColumns+` from reconcile_runs
		 where connection_id = $1 and account_id is null and not dry_run order by started_at desc limit 1`, provider)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, scanRun)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return &list[0], nil
}

// sinceComplete is from when payments are looked at: some days before the last
// run that saw everything, or the zero time when none has. By the service clock.
func sinceComplete(ctx context.Context, tx pgx.Tx, provider facts.Provider) (time.Time, error) {
	var t *time.Time
	err := tx.QueryRow(ctx, `
		select max(started_at) from reconcile_runs
		    where connection_id = $1 and account_id is null and not dry_run and state = 'complete'`, provider).Scan(&t)
	if err != nil || t == nil {
		return time.Time{}, err
	}
	return t.UTC().Add(-reconcileSlack), nil
}

// reconcileIsDue reports whether a whole run should begin, or go on.
func (s *Service) reconcileIsDue(ctx context.Context, provider facts.Provider) (due bool, err error) {
	now := time.Now()
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		last, err := lastRun(ctx, tx, provider)
		switch {
		case err != nil:
		case last == nil:
			due = true
		case last.State == "running":
			due = !last.lease.After(now)
		case last.State == "partial":
			due = now.Sub(last.FinishedAt) >= reconcileAgain
		default:
			due = now.Sub(last.StartedAt) >= reconcileEvery
		}
		return err
	})
	return due, err
}

var errLeaseLost = errors.New("another node has taken the comparison over")

// saveRun writes how far a run has come and renews its lease.
func (s *Service) saveRun(ctx context.Context, r *Run) error {
	next := time.Now().UTC().Truncate(time.Microsecond).Add(reconcileLease)
	return s.writeRun(ctx, r, next, `
		update reconcile_runs set phase = $3, cursor = $4, calls = $5, looked = $6,
		    differ = $7, repaired = $8, queued = $9,
		    failed = $10, lease_until = $11
		 where id = $1 and lease_until = $2 and state = 'running'`)
}

// endRun writes how a run ended, and forgets which subscriptions it has met.
func (s *Service) endRun(ctx context.Context, r *Run) error {
	err := s.writeRun(ctx, r, r.lease, `
		update reconcile_runs set phase = $3, cursor = $4, calls = $5, looked = $6,
		    differ = $7, repaired = $8, queued = $9,
		    failed = $10, lease_until = $11,
		       state = $12, finished_at = $13, note = $14
		 where id = $1 and lease_until = $2 and state = 'running'`, r.State, r.FinishedAt, r.Note)
	if err != nil || r.resumable(time.Now()) {
		return err
	}
	return s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `delete from reconcile_seen where run_id = $1`, r.ID)
		return err
	})
}

func (s *Service) writeRun(ctx context.Context, r *Run, lease time.Time, sql string, more ...any) error {
	args := append([]any{
		r.ID, r.lease, r.Phase, r.Cursor, r.Calls, r.Looked, r.Differ, r.Repaired, r.Queued, r.Failed,
		lease,
	}, more...)
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, sql, args...)
		if err == nil && tag.RowsAffected() == 0 {
			err = errLeaseLost
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("write the run: %w", err)
	}
	r.lease = lease
	return nil
}

func (s *Service) saveFinding(ctx context.Context, f Finding) error {
	var account *uuid.UUID
	if f.AccountID != uuid.Nil {
		account = &f.AccountID
	}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into reconcile_findings (connection_id, run_id, subscription_id, class, account_id, outcome,
			    detail, found_at)
			select r.connection_id, r.id, $2, $3, $4, $5, $6, $7 from reconcile_runs r where r.id = $1
			on conflict (connection_id, run_id, subscription_id, class) do update
			    set outcome = excluded.outcome, detail = excluded.detail, found_at = excluded.found_at`,
			f.RunID, f.Subscription, f.Class, account, f.Outcome, f.Detail, f.FoundAt)
		return err
	})
	if err != nil {
		return fmt.Errorf("write a finding: %w", err)
	}
	return nil
}

// heldByID returns what we hold of a provider's subscriptions. One that we do
// not hold comes back empty but for its provider, its id and, where it is
// known, its account.
func (s *Service) heldByID(
	ctx context.Context, provider facts.Provider, ids []string,
) (map[string]Subscription, error) {
	out := make(map[string]Subscription, len(ids))
	for _, id := range ids {
		out[id] = Subscription{Provider: provider, ID: id}
	}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx,
			`
				select provider_id, account_id from provider_directory
				    where connection_id = $1 and kind = 'subscription' and provider_id = any ($2)`, provider, ids)
		if err != nil {
			return err
		}
		var accounts []uuid.UUID
		var owned []string
		var id string
		var account uuid.UUID
		if _, err := pgx.ForEachRow(rows, []any{&id, &account}, func() error {
			accounts, owned = append(accounts, account), append(owned, id)
			out[id] = Subscription{Provider: provider, ID: id, AccountID: account}
			return nil
		}); err != nil {
			return err
		}
		rows, err = tx.Query(ctx, `
			select `+subscriptionColumns+`
			  from unnest($2::uuid[], $3::text[]) o(account_id, id)
			  join subscriptions s on s.account_id = o.account_id and s.connection_id = $1 and s.id = o.id`, provider,
			accounts,
			owned)
		if err != nil {
			return err
		}
		list, err := pgx.CollectRows(rows, scanSubscription)
		for _, sub := range list {
			out[sub.ID] = sub
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up what we hold: %w", err)
	}
	return out, nil
}

func (s *Service) markSeen(ctx context.Context, run uuid.UUID, ids []string) error {
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `
			insert into reconcile_seen (connection_id, run_id, subscription_id)
			select r.connection_id, r.id, unnest($2::text[]) from reconcile_runs r where r.id = $1 on conflict do nothing`, run,
			ids)
		return err
	})
	if err != nil {
		return fmt.Errorf("note what was seen: %w", err)
	}
	return nil
}

// unseen lists subscriptions of ours that a run has not met at the provider,
// in the order of the cursor "account id".
func (s *Service) unseen(
	ctx context.Context, r *Run, account uuid.UUID, cursor string,
) (list []Subscription, err error) {
	var after uuid.UUID
	var id string
	if cursor != "" {
		if after, err = uuid.Parse(cursor[:min(36, len(cursor))]); err != nil {
			return nil, fmt.Errorf("the cursor %q is damaged: %w", cursor, err)
		}
		id = cursor[min(37, len(cursor)):]
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select `+subscriptionColumns+`
			  from subscriptions s
			 where s.connection_id = $1 and (s.account_id, s.id) > ($2, $3)
			     and ($4 = '00000000-0000-0000-0000-000000000000'::uuid or s.account_id = $4)
			   and not exists (select 1 from reconcile_seen x where x.run_id = $5 and x.subscription_id = s.id)
			 order by s.account_id, s.id limit 100`, r.Provider, after, id, account, r.ID)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanSubscription)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list our subscriptions: %w", err)
	}
	return list, nil
}

func (s *Service) openReview(
	ctx context.Context, provider facts.Provider, r Review, account uuid.UUID, subscription string,
) error {
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		saveReview(b, provider, r, account, subscription, "", s.clock.Now())
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("open a review item: %w", err)
	}
	return nil
}

// lacking says which of the provider's payments and refunds our books do not
// have, by the id of their event.
func (s *Service) lacking(ctx context.Context, provider facts.Provider, list []*facts.Event) (map[string]bool, error) {
	out := map[string]bool{}
	var paid, back []string
	for _, ev := range list {
		switch {
		case ev.Refund != nil || ev.Dispute != nil:
			for _, r := range Objections(ev) {
				out[ev.ID] = true
				back = append(back, r.Key)
			}
		case ev.Payment.Paid && (ev.Payment.Amount.Minor > 0 ||
			ev.Invoice != nil): // an invoice of nothing pays for time, too
			out[ev.ID] = true
			paid = append(paid, ev.Payment.ID)
		}
	}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		known, err := texts(ctx, tx, `
			select id from payments where connection_id = $1 and id = any ($2)
			union all
			select id from invoices where connection_id = $1 and id = any ($2) and status = 'paid' and amount_minor = 0`, provider,
			paid)
		if err != nil {
			return err
		}
		// A refund that has grown to the whole is another finding than the part was, and so is a dispute that stands
		// otherwise.
		seen, err := texts(ctx, tx, `
			select reason || ' ' || key || case when reason = 'dispute' then ' ' || detail else '' end from review_items
			    where connection_id = $1 and key = any ($2)`, provider, back)
		if err != nil {
			return err
		}
		for _, ev := range list {
			if ev.Refund == nil && ev.Dispute == nil && known[ev.Payment.ID] {
				delete(out, ev.ID)
			}
			for _, r := range Objections(ev) {
				text := r.Reason + " " + r.Key
				if r.Reason == ReviewDispute {
					text += " " + r.Detail
				}
				if seen[text] {
					delete(out, ev.ID)
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up payments: %w", err)
	}
	return out, nil
}

func texts(ctx context.Context, tx pgx.Tx, sql string, args ...any) (map[string]bool, error) {
	rows, err := tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	out := make(map[string]bool, len(list))
	for _, v := range list {
		out[v] = true
	}
	return out, err
}

func (s *Service) ownerOf(
	ctx context.Context, provider facts.Provider, subscription string,
) (account uuid.UUID, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		account, err = owner(ctx, tx, provider, "subscription", subscription)
		return err
	})
	return account, err
}

func (s *Service) hasEvent(ctx context.Context, provider facts.Provider, id string) (has bool, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select exists (select 1 from inbox where connection_id = $1 and event_id = $2)`,
			provider, id).
			Scan(&has)
	})
	return has, err
}

func (s *Service) lastEvent(ctx context.Context, provider facts.Provider) (time.Time, error) {
	var t *time.Time
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx,
			`select max(received_at) from inbox where connection_id = $1 and secret_label <> 'api'`, provider).
			Scan(&t)
	})
	return value(t), err
}

// customersOf lists the provider's customers that are, or were, an account's.
func (s *Service) customersOf(
	ctx context.Context, provider facts.Provider, account uuid.UUID,
) (list []string, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select customer_id from provider_customers where account_id = $2 and connection_id = $1
			    and customer_id is not null
			union select customer_id from subscriptions where account_id = $2 and connection_id = $1
			    and customer_id <> ''
			 order by 1`, provider, account)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return list, err
}

// ListRuns lists the last comparisons, newest first.
func (s *Service) ListRuns(ctx context.Context, limit int) (list []Run, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select `+runColumns+` from reconcile_runs order by started_at desc limit $1`, limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, scanRun)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	return list, nil
}

// ListFindings lists what a run has found.
func (s *Service) ListFindings(ctx context.Context, run uuid.UUID) (list []Finding, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select run_id, subscription_id, class, coalesce(account_id, '00000000-0000-0000-0000-000000000000'),
			    outcome, detail,
			    found_at
			  from reconcile_findings where run_id = $1 order by found_at, subscription_id limit 1000`, run)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Finding])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list findings: %w", err)
	}
	return list, nil
}

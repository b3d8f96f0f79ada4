package billing

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// An unsettledInvoice is one that may still change: the event that told of its end
// may have been lost.
type unsettledInvoice struct {
	account          uuid.UUID
	id, subscription string
	status           string
}

// unsettled asks about each invoice of ours that is not in an end state, so that
// the page never tells a customer to pay what the provider has given up.
func (r *reconciler) unsettled(ctx context.Context) error {
	after := r.book.Cursor
	for {
		list, err := r.s.unsettledInvoices(ctx, r.g.Provider(), r.o.Account, after)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, in := range list {
			r.book.Looked++
			if err := r.refetch(ctx, in); err != nil {
				return err
			}
			after = in.id
		}
		if err := r.save(ctx, after); err != nil {
			return err
		}
	}
}

// refetch writes how an invoice stands now.
func (r *reconciler) refetch(ctx context.Context, in unsettledInvoice) error {
	f := Finding{Subscription: in.subscription, Class: DiffInvoice + " " + in.id, AccountID: in.account}
	var fresh *facts.Invoice
	err := r.ask(ctx, func() (err error) { fresh, err = r.g.Invoice(ctx, in.id); return err })
	switch {
	case facts.IsMissing(err) && r.o.DryRun:
		return nil
	case facts.IsMissing(err): // a draft that was deleted
		return r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `update invoices set status = 'deleted' where account_id = $1 and provider = $2
				and id = $3`,
				in.account, r.g.Provider(), in.id)
			return err
		})
	case err != nil:
		return r.fail(ctx, f, f.Class, err)
	case fresh.Status == in.status || fresh.Status == "":
		return nil
	}
	f.Outcome, f.Detail = "differs", in.status+" here, "+fresh.Status+" there"
	if !r.o.DryRun {
		f.Outcome = "repaired"
		if fresh.Paid() { // it pays for time
			ev := &facts.Event{Provider: r.g.Provider(), ID: "reconcile." + in.id, Type: "reconcile", Invoice: fresh}
			_, err = r.pull(ctx, in.subscription, []*facts.Event{ev})
		} else {
			err = r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) error {
				b := &pgx.Batch{}
				saveInvoice(b, in.account, r.g.Provider(), in.subscription, *fresh, true, r.s.clock.Now())
				return tx.SendBatch(ctx, b).Close()
			})
		}
		if err != nil {
			return r.fail(ctx, f, f.Class, err)
		}
	}
	return r.found(ctx, f)
}

func (s *Service) unsettledInvoices(ctx context.Context, provider facts.Provider, account uuid.UUID,
	after string,
) (list []unsettledInvoice, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select account_id, id, subscription_id, status from invoices
			 where connection_id = $1 and id > $2 and status not in ('paid', 'void', 'deleted', 'cancelled', 'expired',
			     'uncollectible')
			   and ($3 = '00000000-0000-0000-0000-000000000000'::uuid or account_id = $3)
			 order by id limit 100`, provider, after, account)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (in unsettledInvoice, err error) {
			return in, row.Scan(&in.account, &in.id, &in.subscription, &in.status)
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list unsettled invoices: %w", err)
	}
	return list, nil
}

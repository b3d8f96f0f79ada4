package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// theirs compares every subscription that the provider lists.
func (r *reconciler) theirs(ctx context.Context) error {
	customers := []string{""}
	if r.o.Account != uuid.Nil {
		var err error
		if customers, err = r.s.customersOf(ctx, r.g.Provider(), r.o.Account); err != nil {
			return err
		}
	}
	at, cursor, _ := strings.Cut(r.book.Cursor, " ")
	for _, customer := range customers {
		if at != "" && at != "-"+customer {
			continue
		}
		for first := true; first || cursor != ""; first = false {
			var list []*facts.Subscription
			var next string
			err := r.ask(ctx, func() (err error) {
				list, next, err = r.g.SubscriptionPage(ctx, customer, cursor)
				return err
			})
			if err != nil {
				return err
			}
			if err := r.page(ctx, list); err != nil {
				return err
			}
			if cursor = next; cursor == "" {
				break
			}
			if err := r.save(ctx, "-"+customer+" "+cursor); err != nil {
				return err
			}
		}
		at = ""
	}
	return nil
}

// page compares one page of the provider's list.
func (r *reconciler) page(ctx context.Context, list []*facts.Subscription) error {
	ids := make([]string, len(list))
	for i, f := range list {
		ids[i] = f.ID
	}
	known, err := r.s.heldByID(ctx, r.g.Provider(), ids)
	if err != nil {
		return err
	}
	for _, f := range list {
		r.book.Looked++
		held := known[f.ID]
		if classes, _ := differences(held, f, r.s.plans, r.s.clock.Now()); len(classes) == 0 {
			continue
		}
		// A list may tell less than the object itself: it is asked for before anything is believed.
		if err := r.compare(ctx, f.ID, held); err != nil {
			return err
		}
	}
	return r.s.markSeen(ctx, r.book.ID, ids)
}

// ours asks about each subscription of ours that the list did not have.
func (r *reconciler) ours(ctx context.Context) error {
	after := r.book.Cursor
	for {
		list, err := r.s.unseen(ctx, &r.book, r.o.Account, after)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, held := range list {
			r.book.Looked++
			if err := r.compare(ctx, held.ID, held); err != nil {
				return err
			}
			after = held.AccountID.String() + " " + held.ID
		}
		if err := r.save(ctx, after); err != nil {
			return err
		}
	}
}

// compare fetches one subscription, holds it against ours and repairs what may
// be repaired. The error is only about the book.
func (r *reconciler) compare(ctx context.Context, id string, held Subscription) error {
	provider := r.g.Provider()
	f := Finding{Subscription: id, AccountID: held.AccountID}
	var theirs *facts.Subscription
	err := r.ask(ctx, func() (err error) { theirs, err = r.g.Subscription(ctx, id); return err })
	switch {
	case facts.IsMissing(err):
		f.Class, f.Detail = DiffMissingThere, "held as "+held.ProviderStatus+" here, unknown to the provider"
		return r.decide(ctx, f, Review{ReviewMissingThere, "missing there " + id, f.Detail})
	case err != nil:
		return r.fail(ctx, f, "fetch", err)
	}
	classes, detail := differences(held, theirs, r.s.plans, r.s.clock.Now())
	if len(classes) == 0 {
		return nil
	}
	f.Class, f.Detail = strings.Join(classes, " "), detail
	if r.o.DryRun {
		f.Outcome = "differs"
		return r.found(ctx, f)
	}
	out, err := r.pull(ctx, id, nil)
	switch {
	case err != nil:
		return r.fail(ctx, f, f.Class, err)
	case out.parked != nil:
		f.Class, f.Detail = DiffUnmapped, out.parked.Detail
		if !charges(provider, theirs, r.s.clock.Now()) && out.parked.Reason != ReviewCustomerChanged {
			f.Outcome, f.Detail = "differs", f.Detail+"; it is "+theirs.Status+" and charges nobody"
			return r.found(ctx, f)
		}
		quiet, err := r.s.isImporting(ctx)
		if err != nil {
			return err
		}
		if quiet { // the app is moving in: whose it is, its file will say
			f.Outcome = "differs"
			return r.found(ctx, f)
		}
		return r.decide(ctx, f, *out.parked)
	}
	f.AccountID = out.account
	if classes[0] == DiffReopened {
		return r.decide(ctx, f, Review{ReviewReopened, "reopened " + id, detail})
	}
	f.Outcome = "repaired"
	if decides(classes[0]) { // the reducer has written its own item
		f.Outcome = "queued"
	}
	known, err := r.s.heldByID(ctx, provider, []string{id})
	if err != nil {
		return err
	}
	if left, why := differences(known[id], theirs, r.s.plans, r.s.clock.Now()); len(left) > 0 && !decides(left[0]) &&
		f.Outcome == "repaired" {
		// It may have changed there between the two questions; what still differs then is told.
		return r.fail(ctx, f, f.Class, errors.New("still differs: "+why))
	}
	return r.found(ctx, f)
}

// charges reports whether the provider may collect for a subscription: one that
// nobody here owns is a matter for a person then, and for nobody otherwise.
func charges(provider facts.Provider, theirs *facts.Subscription, now time.Time) bool {
	status, known := statusOf(provider, theirs, now)
	return !known || Subscription{Status: status, ProviderStatus: theirs.Status}.Live()
}

// pull brings one subscription to the provider's present state through the
// path that webhooks take, whosesoever it is.
func (r *reconciler) pull(ctx context.Context, id string, events []*facts.Event) (out outcome, err error) {
	err = r.ask(ctx, func() error {
		return r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) error {
			if out, err = r.s.applySubject(ctx, tx, r.g, id, events); err != nil {
				return err
			}
			return out.provisional // only the provider's own word repairs
		})
	})
	if err == nil {
		r.s.notify(out.account)
	}
	return out, err
}

// decide shows a difference to a person.
func (r *reconciler) decide(ctx context.Context, f Finding, review Review) error {
	f.Outcome = "differs"
	if !r.o.DryRun {
		f.Outcome = "queued"
		if err := r.s.openReview(ctx, r.g.Provider(), review, f.AccountID, f.Subscription); err != nil {
			return err
		}
	}
	return r.found(ctx, f)
}

// fail writes down what could not be compared or repaired. When the provider
// does not answer at all the run breaks off, to be resumed later.
func (r *reconciler) fail(ctx context.Context, f Finding, class string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if facts.IsUnreachable(err) {
		return err
	}
	f.Class, f.Outcome, f.Detail = class, "failed", brief(err)
	return r.found(ctx, f)
}

// payments looks for money that was collected and is not in our books: the
// events that told of it were lost.
func (r *reconciler) payments(ctx context.Context) error { return r.money(ctx, r.g.PaidPage) }

// refunds looks for money that was given back, however long ago it was collected.
func (r *reconciler) refunds(ctx context.Context) error { return r.money(ctx, r.g.RefundPage) }

// disputes looks for payments that a customer's bank disputes.
func (r *reconciler) disputes(ctx context.Context) error { return r.money(ctx, r.g.DisputePage) }

// money goes through one of the provider's lists of money that came or went.
func (r *reconciler) money(
	ctx context.Context, page func(context.Context, time.Time, string) ([]*facts.Event, string, error),
) error {
	cursor := r.book.Cursor
	for {
		var list []*facts.Event
		var next string
		err := r.ask(ctx, func() (err error) {
			list, next, err = page(ctx, r.book.Since, cursor)
			return err
		})
		if err != nil {
			return err
		}
		if err := r.paid(ctx, list); err != nil {
			return err
		}
		if cursor = next; cursor == "" {
			return nil
		}
		if err := r.save(ctx, cursor); err != nil {
			return err
		}
	}
}

func (r *reconciler) paid(ctx context.Context, list []*facts.Event) error {
	lacking, err := r.s.lacking(ctx, r.g.Provider(), list)
	if err != nil {
		return err
	}
	for _, ev := range list {
		r.book.Looked++
		if !lacking[ev.ID] {
			continue
		}
		f, about, outcome := moneyFinding(ev)
		subject := ev.Subject()
		if subject == "" {
			err := r.ask(ctx, func() (err error) { subject, err = r.g.Locate(ctx, ev); return err })
			if facts.IsMissing(err) {
				continue
			}
			if err != nil {
				if err := r.fail(ctx, f, f.Class, err); err != nil {
					return err
				}
				continue
			}
		}
		if subject == "" && ev.Payment != nil && ev.Refund == nil {
			continue // for no subscription
		}
		if subject == "" {
			if err := r.purchase(ctx, f, ev, about); err != nil {
				return err
			}
			continue
		}
		f.Subscription = subject
		if f.AccountID, err = r.s.ownerOf(ctx, r.g.Provider(), subject); err != nil {
			return err
		}
		if f.AccountID == uuid.Nil || r.o.Account != uuid.Nil && f.AccountID != r.o.Account {
			continue // nobody's here: the subscription itself is a finding; or not asked for
		}
		f.Outcome, f.Detail = "differs", about+", and we did not know"
		if !r.o.DryRun {
			if _, err := r.pull(ctx, subject, []*facts.Event{ev}); err != nil {
				if err := r.fail(ctx, f, f.Class, err); err != nil {
					return err
				}
				continue
			}
			f.Outcome = outcome
		}
		if err := r.found(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// moneyFinding says what an event of money is as a difference, and what becomes
// of it: a payment is booked; what goes back is shown to a person.
func moneyFinding(ev *facts.Event) (f Finding, about, outcome string) {
	switch {
	case ev.Dispute != nil:
		return Finding{Class: DiffDispute + " " + ev.Dispute.ID, Subscription: ev.Dispute.ChargeID},
			"the bank disputes " +
				ev.Dispute.Amount.Format(), "queued"
	case ev.Refund != nil:
		return Finding{Class: DiffRefund + " " + ev.Refund.ChargeID, Subscription: ev.Refund.ChargeID},
			"gave back of " +
				ev.Refund.Amount.Format(), "queued"
	}
	return Finding{Class: DiffPayment + " " + ev.Payment.ID, Subscription: ev.Payment.ID}, "collected " +
		ev.Payment.Amount.Format(), "repaired"
}

// purchase applies what went back of a one-time purchase of ours. Of money that
// belongs to nothing of ours nothing is found.
func (r *reconciler) purchase(ctx context.Context, f Finding, ev *facts.Event, about string) error {
	provider := r.g.Provider()
	var account uuid.UUID
	err := r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) (err error) {
		account, err = owner(ctx, tx, provider, "payment", paymentOf(ev))
		return err
	})
	if err != nil || account == uuid.Nil || r.o.Account != uuid.Nil && account != r.o.Account {
		return err
	}
	f.AccountID, f.Outcome, f.Detail = account, "differs", about+" for credits, and we did not know"
	if !r.o.DryRun {
		err := r.ask(ctx, func() error {
			return r.s.db.AsBilling(ctx, r.s.work, func(tx pgx.Tx) error {
				_, err := r.s.applyLoose(ctx, tx, r.g, []*facts.Event{ev})
				return err
			})
		})
		if err != nil {
			return r.fail(ctx, f, f.Class, err)
		}
		f.Outcome = "queued"
		if ev.Refund != nil {
			f.Outcome = "repaired"
		}
	}
	return r.found(ctx, f)
}

// missed puts events into the inbox that the provider could never deliver.
func (r *reconciler) missed(ctx context.Context) error {
	if r.o.Account != uuid.Nil {
		return nil
	}
	since := r.s.clock.Now().AddDate(0, 0, -29) // Stripe keeps them thirty days
	if r.book.Since.After(since) {
		since = r.book.Since
	}
	cursor := r.book.Cursor
	for {
		var list [][]byte
		var next string
		err := r.ask(ctx, func() (err error) {
			list, next, err = r.g.MissedPage(ctx, since, cursor)
			return err
		})
		if err != nil {
			return err
		}
		for _, body := range list {
			if err := r.take(ctx, body); err != nil {
				return err
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
		if err := r.save(ctx, cursor); err != nil {
			return err
		}
	}
}

// take stores one missed event, unless it has come meanwhile.
func (r *reconciler) take(ctx context.Context, body []byte) error {
	m := r.s.message(r.g, nil, body)
	m.label = "api"
	if m.status != "received" {
		return nil // of a type that changes nothing, or not ours
	}
	has, err := r.s.hasEvent(ctx, m.provider, m.event.ID)
	if err != nil || has {
		return err
	}
	f := Finding{Subscription: m.event.ID, Class: DiffEvent, Outcome: "differs", Detail: m.event.Type +
		" was never delivered"}
	if !r.o.DryRun {
		f.Outcome = "repaired"
		if err := r.s.store(ctx, m); err != nil {
			return fmt.Errorf("store a missed event: %w", err)
		}
		r.s.Wake()
	}
	return r.found(ctx, f)
}

// webhook notices a webhook that the provider has switched off, and changes of
// which no event has told.
func (r *reconciler) webhook(ctx context.Context) error {
	if r.o.Account != uuid.Nil || r.o.DryRun {
		return nil
	}
	p := r.g.Provider()
	var list []facts.Webhook
	err := r.ask(ctx, func() (err error) {
		list, err = r.g.Webhooks(ctx)
		return err
	})
	if err != nil && facts.IsUnreachable(err) {
		return err
	}
	off := group{kind: AlertDisabled}
	if err == nil { // a key that may not list webhooks tells nothing, and nothing fails
		c, found := checkWebhook(list, r.s.webhookAddress(p), r.g.Events(), r.g.Train())
		// Razorpay does not document the list for merchants: that it lacks one proves nothing.
		if c.State != CheckOK && (found || r.g.Live() && p == facts.Stripe) {
			off.times, off.detail = 1, c.Detail+": "+c.Fix
		}
	}
	if err := r.s.raise(ctx, p, off); err != nil {
		return err
	}
	last, err := r.s.lastEvent(ctx, r.g.Provider())
	if err != nil {
		return err
	}
	untold := 0
	if r.book.Repaired > 0 && r.s.clock.Now().Sub(last) > time.Hour {
		untold = r.book.Repaired
	}
	return r.s.raise(ctx, r.g.Provider(), group{
		kind: AlertUntold, times: untold, newest: r.book.StartedAt,
		detail: fmt.Sprintf("%d differences were repaired of which no event had told; the last event came at %s",
			untold,
			moment(last)),
	})
}

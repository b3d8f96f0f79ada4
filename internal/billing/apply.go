package billing

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/tracing"
)

// How the inbox is worked off.
const (
	stepTimeout = 30 * time.Second
	askTimeout  = 10 * time.Second // for the provider, while the subscription is locked
	maxAttempts = 20               // failed attempts before an event is dead
	parkFor     = 72 * time.Hour   // how long an unmapped event is tried again
	reviewAfter = time.Hour        // when an unmapped Stripe event is shown to a person
	maxBackoff  = 30 * time.Minute // between attempts
	batchSize   = 50               // events of one subject applied together
)

func backoff(attempts int) time.Duration {
	if attempts > 8 {
		return maxBackoff
	}
	return min(maxBackoff, 5*time.Second<<attempts)
}

// ApplyInbox applies every event that is due and returns how many left the
// queue. An event that fails is tried again later, with backoff; the error is
// only about the inbox itself.
func (s *Service) ApplyInbox(ctx context.Context) (int, error) {
	total := 0
	for ctx.Err() == nil {
		n, out, err := s.step(ctx)
		total += n
		if err == nil && out.replaces {
			_, err = s.endReplaced(ctx, out.account)
		}
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, ctx.Err()
}

// queued is a claimed inbox row.
type queued struct {
	id       string
	subject  string
	attempts int
	failed   string // what its last try said, "" for none
	received time.Time
	event    *facts.Event
	broken   error // why a stored event cannot be read any more
}

// step claims one due event and those of the same subject, and applies them
// in one transaction. It returns how many rows it has moved, and what became of them.
func (s *Service) step(ctx context.Context) (moved int, out outcome, err error) {
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	var provider facts.Provider
	var rows []queued
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) (err error) {
		if provider, rows, err = s.claimDue(ctx, tx); err != nil || len(rows) == 0 {
			return err
		}
		defer func() {
			if p := recover(); p != nil {
				err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		readable, err := s.bury(ctx, tx, provider, rows)
		if err != nil || len(readable) == 0 {
			return err
		}
		out, err = s.applyRows(ctx, tx, provider, readable)
		return err
	})
	if err == nil {
		s.notify(out.account)
		return len(rows), out, nil
	}
	if len(rows) == 0 {
		return 0, outcome{}, err
	}
	s.log.WarnContext(ctx, "apply event", "provider", provider, "event", rows[0].id, "attempts", rows[0].attempts+1,
		"error", err)
	if err := s.postpone(context.WithoutCancel(ctx), provider, rows, err); err != nil {
		return 0, outcome{}, err
	}
	return len(rows), outcome{}, nil
}

// claimDue locks the event that has been due longest, with those of the same subject. Those that another worker holds
// are passed over.
func (s *Service) claimDue(ctx context.Context, tx pgx.Tx) (provider facts.Provider, out []queued, err error) {
	configured := slices.Collect(maps.Keys(s.gateways)) // events of a provider whose keys were removed wait
	rows, err := tx.Query(ctx, `
		with due as materialized (
			select connection_id, event_id, subject from inbox
			 where status in ('received', 'parked') and next_attempt_at <= $1 and connection_id = any($2)
			 order by next_attempt_at limit 1 for update skip locked)
		select i.provider, i.event_id, i.subject, i.attempts, i.last_error, i.received_at, i.headers, i.body
		  from due d
		  join inbox i on i.connection_id = d.connection_id
		   and (i.event_id = d.event_id or d.subject <> '' and i.subject = d.subject and i.next_attempt_at <= $1)
		 where i.status in ('received', 'parked')
		 order by i.received_at limit $3 for update of i skip locked`, s.clock.Now(), configured, batchSize)
	if err != nil {
		return "", nil, fmt.Errorf("claim events: %w", err)
	}
	out, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (queued, error) {
		var q queued
		var headers map[string]string
		var body, raw []byte
		if err := row.Scan(&provider, &q.id, &q.subject, &q.attempts, &q.failed, &q.received, &raw, &body); err != nil {
			return q, err
		}
		if err := json.Unmarshal(raw, &headers); err != nil {
			return q, err
		}
		h := http.Header{}
		for k, v := range headers {
			h.Set(k, v)
		}
		if q.event, q.broken = s.gateways[provider].Decode(h, body); q.broken == nil {
			q.event.ID = q.id
		}
		return q, nil
	})
	if err != nil {
		return "", nil, fmt.Errorf("claim events: %w", err)
	}
	return provider, out, nil
}

// bury moves rows that a former version of the program could read and this one
// cannot among the dead, and returns the others.
func (s *Service) bury(
	ctx context.Context, tx pgx.Tx, provider facts.Provider, rows []queued,
) (readable []queued, err error) {
	now := s.clock.Now()
	b := &pgx.Batch{}
	for _, q := range rows {
		if q.broken == nil {
			readable = append(readable, q)
			continue
		}
		saveReview(b, provider, Review{ReviewUndecodable, "undecodable " + q.id, "a stored event cannot be read: " +
			q.broken.Error()}, uuid.Nil, q.subject, q.id, now)
		b.Queue(`update inbox set status = 'dead', last_error = $3 where connection_id = $1 and event_id = $2`,
			provider, q.id,
			q.broken.Error())
	}
	if b.Len() == 0 {
		return readable, nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("bury events: %w", err)
	}
	return readable, nil
}

// postpone puts failed rows back with backoff, or, after the last attempt,
// among the dead, where a person finds them.
func (s *Service) postpone(ctx context.Context, provider facts.Provider, rows []queued, cause error) error {
	now := s.clock.Now()
	text := cause.Error()
	if len(text) > 500 {
		text = text[:500]
	}
	b := &pgx.Batch{}
	for _, q := range rows {
		status := "received"
		if q.attempts+1 >= maxAttempts {
			status = "dead"
			saveReview(b, provider, Review{ReviewDeadEvent, "dead " + q.id, "could not be applied in " +
				fmt.Sprint(maxAttempts) + " attempts"}, uuid.Nil, q.subject, q.id, now)
		}
		b.Queue(`
			update inbox set status = $3, attempts = attempts + 1, next_attempt_at = $4, last_error = $5
			 where connection_id = $1 and event_id = $2 and status in ('received', 'parked')`,
			provider, q.id, status, now.Add(backoff(q.attempts)), text)
	}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error { return tx.SendBatch(ctx, b).Close() })
	if err != nil {
		return fmt.Errorf("postpone events: %w", err)
	}
	return nil
}

// applyRows applies claimed rows of one subject, and returns what became of them.
func (s *Service) applyRows(ctx context.Context, tx pgx.Tx, provider facts.Provider, rows []queued) (outcome, error) {
	g := s.gateways[provider]
	events := make([]*facts.Event, len(rows))
	for i, q := range rows {
		events[i] = q.event
	}
	subject := rows[0].subject
	if subject == "" {
		id, err := g.Locate(ctx, events[0])
		if err != nil && !facts.IsMissing(err) {
			return outcome{}, err
		}
		subject = id
	}
	var out outcome
	var err error
	switch {
	case events[0].Deleted != "":
		out, err = s.applyDeleted(ctx, tx, g, events[0])
	case subject != "":
		out, err = s.applySubject(ctx, tx, g, subject, events)
	default:
		out, err = s.applyLoose(ctx, tx, g, events)
	}
	if err != nil {
		return outcome{}, err
	}
	return out, s.settle(ctx, tx, provider, rows, out)
}

// An outcome says what became of events: applied, provisional (the provider
// could not be asked), or parked because nobody owns their subject.
type outcome struct {
	account     uuid.UUID // whose billing changed
	replaces    bool      // what the events are about was bought in place of another subscription
	provisional error
	parked      *Review
}

// notOurs is the reason of an outcome for events of another product on the same account at the provider: webhooks
// cannot be narrowed to a product. They are kept and counted, and no work for anybody.
const notOurs = "another_product"

// settle writes the outcome into the inbox rows.
func (s *Service) settle(ctx context.Context, tx pgx.Tx, provider facts.Provider, rows []queued, out outcome) error {
	now := s.clock.Now()
	var owner *uuid.UUID
	if out.account != uuid.Nil {
		owner = &out.account
	}
	quiet := false // nobody is told of unknown customers
	if out.parked != nil && out.parked.Reason != notOurs {
		var err error
		if quiet, err = s.importing(ctx, tx); err != nil {
			return err
		}
	}
	b := &pgx.Batch{}
	var applied, settled []string
	for _, q := range rows {
		switch {
		case out.parked != nil && out.parked.Reason == notOurs:
			b.Queue(`update inbox set status = 'ignored', last_error = $3 where connection_id = $1 and event_id = $2`,
				provider, q.id,
				out.parked.Detail)
			settled = append(settled, "dead "+q.id, "undecodable "+q.id)
		case out.parked != nil:
			status := "parked"
			if now.Sub(q.received) >= parkFor && !quiet {
				status = "dead"
			}
			if !quiet && (provider == facts.Razorpay || now.Sub(q.received) >= reviewAfter) {
				saveReview(b, provider, *out.parked, uuid.Nil, q.subject, q.id, now)
			}
			b.Queue(`
				update inbox set status = $3, attempts = attempts + 1, next_attempt_at = $4, last_error = $5
				    where connection_id = $1 and event_id = $2`,
				provider, q.id, status, now.Add(backoff(q.attempts)), out.parked.Detail)
		case out.provisional != nil: // the provider's own word is still owed
			status := "received"
			if q.attempts+1 >= maxAttempts {
				status = "dead"
				saveReview(b, provider, Review{ReviewDeadEvent, "dead " + q.id, "the provider could not be asked in " +
					fmt.Sprint(maxAttempts) + " attempts"}, out.account, q.subject, q.id, now)
			}
			b.Queue(`
				update inbox set status = $6, attempts = attempts + 1, next_attempt_at = $3, last_error = $4,
				  account_id = $5
				    where connection_id = $1 and event_id = $2`,
				provider, q.id, now.Add(backoff(q.attempts)), "applied from the snapshot: "+out.provisional.Error(),
				owner, status)
		default:
			applied = append(applied, q.id)
			if q.failed != "" {
				settled = append(settled, "dead "+q.id, "undecodable "+q.id)
			}
		}
	}
	for _, id := range applied { // one key a statement: PostgreSQL plans an array of keys anew each time
		b.Queue(`
			update inbox set status = 'applied', applied_at = $3, account_id = $4, last_error = ''
			 where connection_id = $1 and event_id = $2`,
			provider, id, now, owner)
	}
	if len(settled) > 0 {
		closeReview(b, provider, "the event was applied by a later try", now, settled...)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("settle events: %w", err)
	}
	return nil
}

// applySubject brings one subscription to the provider's present state: lock,
// refetch, reduce, write. Webhooks, the return from checkout and the
// reconciler all end here.
func (s *Service) applySubject(
	ctx context.Context, tx pgx.Tx, g gateway, id string, events []*facts.Event,
) (outcome, error) {
	provider := g.Provider()
	ctx, span := tracing.Start(ctx, tracing.Internal, "apply events of "+string(provider))
	defer span.End()
	span.SetNumber("tijori.events", int64(len(events)))
	account, err := lockOwner(ctx, tx, provider, "subscription", id)
	if err != nil {
		return outcome{}, err
	}
	f, provisional, err := s.ask(ctx, g, id, events)
	if err != nil {
		return outcome{}, err
	}
	if account == uuid.Nil {
		var parked *Review
		var first bool
		if account, first, parked, err = s.adopt(ctx, tx, provider, id, f.Subscription, events); err != nil ||
			parked != nil {
			return outcome{parked: parked}, err
		}
		if !first { // somebody else may have applied newer facts before the row was ours
			if f, provisional, err = s.ask(ctx, g, id, events); err != nil {
				return outcome{}, err
			}
		}
	}
	subs, err := subscriptionsOf(ctx, tx, account)
	if err != nil {
		return outcome{}, err
	}
	state := Subscription{AccountID: account, Provider: provider, ID: id}
	at := -1
	for i, sub := range subs {
		if sub.Provider == provider && sub.ID == id {
			state, at = sub, i
		}
	}
	now := s.clock.Now()
	if provisional == nil {
		if err := s.askInvoices(ctx, g, state, &f, now); err != nil {
			return outcome{}, err
		}
	}
	next, effects := Reduce(state, f, s.plans, now)
	if next.Status == "" {
		return outcome{}, fmt.Errorf("nothing is known of %s subscription %s yet: %w", provider, id, provisional)
	}
	if at < 0 {
		subs = append(subs, next)
	} else {
		subs[at] = next
	}
	ids := Overlapping(subs, now)
	if len(ids) > 1 { // one that another has replaced is ended right after
		if ids, err = withoutReplaced(ctx, tx, account, provider, ids); err != nil {
			return outcome{}, err
		}
	}
	if len(ids) > 1 {
		effects.Reviews = append(effects.Reviews, Review{
			ReviewMultipleActive, multipleKey(ids),
			"more than one subscription charges for one account",
		})
	}
	after, err := s.write(ctx, tx, next, effects, f, now)
	if err != nil {
		return outcome{}, err
	}
	if after.items {
		if err := s.settleItems(ctx, tx, provider, account); err != nil {
			return outcome{}, err
		}
	}
	return outcome{account: account, replaces: after.replaces, provisional: provisional}, nil
}

// What may have to be done after a subscription was written.
type afterwards struct {
	items    bool // its account has open review items, and one may have settled
	replaces bool // it was bought in place of another, which then ends
}

// write stores a reduced state with its effects.
func (s *Service) write(
	ctx context.Context, tx pgx.Tx, next Subscription, effects Effects, f Facts, now time.Time,
) (after afterwards, err error) {
	b := &pgx.Batch{}
	saveSubscription(b, next, now)
	for _, p := range effects.Payments {
		savePayment(b, next.AccountID, p, next.Provider, now)
	}
	fresh := map[string]bool{}
	for _, ev := range f.Events {
		if ev.Invoice != nil {
			fresh[ev.Invoice.ID] = true // it is written as it is now
		}
	}
	wanted := len(fresh) > 0 || len(f.Invoices) > 0
	for _, in := range f.fetched() {
		if wanted && (in.SubscriptionID == next.ID || in.SubscriptionID == "") && in.ID != "" {
			saveInvoice(b, next.AccountID, next.Provider, next.ID, *in, true, now)
			delete(fresh, in.ID)
		}
	}
	for _, ev := range f.Events {
		if in := invoiceOf(ev); in != nil && (ev.Invoice == nil || fresh[in.ID]) {
			saveInvoice(b, next.AccountID, next.Provider, next.ID, *in, false, now)
		}
	}
	event := ""
	if len(f.Events) > 0 {
		event = f.Events[0].ID
	}
	for _, r := range effects.Reviews {
		saveReview(b, next.Provider, r, next.AccountID, next.ID, event, now)
	}
	saveTurns(b, next.Provider, f.Events, now)
	for _, ev := range f.Events {
		tellReversal(b, next.AccountID, ev)
	}
	if next.Status != Incomplete {
		b.Queue(`
			update checkouts set status = $4, subscription_id = $3
			 where account_id = $1 and connection_id = $2 and status in ('creating', 'open')
			   and (subscription_id = $3 or id::text = $5 or session_id = $6)`,
			next.AccountID, next.Provider, next.ID, closing(next), checkoutOf(f), sessionOf(f))
	}
	b.Queue(`
		select exists (select from review_items where connection_id = $2 and account_id = $1 and status = 'open'),
		       exists (select from checkouts where account_id = $1 and connection_id = $2 and subscription_id = $3
		           and replaces is not null and status = 'complete')`,
		next.AccountID, next.Provider, next.ID).QueryRow(func(row pgx.Row) error {
		return row.Scan(&after.items, &after.replaces)
	})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return afterwards{}, fmt.Errorf("write subscription %s: %w", next.ID, err)
	}
	return after, nil
}

func closing(s Subscription) string {
	if s.Status == Expired {
		return "closed"
	}
	return "complete"
}

func checkoutOf(f Facts) string {
	if f.Subscription != nil {
		return f.Subscription.CheckoutID
	}
	return ""
}

func sessionOf(f Facts) string {
	for _, ev := range f.Events {
		if ev.Session != nil {
			return ev.Session.ID
		}
	}
	return ""
}

// invoiceOf is the invoice that an event tells of. Razorpay's charge events
// carry the payment only; the invoice's number and page come with a fetch.
func invoiceOf(ev *facts.Event) *facts.Invoice {
	if ev.Invoice != nil {
		return ev.Invoice
	}
	p := ev.Payment
	if ev.Provider != facts.Razorpay || p == nil || !p.Paid || p.InvoiceID == "" || ev.Refund != nil {
		return nil
	}
	in := &facts.Invoice{
		ID: p.InvoiceID, Status: "paid", Amount: p.Amount, IssuedAt: p.At, PaidAt: p.At,
		PaymentID: p.ID,
	}
	if sub := ev.Subscription; sub != nil {
		in.PeriodStart, in.PeriodEnd = sub.PeriodStart, sub.PeriodEnd
	}
	return in
}

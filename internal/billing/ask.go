package billing

import (
	"context"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// ask fetches the subscription, or falls back to the newest snapshot among the
// events when the provider cannot be reached; then provisional says why.
func (s *Service) ask(ctx context.Context, g gateway, id string,
	events []*facts.Event,
) (f Facts, provisional, err error) {
	f = Facts{Events: events}
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	f.Subscription, err = g.Subscription(asking, id)
	if err == nil {
		f.Fetched = true
		return f, nil, nil
	}
	if !facts.IsUnreachable(err) {
		return f, nil, err
	}
	f.Subscription = nil
	for _, ev := range events {
		if ev.Subscription != nil && ev.Subscription.ID == id && (f.Subscription == nil || !ev.Created.Before(f.At)) {
			f.Subscription, f.At = ev.Subscription, ev.Created
		}
	}
	return f, err, nil
}

// askInvoices completes what was asked: the invoices of a subscription of which it
// is not clear how far it is paid, and the invoices that events told of, as they
// are now. Nearly always the subscription has come with all that is needed.
func (s *Service) askInvoices(ctx context.Context, g gateway, state Subscription, f *Facts, now time.Time) (err error) {
	asking, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	if unclear(state, *f, s.plans, now) {
		if f.Invoices, err = g.Invoices(asking, state.ID); err != nil {
			return err
		}
	}
	have := map[string]bool{}
	for _, in := range f.fetched() {
		have[in.ID] = true
	}
	for _, ev := range f.Events {
		in := ev.Invoice
		if in == nil || in.Paid() || have[in.ID] { // paid is an end
			continue
		}
		have[in.ID] = true
		fresh, err := g.Invoice(asking, in.ID)
		if facts.IsMissing(err) {
			continue // deleted, as drafts are
		}
		if err != nil {
			return err
		}
		f.Invoices = append(f.Invoices, *fresh)
	}
	return nil
}

// fetched are the invoices that the provider was asked for.
func (f *Facts) fetched() (out []*facts.Invoice) {
	if f.Subscription != nil && f.Fetched && f.Subscription.Latest != nil {
		out = append(out, f.Subscription.Latest)
	}
	for i := range f.Invoices {
		out = append(out, &f.Invoices[i])
	}
	return out
}

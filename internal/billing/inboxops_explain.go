package billing

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// Explain says in plain sentences what an event is, what became of it and why,
// and what would happen if it were replayed. It changes nothing and asks no
// provider. NotFound when there is no such event.
func (s *Service) Explain(ctx context.Context, provider facts.Provider, id string) ([]string, error) {
	d, err := s.EventByID(ctx, provider, id)
	if err != nil {
		return nil, err
	}
	out := []string{fmt.Sprintf("%s sent %s (%s), first at %s, %s.", d.Provider.Name(), d.ID, d.Type,
		moment(d.ReceivedAt),
		times(d.Deliveries, "delivery", "deliveries"))}
	if d.Secret == "api" {
		out = append(out, "The reconciler fetched it from the provider's list of events that we never answered.")
	} else {
		out = append(out, fmt.Sprintf("It was signed with the secret %q.", d.Secret))
	}
	out = append(out, d.fate())
	g, err := s.gateway(d.Provider)
	if err != nil {
		return append(out, d.Provider.Name()+" is not set up here, so it cannot be decoded or applied."), nil
	}
	h := http.Header{}
	for k, v := range d.Headers {
		h.Set(k, v)
	}
	ev, err := g.Decode(h, d.Body)
	if err != nil {
		return append(out, "It cannot be read: "+err.Error()+"."), nil
	}
	out = append(out, tellFacts(ev)...)
	if d.Subject != "" {
		lines, err := s.explainSubject(ctx, d)
		if err != nil {
			return nil, err
		}
		out = append(out, lines...)
	}
	for _, r := range d.Reviews {
		out = append(out, fmt.Sprintf("Review item %s (%s, %s): %s.", r.Handle, r.Reason, r.Status, r.Detail))
	}
	if why := s.useless(d); why != "" {
		out = append(out, "A replay is refused: "+why+".")
	} else {
		out = append(out,
			"A replay would ask "+d.Provider.Name()+" again and change only what differs; "+
				"payments and review items are counted once.")
	}
	return out, nil
}

// fate is the sentence for the state.
func (d *EventDetail) fate() string {
	switch d.Status {
	case "applied":
		if d.Attempts == 0 {
			return "It was applied at " + moment(d.AppliedAt) + ", at the first try."
		}
		return fmt.Sprintf("It was applied at %s, after %s.", moment(d.AppliedAt),
			times(d.Attempts, "failed attempt", "failed attempts"))
	case "ignored":
		return "It was ignored: " + d.Reason + "."
	case "parked":
		return fmt.Sprintf("It is parked, because nobody here owns what it is about (%s). "+
			"It is tried again at %s, and is dead %s after it was received.",
			d.Reason, moment(d.NextAttempt), parkFor)
	case "dead":
		return fmt.Sprintf("It is dead after %s: %s. It stays here until somebody retries it.",
			times(d.Attempts, "failed attempt", "failed attempts"), d.Reason)
	}
	if d.Attempts > 0 {
		return fmt.Sprintf("It waits after %s (%s); the next is at %s. After %d it is dead.",
			times(d.Attempts, "failed attempt", "failed attempts"), d.Reason, moment(d.NextAttempt), maxAttempts)
	}
	return "It waits to be applied."
}

func tellFacts(ev *facts.Event) (out []string) {
	if sub := ev.Subscription; sub != nil {
		out = append(out, fmt.Sprintf("At that moment subscription %s was %s on price %s, period %s to %s.", sub.ID,
			sub.Status, sub.PriceID, moment(sub.PeriodStart), moment(sub.PeriodEnd)))
	}
	if p := ev.Payment; p != nil {
		word := "could not be collected"
		if p.Paid {
			word = "was collected"
		}
		out = append(out, fmt.Sprintf("It says that %s %s (payment %s).", p.Amount.Format(), word, p.ID))
	}
	if r := ev.Refund; r != nil {
		out = append(out, fmt.Sprintf("It tells of a refund on %s, %s in all.", r.ChargeID, r.Amount.Format()))
	}
	if d := ev.Dispute; d != nil {
		out = append(out, fmt.Sprintf("It tells of a dispute %s over %s: %s.", d.ID, d.Amount.Format(), d.Status))
	}
	if ev.Deleted != "" {
		out = append(out, "It says that customer "+ev.Deleted+" was deleted.")
	}
	if len(out) == 0 && ev.Session == nil {
		out = append(out, "Nothing is done with events of this type.")
	}
	return out
}

// explainSubject says whose the subscription is and how we hold it now.
func (s *Service) explainSubject(ctx context.Context, d *EventDetail) (out []string, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		account, err := owner(ctx, tx, d.Provider, "subscription", d.Subject)
		if err != nil {
			return err
		}
		if account == uuid.Nil {
			out = append(out, fmt.Sprintf("Subscription %s belongs to no account here.", d.Subject))
			return nil
		}
		subs, err := subscriptionsOf(ctx, tx, account)
		if err != nil {
			return err
		}
		for _, sub := range subs {
			if sub.Provider == d.Provider && sub.ID == d.Subject {
				out = append(out, fmt.Sprintf("Subscription %s belongs to account %s. %s", d.Subject, account,
					sub.Why(s.plans, s.clock.Now())))
				return nil
			}
		}
		out = append(out, fmt.Sprintf("Subscription %s belongs to account %s and nothing is known of it yet.",
			d.Subject,
			account))
		return nil
	})
	return out, err
}

// Why says in one or two sentences what a subscription gives now, and because
// of what.
func (sub Subscription) Why(plans *Plans, now time.Time) string {
	plan := sub.PlanID
	if p, ok := plans.ByID(sub.PlanID); ok {
		plan = p.Name
	}
	if plan == "" {
		return fmt.Sprintf("%s says %s on price %s, which is in no plan here, so it gives nothing.",
			sub.Provider.Name(),
			sub.ProviderStatus, sub.PriceID)
	}
	says := fmt.Sprintf("%s says %s", sub.Provider.Name(), sub.ProviderStatus)
	if !sub.SeenAt.IsZero() {
		says += " (asked at " + moment(sub.SeenAt) + ")"
	}
	switch {
	case sub.AccessUntil.IsZero():
		return fmt.Sprintf("%s: nothing is paid, so %s is not given.", says, plan)
	case !sub.Grants(now):
		return fmt.Sprintf("%s: %s ended on %s (%s).", says, plan, moment(sub.AccessUntil), sub.untilBecause())
	}
	return fmt.Sprintf("%s: %s is given until %s (%s).", says, plan, moment(sub.AccessUntil), sub.untilBecause())
}

// untilBecause names the rule that AccessUntil comes from (docs/billing.md).
func (sub Subscription) untilBecause() string {
	grace := fmt.Sprintf("%d days of grace", int(Grace/(24*time.Hour)))
	switch {
	case sub.Status == Trialing:
		return "the end of the trial"
	case sub.Status == PastDue && sub.AccessUntil.Equal(sub.PaidThrough):
		return "the provider has given up collecting; paid until then"
	case sub.Status == PastDue:
		return "paid until " + moment(sub.PaidThrough) + ", and " + grace + " follow"
	case sub.Status == Canceled:
		return "it was cancelled; paid until then"
	case sub.Status == Paused:
		return "it is paused; paid until then"
	case sub.CancelAtPeriodEnd:
		return "it will not renew"
	case sub.ProviderStatus == "completed":
		return "the last cycle was paid until then"
	}
	return "paid until " + moment(sub.PaidThrough) + ", and " + grace + " follow in case the renewal is late"
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func times(n int, one, many string) string {
	switch n {
	case 0:
		return "no " + one
	case 1:
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

package billing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// The states of a check.
const (
	CheckOK      = "ok"
	CheckWrong   = "wrong"
	CheckUnknown = "unknown" // it could not be looked at; never counts as ok
)

// A Check is something about the set-up that was looked at.
type Check struct {
	Subject string `json:"subject"` // such as "Stripe webhook"
	State   string `json:"state"`
	Detail  string `json:"detail"`
	Fix     string `json:"fix,omitempty"` // what to do, where it is not ok
}

// webhookAddress is where a provider has to send its events.
func (s *Service) webhookAddress(p facts.Provider) string {
	return s.publicURL + "/api/" + string(p) + "/webhook"
}

// checkWebhook judges the webhooks that a provider has: one has to lead to our
// address, be switched on, and send every type of event that we act on.
func checkWebhook(list []facts.Webhook, address string, wanted []string, train string) (c Check, found bool) {
	c = Check{
		State: CheckWrong, Detail: "no webhook leads to " + address,
		Fix: "add one in the provider's dashboard (docs/providers.md)",
	}
	for _, w := range list {
		if strings.TrimSuffix(w.URL, "/") != address {
			continue
		}
		lacks := w.Lacks(wanted)
		switch {
		case !w.Enabled && found: // another one leads here, and is on
			continue
		case !w.Enabled:
			c.Detail = "the webhook is switched off, so no event arrives"
			c.Fix = "switch it on in the provider's dashboard"
		case len(lacks) > 0:
			c.Detail = fmt.Sprintf("the webhook does not send %s", strings.Join(lacks, ", "))
			c.Fix = "choose these types of events in the provider's dashboard; until then the comparison finds what they tell"
		case train != "" && w.Version != "" && !strings.HasSuffix(w.Version, "."+train):
			c.Detail = fmt.Sprintf("the webhook sends API version %s", w.Version)
			c.Fix = fmt.Sprintf("choose a version of the %s train for it", train)
		default:
			return Check{State: CheckOK, Detail: "events arrive at " + address}, true
		}
		found = true
	}
	return c, found
}

// offered compares a price of the plan file with what the provider has under its id.
func offered(id string, want facts.Offer, got facts.Offer, err error) (state, detail string) {
	switch {
	case facts.IsMissing(err):
		return CheckWrong, id + " does not exist"
	case err != nil:
		return CheckUnknown, brief(err)
	case !got.Active:
		return CheckWrong, id + " is archived: nobody can buy it"
	case got.Currency != want.Currency || got.Minor != want.Minor:
		return CheckWrong,
			fmt.Sprintf("%s costs %d %s (minor units), the plan file says %d %s", id, got.Minor, got.Currency,
				want.Minor, want.Currency)
	case got.Interval != want.Interval:
		return CheckWrong,
			fmt.Sprintf("%s is for %s, the plan file says %s", id, every(got.Interval), every(want.Interval))
	}
	return CheckOK, ""
}

func every(interval string) string {
	if interval == "" {
		return "once"
	}
	return "every " + interval
}

// CheckProviders asks the providers whether they are set up as the documentation
// says, changes nothing, and never fails: what cannot be asked is unknown.
func (s *Service) CheckProviders(ctx context.Context) (out []Check) {
	for _, p := range []facts.Provider{facts.Stripe, facts.Razorpay} {
		g := s.gateways[p]
		if g == nil {
			continue
		}
		out = append(out, s.checkWebhooks(ctx, g), s.checkSecrets(g))
		out = append(out, s.checkPrices(ctx, g)...)
	}
	return out
}

func (s *Service) checkWebhooks(ctx context.Context, g gateway) Check {
	p := g.Provider()
	list, err := g.Webhooks(ctx)
	c, _ := checkWebhook(list, s.webhookAddress(p), g.Events(), g.Train())
	if err != nil {
		c = Check{
			State: CheckUnknown, Detail: "the provider does not list webhooks for this key: " + brief(err),
			Fix: "look in its dashboard that one leads to " + s.webhookAddress(p) +
				", is on, and has the events of docs/providers.md",
		}
	}
	c.Subject = p.Name() + " webhook"
	return c
}

func (s *Service) checkSecrets(g gateway) Check {
	c := Check{Subject: g.Provider().Name() + " webhook secret", State: CheckOK, Detail: "stays"}
	if ends := g.SecretsEnd(); !ends.IsZero() {
		c.Detail = "the last one ends at " + moment(ends)
		if ends.Sub(s.now()) < secretNotice {
			c.State, c.Fix = CheckWrong, "add the next one to "+strings.ToUpper(string(g.Provider()))+"_WEBHOOK_SECRETS"
		}
	}
	return c
}

// checkPrices looks at every price that is sold: one line where all are right,
// else one for each that is not.
func (s *Service) checkPrices(ctx context.Context, g gateway) (out []Check) {
	p, sold, above := g.Provider(), 0, []Check(nil)
	look := func(name string, price Price) {
		if price.Provider != p || price.Past || price.ProviderPrice == "" {
			return
		}
		sold++
		if confirmed(price) {
			above = append(above, Check{
				Subject: p.Name() + " price of " + name, State: CheckOK,
				Detail: "above ₹15,000: each debit waits for the customer's confirmation (docs/providers.md)",
			})
		}
		asked, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		got, err := g.Offer(asked, price.ProviderPrice)
		want := facts.Offer{Currency: price.Amount.Currency, Minor: price.Amount.Minor, Interval: price.Interval}
		if state, detail := offered(price.ProviderPrice, want, got, err); state != CheckOK {
			fix := "set its id by TIJORI_PRICE_… (docs/providers.md), or make the plan file say what it costs"
			var refusal *facts.APIError
			if errors.As(err, &refusal) && refusal.Status == 403 {
				fix = "permit the restricted key to read prices, or compare in the dashboard"
			}
			out = append(out, Check{Subject: p.Name() + " price of " + name, State: state, Detail: detail, Fix: fix})
		}
	}
	for _, plan := range s.plans.List {
		for _, price := range plan.Prices {
			look(plan.Name+" "+every(price.Interval), price)
		}
	}
	for _, t := range s.plans.TopUps {
		for _, price := range t.Prices {
			look(t.Name, price)
		}
	}
	if len(out) == 0 {
		out = []Check{{
			Subject: p.Name() + " prices", State: CheckOK,
			Detail: fmt.Sprintf("%d are as the plan file says", sold),
		}}
	}
	return append(out, above...)
}

// confirmed reports whether the bank asks the customer at each debit of a price, by the Indian rules for mandates.
func confirmed(price Price) bool {
	return price.Provider == facts.Razorpay && price.Interval != "" && price.Amount.Currency == "INR" &&
		price.Amount.Minor > 15_000_00
}

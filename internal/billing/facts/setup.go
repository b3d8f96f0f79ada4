package facts

import (
	"slices"
	"time"
)

// A Webhook is an address that a provider sends events to, as the provider has it.
type Webhook struct {
	ID      string
	URL     string
	Enabled bool
	Events  []string // the types that are sent; "*" is every type
	Version string   // of the API, where the provider names one: "" is the account's default
}

// Lacks lists the wanted types of events that the webhook does not send.
func (w Webhook) Lacks(wanted []string) (out []string) {
	if slices.Contains(w.Events, "*") {
		return nil
	}
	for _, kind := range wanted {
		if !slices.Contains(w.Events, kind) {
			out = append(out, kind)
		}
	}
	return out
}

// An Offer is what a provider charges for one of its prices.
type Offer struct {
	ID       string
	Active   bool
	Currency string // ISO 4217, in capitals
	Minor    int64
	Interval string // month, year, or "" for a one-time price

	// Where a list was asked for.
	Product   string // Stripe: what it is a price of
	Name      string // of the product, or of Razorpay's plan
	Preferred bool   // Stripe: it is the product's default price
	Odd       string // why it has no one amount, such as tiers; "" mostly
	Created   time.Time
}

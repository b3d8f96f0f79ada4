package billing

import (
	"testing"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

// Whoever sells for more than ₹15,000 by mandate is told that it does not renew by itself.
func TestDebitsThatMustBeConfirmed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		price Price
		want  bool
	}{
		{Price{Provider: facts.Razorpay, Interval: Year, Amount: money.Amount{Minor: 1500000, Currency: "INR"}}, false},
		{Price{Provider: facts.Razorpay, Interval: Year, Amount: money.Amount{Minor: 1500001, Currency: "INR"}}, true},
		{Price{Provider: facts.Razorpay, Interval: Month, Amount: money.Amount{Minor: 9900000, Currency: "INR"}}, true},
		{Price{Provider: facts.Razorpay, Amount: money.Amount{Minor: 9900000, Currency: "INR"}}, false}, // bought once
		{Price{Provider: facts.Stripe, Interval: Year, Amount: money.Amount{Minor: 9900000, Currency: "USD"}}, false},
	} {
		if got := confirmed(c.price); got != c.want {
			t.Errorf("confirmed(%+v) = %v, want %v", c.price, got, c.want)
		}
	}
}

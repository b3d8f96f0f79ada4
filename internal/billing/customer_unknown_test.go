package billing_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// A customer that Stripe does not know, whether made in the other mode, by another account or deleted by hand, is made
// again, once, wherever the customer is named. A refusal that is about something else creates nobody.
func TestUnknownCustomerIsMadeAnew(t *testing.T) {
	for name, want := range map[string]struct {
		refusal string
		again   bool
	}{
		"other mode": {`{"error":{"code":"resource_missing","message":"No such customer: 'X'; a similar object exists in test mode, but a live mode key was used to make this request.","param":"customer","type":"invalid_request_error"}}`, true},
		"deleted":    {`{"error":{"code":"resource_missing","message":"No such customer: 'X'","param":"customer","type":"invalid_request_error"}}`, true},
		"price":      {`{"error":{"code":"resource_missing","message":"No such price: 'price_gone'","param":"line_items[0][price]","type":"invalid_request_error"}}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			u := s.db.User(t, "asha")
			s.start(u, "pro", facts.Stripe) // makes the customer
			_, err := s.service.Discard(t.Context(), u.Account())
			s.must(err)
			customer := func() (id string) {
				s.must(s.db.Super.QueryRow(t.Context(),
					`select coalesce(customer_id, '') from provider_customers where account_id = $1
						and provider = 'stripe'`, u.AccountID).Scan(&id))
				return id
			}
			old := customer()
			refuse := func(r *http.Request, code int, body []byte) (int, []byte) {
				if r.Method == http.MethodPost && strings.Contains(string(body), old) && !strings.HasPrefix(r.URL.Path,
					"/v1/customers") {
					return http.StatusBadRequest, []byte(want.refusal)
				}
				return code, body
			}
			s.rewrite.Store(&refuse)
			_, err = s.service.StartCheckout(t.Context(), u.Account(), "pro", billing.Month, facts.Stripe)
			if (err == nil) != want.again || (customer() != old) != want.again {
				t.Errorf("the plan's checkout: %v; customer %s, was %s", err, customer(), old)
			}
			if !want.again {
				return
			}
			old = customer()
			if _, err = s.service.Portal(t.Context(), u.Account()); !fault.Is(err, fault.Conflict) || customer() != "" {
				t.Errorf("the portal: %v; customer %q", err, customer())
			}
			s.settle()
			n := s.count(`select count(*) from provider_directory where account_id = $1 and kind = 'customer'`,
				u.AccountID)
			if n != 2 {
				t.Errorf("the directory names %d customers, want the old one and the new one", n)
			}
		})
	}
}

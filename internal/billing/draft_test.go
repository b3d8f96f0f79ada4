package billing_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
)

// TestDraftPlans drafts a plan file of what both providers sell, with names as people write them, and reads it.
func TestDraftPlans(t *testing.T) {
	t.Parallel()
	now := clock.New()
	var handler http.Handler
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && !strings.HasPrefix(r.URL.Path, "/v1/customers") &&
			!strings.HasPrefix(r.URL.Path, "/v1/checkout") {
			t.Errorf("%s %s writes", r.Method, r.URL.Path)
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(api.Close)
	price := func(p facts.Provider, id, name, interval, currency string, amount, created int64) simulator.Price {
		return simulator.Price{
			Provider: p, ID: id, Name: name, Interval: interval, Currency: currency, Amount: amount, Created: created,
		}
	}
	archived, idle := price(facts.Stripe, "price_ProOld", "Pro", "month", "USD", 500, 1),
		price(facts.Stripe, "price_ProIdle", "Pro", "month", "USD", 400, 1)
	archived.Archived, idle.Archived = true, true
	sim, err := simulator.New(simulator.Config{
		URL: api.URL, AppURL: api.URL, Now: now.Now, Prices: []simulator.Price{
			price(facts.Stripe, "price_ProMonth", "Pro", "month", "USD", 900, 5), archived, idle,
			price(facts.Stripe, "price_ProYear", "Pro", "year", "USD", 9000, 5),
			price(facts.Stripe, "price_ProEuro", "Pro", "month", "EUR", 900, 6),
			price(facts.Stripe, "price_TeamMonth", "Team \"one\" \\ & all", "month", "USD", 4900, 5),
			price(facts.Stripe, "price_Rupees", "Rupees", "month", "INR", 49900, 5),
			price(facts.Stripe, "price_Once", "500 credits", "", "USD", 300, 5),
			price(facts.Razorpay, "plan_ProNew", "pro", "month", "INR", 79900, 9),
			price(facts.Razorpay, "plan_ProOld", "Pro", "month", "INR", 49900, 2),
			price(facts.Razorpay, "plan_Hindi", "व्यापार", "year", "INR", 499900, 2),
			price(facts.Razorpay, "plan_Basic", "Basic", "month", "INR", 9900, 2),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler = sim.Handler()
	s, err := stripe.New(stripe.Config{Key: simulator.StripeKey, URL: sim.StripeURL(), OnlyReads: true})
	if err != nil {
		t.Fatal(err)
	}
	r, err := razorpay.New(razorpay.Config{
		KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret, URL: sim.RazorpayURL(), OnlyReads: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	customer, err := s.CreateCustomer(t.Context(), uuid.NewString(), "", "a@example.com")
	if err != nil {
		t.Fatal(err)
	}
	session, err := s.CreateSession(t.Context(), stripe.SessionRequest{
		Key: uuid.NewString(), CustomerID: customer, PriceID: "price_ProOld", SuccessURL: "http://127.0.0.1/",
		CancelURL: "http://127.0.0.1/", ExpiresAt: now.Now().Add(3600e9),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sim.PaySession(session.ID); err != nil {
		t.Fatal(err)
	}
	text, err := billing.DraftPlans(t.Context(), "acme-test", s, r)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := billing.ParsePlans([]byte(text), nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for id, want := range map[string]struct {
		plan string
		past bool
	}{
		"stripe price_ProMonth": {"pro", false}, "stripe price_ProYear": {"pro", false},
		"stripe price_ProOld":  {"pro", true},
		"stripe price_ProEuro": {"pro", true}, "razorpay plan_ProNew": {"pro", false},
		"razorpay plan_ProOld":   {"pro", true},
		"stripe price_TeamMonth": {"team_one_all", false}, "stripe price_Rupees": {"rupees", true},
		"razorpay plan_Hindi": {"plan", false}, "razorpay plan_Basic": {"plan_basic", false},
	} {
		provider, price, _ := strings.Cut(id, " ")
		got, ok := plans.PriceByID(facts.Provider(provider), price)
		if !ok || got.Plan != want.plan || got.Past != want.past {
			t.Errorf("%s is %+v, %v, want plan %s, past %v", id, got, ok, want.plan, want.past)
		}
	}
	for _, id := range []string{"price_Once", "price_ProIdle"} {
		if _, ok := plans.PriceByID(facts.Stripe, id); ok || !strings.Contains(text, "stripe "+id+":") {
			t.Errorf("%s is in the file, or is not said to be left out", id)
		}
	}
	if p, _ := plans.ByID("rupees"); !p.Withdrawn {
		t.Error("a plan that cannot be sold is on sale")
	}
	if !strings.Contains(text, "1 subscription pays it\n  provider = \"stripe\"\n"+
		"  interval = \"month\"\n  currency = \"USD\"\n"+
		"  amount = 500") {
		t.Errorf("it is not said who pays the old price\n%s", text)
	}
}

package billing_test

import (
	"os"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Whoever has bought a plan keeps it, whatever becomes of it in the plan file: prices at the provider cannot be
// changed,
// so a raised price is another one, and those who pay the old one go on paying it
// (docs.stripe.com/products-prices/manage-prices).

func (s *shop) plans(edit func(string) string) *billing.Plans {
	s.Helper()
	text, err := os.ReadFile("plans.toml")
	s.must(err)
	plans, err := billing.ParsePlans([]byte(edit(string(text))), nil)
	s.must(err)
	return plans
}

func (s *shop) unknownPrices() int {
	return s.count(`select count(*) from review_items where reason = 'unknown_price' and status = 'open'`)
}

func TestRaisedPriceKeepsThePlan(t *testing.T) {
	s := setup(t)
	for _, provider := range both {
		u := s.db.User(t, "old "+string(provider))
		s.buy(u, "pro", provider)
		s.settle()
		plans, err := billing.LoadPlans("", []string{
			"TIJORI_PRICE_PRO_MONTH_STRIPE=price_Pro2027",
			"TIJORI_PRICE_PRO_MONTH_RAZORPAY=plan_Pro2027",
		})
		s.must(err)
		was := s.service
		s.service = s.again(plans)
		s.reconcile(quick)
		if got := s.overview(u).Plan.ID; got != "pro" {
			t.Errorf("%s: the plan is %s after the price was raised, want pro", provider, got)
		}
		if s.unknownPrices() == 0 {
			t.Errorf("%s: nobody is told of a price that the plan file does not name", provider)
		}
		s.service = was
		old, err := billing.LoadPlans("", nil)
		s.must(err)
		s.service = s.again(old)
		s.reconcile(quick)
		if n := s.unknownPrices(); n != 0 {
			t.Errorf("%s: %d items stay open although the plan file names the price again", provider, n)
		}
	}
}

// Every way in which a plan file changes under subscribers, at both providers: who has the plan keeps it, with its
// name,
// its limits and its credits, through a start, events and comparisons.
func TestPlanFileChangesUnderSubscribers(t *testing.T) {
	t.Parallel()
	without := func(text, plan string) string { // the file without a plan
		begin := strings.Index(text, "[[plan]]\nid = \""+plan+"\"")
		rest := text[begin+1:]
		end := strings.Index(rest, "\n[[plan]]")
		if top := strings.Index(rest, "\n# Credits that"); end < 0 || top < end {
			end = top
		}
		return text[:begin] + rest[end+1:]
	}
	for name, c := range map[string]struct {
		edit       func(string) string
		plan       string // that they have then
		called     string // its name
		told       bool   // a person is told
		soldAgain  bool   // others can buy it for a month
		keepsPrice bool   // the page shows what they pay
	}{
		"raised, the old price kept": {func(text string) string {
			for _, p := range []struct{ id, currency, provider, amount string }{{
				"plan_TijoriProMonth", "INR",
				"razorpay", "29900",
			}, {"price_TijoriProMonth", "USD", "stripe", "500"}} {
				old := "amount = " + p.amount + "\n  provider_price = \"" + p.id + "\"\n"
				text = strings.Replace(text, old, "amount = 77700\n  provider_price = \""+p.id+
					"2027\"\n\n  [[plan.price]]\n  provider = \""+p.provider+
					"\"\n  interval = \"month\"\n  currency = \""+p.currency+"\"\n  sold = false\n  "+old, 1)
			}
			return text
		}, "pro", "Pro", false, true, true},
		"raised, the old price forgotten": {func(text string) string {
			return strings.NewReplacer(`"plan_TijoriProMonth"`, `"plan_New"`, `"price_TijoriProMonth"`, `"price_New"`,
				"29900", "39900").Replace(text)
		}, "pro", "Pro", true, true, false},
		"renamed": {
			func(text string) string { return strings.Replace(text, `name = "Pro"`, `name = "Dukaan"`, 1) },
			"pro", "Dukaan", false, true, true,
		},
		"another id": {func(text string) string {
			return strings.NewReplacer(`id = "pro"`, `id = "dukaan"`, `name = "Pro"`, `name = "Dukaan"`).Replace(text)
		}, "dukaan", "Dukaan", false, true, true},
		"withdrawn": {func(text string) string {
			text = strings.Replace(text, "recommended = true\n", "", 1)
			return strings.Replace(text, "name = \"Pro\"\n", "name = \"Pro\"\nsold = false\n", 1)
		}, "pro", "Pro", false, false, true},
		"forgotten": {func(text string) string { return without(text, "pro") }, "pro", "Pro", true, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := setup(t)
			users := map[facts.Provider]*pgtest.User{}
			for _, provider := range both {
				users[provider] = s.db.User(t, "old "+string(provider))
				s.buy(users[provider], "pro", provider)
			}
			s.settle()
			before := s.overview(users[facts.Stripe]).Plan
			s.service = s.again(s.plans(c.edit))
			renew := func() {
				for _, u := range users {
					s.must(s.sim.Renew(t.Context(), s.subscription(u)))
				}
				s.settle()
			}
			compare := func() { s.reconcile(quick) }
			for _, step := range []struct {
				name string
				do   func()
			}{
				{"the start", func() {}},
				{"a comparison", compare},
				{"a renewal", renew},
				{"another comparison", compare},
			} {
				round := step.name
				step.do()
				for provider, u := range users {
					o := s.overview(u)
					if o.Plan.ID != c.plan || o.Plan.Name != c.called || o.Status != billing.Active ||
						o.Plan.PartiesMax != before.PartiesMax ||
						len(o.Plan.Entitlements) != len(before.Entitlements) ||
						o.Plan.CreditsPerMonth != before.CreditsPerMonth ||
						len(o.Plan.Allowances) != len(before.Allowances) {
						t.Errorf("after %s, %s: the plan is %+v, %s; want %s, %s", round, provider, o.Plan, o.Status,
							c.plan, c.called)
					}
					if (o.Price != nil) != c.keepsPrice ||
						o.Price != nil && o.Price.Amount.Minor != map[facts.Provider]int64{
							facts.Stripe:   500,
							facts.Razorpay: 29900,
						}[provider] {
						t.Errorf("after %s, %s: the price is %+v", round, provider, o.Price)
					}
					if me, err := s.service.Me(t.Context(), u.Account()); err != nil ||
						me.Entitlements.Plan != c.plan || !me.Entitlements.Has(billing.Export) {
						t.Errorf("after %s, %s: Me = %+v, %v", round, provider, me, err)
					}
				}
				if told := s.unknownPrices() > 0; told != c.told {
					t.Errorf("after %s: told of an unknown price: %v, want %v", round, told, c.told)
				}
			}
			if price, sold := s.service.Plans().Price(c.plan, billing.Month, facts.Stripe); sold != c.soldAgain {
				t.Errorf("sold to others: %v (%+v), want %v", sold, price, c.soldAgain)
			}
		})
	}
}

package billing

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing/facts"
)

// reasonsOfSource lists the values of the constants of this package that are called Review….
func reasonsOfSource(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	ours := func(f fs.FileInfo) bool { return !strings.HasSuffix(f.Name(), "_test.go") }
	//lint:ignore SA1019 the syntax alone is read
	packages, err := parser.ParseDir(token.NewFileSet(), ".", ours, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range packages {
		ast.Inspect(p, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					if !strings.HasPrefix(name.Name, "Review") || i >= len(n.Values) {
						continue
					}
					if lit, ok := n.Values[i].(*ast.BasicLit); ok {
						v, err := strconv.Unquote(lit.Value)
						if err != nil {
							t.Fatal(err)
						}
						out[v] = true
					}
				}
			case *ast.CompositeLit: // Review{"a literal reason", …} goes round the list
				if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Review" && len(n.Elts) > 0 {
					if lit, ok := n.Elts[0].(*ast.BasicLit); ok {
						t.Errorf("a review item is made with the literal reason %s; name it", lit.Value)
					}
				}
			}
			return true
		})
	}
	return out
}

// Every kind of item states when it has settled, or why only a person can tell; and
// what it states holds of an example that waits and of one that has settled.
func TestEveryKindOfItemSettles(t *testing.T) {
	t.Parallel()
	found := reasonsOfSource(t)
	if len(found) < 15 {
		t.Fatalf("only %d reasons in the source", len(found))
	}
	for reason := range found {
		if _, ok := kinds[reason]; !ok {
			t.Errorf("%s is in no list of kinds", reason)
		}
	}
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	account := uuid.New()
	plans, err := LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	price := ""
	for _, p := range plans.List {
		for _, pr := range p.Prices {
			if pr.Provider == facts.Stripe {
				price = pr.ProviderPrice
			}
		}
	}
	sub := func(id string, change func(*Subscription)) Subscription {
		s := Subscription{
			Provider: facts.Stripe, ID: id, CustomerID: "cus_1", Status: Active, ProviderStatus: "active",
			PlanID:  "pro",
			PriceID: "price_old", AccessUntil: now.Add(time.Hour), SeenAt: now.Add(-3 * time.Hour),
		}
		if change != nil {
			change(&s)
		}
		return s
	}
	seenLater := func(s *Subscription) { s.SeenAt = now.Add(-time.Minute) }
	ended := func(s *Subscription) {
		s.Status, s.ProviderStatus = Canceled, "canceled"
		s.EndedAt, s.AccessUntil = now.Add(-time.Minute), now.Add(-time.Minute)
	}
	bought := func(refunded, taken int64) *reversed {
		return &reversed{
			status: "paid", credits: 500, amount: 1000, refunded: refunded, taken: taken,
			expects: share(500, refunded, 1000),
		}
	}
	one := func(s ...Subscription) []Subscription { return s }
	for reason, examples := range map[string]struct {
		key           string
		waits, closes []matter
	}{
		ReviewUnmappedCustomer:     {"unmapped customer cus_1", []matter{{}}, []matter{{owned: true}}},
		ReviewUnmappedSubscription: {"unmapped subscription sub_1", []matter{{}}, []matter{{owned: true}}},
		ReviewUnmappedPurchase: {
			"unmapped purchase cs_1",
			[]matter{{}, {purchase: &reversed{status: "open"}}},
			[]matter{{purchase: &reversed{status: "paid"}}},
		},
		ReviewCustomerChanged: {
			"customer sub_1",
			[]matter{{subs: one(sub("sub_1", nil))}},
			[]matter{{subs: one(sub("sub_1", seenLater))}},
		},
		ReviewUnknownPrice: {"price sub_1 price_old", []matter{{subs: one(sub("sub_1", seenLater))}, {}}, []matter{
			{subs: one(sub("sub_1", func(s *Subscription) { s.PriceID = price }))},
			{subs: one(sub("sub_1", ended))},
			{subs: one(sub("sub_1", nil)), about: price},
		}},
		ReviewUnknownStatus: {
			"status sub_1 odd",
			[]matter{{subs: one(sub("sub_1", nil))}},
			[]matter{{subs: one(sub("sub_1", seenLater))}},
		},
		ReviewAmountMismatch: {
			"amount sub_1 $7.00",
			[]matter{{subs: one(sub("sub_1", seenLater))}},
			[]matter{{explained: true}},
		},
		ReviewCurrencyMismatch: {"currency sub_1 CHF", []matter{{}}, []matter{{about: plans.currencyOf(facts.Stripe)}}},
		ReviewRefundFull: {
			"refund ch_1",
			[]matter{
				{subs: one(sub("sub_1", nil))},
				{purchase: bought(1000, 400)},
				{subs: one(sub("sub_1", func(s *Subscription) {
					ended(s)
					s.EndedAt = now.Add(-30 * 24 * time.Hour)
				}))},
			},
			[]matter{{subs: one(sub("sub_1", ended))}, {purchase: bought(1000, 500)}},
		},
		ReviewRefundPartial: {
			"refund ch_1",
			[]matter{{purchase: bought(500, 100)}},
			[]matter{{purchase: bought(500, 250)}},
		},
		ReviewRefundFailed: {
			"refund failed ch_1",
			[]matter{{refunded: true}, {purchase: bought(500, 250)}},
			[]matter{{purchase: bought(1000, 0)}},
		},
		ReviewDisputeLost: {
			"lost ch_1",
			[]matter{{purchase: bought(1000, 0)}},
			[]matter{{purchase: bought(1000, 500)}},
		},
		ReviewPaymentAfterEnd: {
			"after end pay_1",
			[]matter{{subs: one(sub("sub_1", ended))}},
			[]matter{{refunded: true}},
		},
		ReviewMultipleActive: {"multiple sub_1 sub_2", []matter{
			{subs: one(sub("sub_1", nil), sub("sub_2", nil))},
			{subs: one(sub("sub_1", nil), sub("sub_2", nil), sub("sub_3", nil))}, // nothing tells of the three yet
		}, []matter{
			{subs: one(sub("sub_1", nil), sub("sub_2", ended))},
			{subs: one(sub("sub_1", nil), sub("sub_22", nil))},
			{
				subs:     one(sub("sub_1", nil), sub("sub_2", nil), sub("sub_3", nil)),
				openKeys: map[string]bool{"multiple sub_1 sub_2 sub_3": true},
			},
		}},
		ReviewLivemode: {"livemode_mismatch ", []matter{{}}, []matter{{now: now.Add(8 * 24 * time.Hour)}}},
		ReviewAccount:  {"account_mismatch acc_1", []matter{{}}, []matter{{now: now.Add(8 * 24 * time.Hour)}}},
		ReviewCustomerDeleted: {"deleted cus_1", []matter{{subs: one(sub("sub_1", nil))}, {}}, []matter{
			{subs: one(sub("sub_2", func(s *Subscription) { s.CustomerID = "cus_2" }))},
		}},
		ReviewMissingThere: {
			"missing there sub_1",
			[]matter{{subs: one(sub("sub_1", nil))}},
			[]matter{{subs: one(sub("sub_1", seenLater))}},
		},
		ReviewReopened: {
			"reopened sub_1",
			[]matter{{subs: one(sub("sub_1", ended))}},
			[]matter{{subs: one(sub("sub_1", seenLater))}},
		},
		ReviewDeadEvent: {
			"dead evt_1",
			[]matter{{event: "dead"}, {event: "received"}, {}},
			[]matter{{event: "applied"}, {event: "ignored"}},
		},
		ReviewUndecodable: {"undecodable evt_1", []matter{{event: "dead"}, {}}, []matter{{event: "applied"}}},
	} {
		ask := func(m matter) string {
			m.plans = plans
			m.item = ReviewItem{
				Provider: facts.Stripe, Key: examples.key, Reason: reason, AccountID: account, SubscriptionID: "sub_1",
				Status:   "open",
				OpenedAt: now.Add(-2 * time.Hour), SeenAt: now.Add(-time.Hour),
			}
			if m.now.IsZero() {
				m.now = now
			}
			if m.about == "" {
				m.about = examples.key[strings.LastIndex(examples.key, " ")+1:]
			}
			return settledNow(m)
		}
		for i, m := range examples.waits {
			if why := ask(m); why != "" {
				t.Errorf("%s: example %d that waits has settled: %s", reason, i, why)
			}
		}
		for i, m := range examples.closes {
			if ask(m) == "" {
				t.Errorf("%s: example %d that has settled waits", reason, i)
			}
		}
		if len(examples.waits) == 0 || len(examples.closes) == 0 {
			t.Errorf("%s has no example", reason)
		}
		delete(found, reason)
	}
	for reason, k := range kinds {
		switch {
		case k.means == "":
			t.Errorf("%s does not say what it means", reason)
		case (k.settled == nil) == (k.person == ""):
			t.Errorf("%s states neither when it settles nor why only a person can tell, or both", reason)
		case k.settled == nil && k.returns:
			t.Errorf("%s never settles, so it cannot return", reason)
		case k.settled == nil:
			delete(found, reason)
		}
	}
	for reason := range found {
		t.Errorf("%s has no example", reason)
	}
}

// currencyOf is a currency in which plans are sold.
func (ps *Plans) currencyOf(provider facts.Provider) string {
	for _, p := range ps.List {
		for _, price := range p.Prices {
			if price.Provider == provider {
				return price.Amount.Currency
			}
		}
	}
	return ""
}

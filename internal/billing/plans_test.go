package billing

import (
	"os"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

const freeText = `
[[plan]]
id = "free"
name = "Free"
rank = 0
parties_max = 5
`

const proText = `
[[plan]]
id = "pro"
name = "Pro"
rank = 1
parties_max = 0
entitlements = ["export"]
[[plan.price]]
provider = "razorpay"
interval = "month"
currency = "INR"
amount = 29900
provider_price = "plan_P"
`

func TestDefaultPlans(t *testing.T) {
	t.Parallel()
	root, err := os.ReadFile("../../plans.toml")
	if err != nil || string(root) != string(defaultPlans) {
		t.Fatalf("plans.toml at the root is not the built-in list (%v)", err)
	}
	ps, err := LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, plan := range []string{"pro", "team"} {
		for _, interval := range []string{Month, Year} {
			for provider, currency := range map[facts.Provider]string{facts.Razorpay: "INR", facts.Stripe: "USD"} {
				price, ok := ps.Price(plan, interval, provider)
				if !ok || price.Amount.Currency != currency {
					t.Errorf("Price(%s, %s, %s) = %v, %v", plan, interval, provider, price, ok)
				}
				if again, ok := ps.PriceByID(provider, price.ProviderPrice); !ok || again != price {
					t.Errorf("PriceByID(%s) = %v, %v", price.ProviderPrice, again, ok)
				}
			}
		}
	}
	if free, ok := ps.ByID(FreePlan); !ok || free.PartiesMax != 5 || free.Has(Export) {
		t.Errorf("free = %+v, %v", free, ok)
	}
	if pro, _ := ps.ByID("pro"); !pro.Has(Export) || pro.PartiesMax != 0 {
		t.Errorf("pro = %+v", pro)
	}
	currency, amount := ps.Sells(facts.Stripe, money.Amount{Minor: 500, Currency: "USD"})
	if !currency || !amount {
		t.Errorf("Sells $5 = %v, %v", currency, amount)
	}
}

func TestPlansFromEnvironment(t *testing.T) {
	t.Parallel()
	env := func(k string) (string, bool) { return "plan_Live", k == "TIJORI_PRICE_PRO_MONTH_RAZORPAY" }
	ps, err := ParsePlans([]byte(freeText+proText), env)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ps.PriceByID(facts.Razorpay, "plan_Live"); !ok {
		t.Error("the id of the environment is not used")
	}
}

func TestPlansRefused(t *testing.T) {
	t.Parallel()
	both := freeText + proText
	for name, c := range map[string]struct{ text, want string }{
		"syntax":           {freeText + "rank = ", "line 7"},
		"unknown key":      {strings.Replace(both, "parties_max = 0", "parties_max = 0\nparty_max = 3", 1), `line 13: unknown key "plan.party_max"`},
		"no free":          {proText, `no plan "free"`},
		"empty":            {"", `no plan "free"`},
		"free with price":  {freeText + "[[plan.price]]\nprovider=\"stripe\"\ninterval=\"month\"\ncurrency=\"USD\"\namount=5\nprovider_price=\"price_x\"\n", `plan "free" has a price`},
		"negative":         {strings.Replace(both, "29900", "-1", 1), "amount -1 is not more than zero"},
		"zero":             {strings.Replace(both, "29900", "0", 1), "amount 0 is not more than zero"},
		"too small":        {strings.Replace(both, "29900", "99", 1), "Razorpay's least"},
		"too large":        {strings.Replace(both, "29900", "100000000", 1), "above"},
		"float":            {strings.Replace(both, "29900", "299.00", 1), "amount"},
		"currency":         {strings.Replace(both, `"INR"`, `"USD"`, 1), "Razorpay sells in INR"},
		"stripe in INR":    {strings.Replace(strings.Replace(both, `"razorpay"`, `"stripe"`, 1), "plan_P", "price_P", 1), "INR is sold by Razorpay"},
		"provider":         {strings.Replace(both, `"razorpay"`, `"paypal"`, 1), `unknown provider "paypal"`},
		"interval":         {strings.Replace(both, `"month"`, `"week"`, 1), `interval "week"`},
		"price id":         {strings.Replace(both, "plan_P", "price_P", 1), "no Razorpay plan id"},
		"entitlement":      {strings.Replace(both, `"export"`, `"exprot"`, 1), `unknown entitlement "exprot"`},
		"twice":            {both + strings.Replace(strings.Replace(proText, "rank = 1", "rank = 2", 1), "plan_P", "plan_Q", 1), `plan "pro" is there twice`},
		"same price id":    {both + strings.NewReplacer(`"pro"`, `"team"`, "rank = 1", "rank = 2").Replace(proText), `used by plan "pro" already`},
		"same rank":        {both + strings.NewReplacer(`"pro"`, `"team"`, "plan_P", "plan_Q").Replace(proText), "same rank"},
		"below free":       {strings.Replace(freeText, "rank = 0", "rank = 9", 1) + proText, "ranks below"},
		"no rank":          {strings.Replace(both, "rank = 1", "", 1), "has no rank"},
		"no parties_max":   {strings.Replace(both, "parties_max = 0", "", 1), "no parties_max"},
		"negative parties": {strings.Replace(both, "parties_max = 0", "parties_max = -1", 1), "parties_max -1"},
		"no name":          {strings.Replace(both, `name = "Pro"`, "", 1), "name is missing"},
		"bad id":           {strings.Replace(both, `"pro"`, `"Pro!"`, 1), "an id is"},
		"no price":         {freeText + strings.Split(proText, "[[plan.price]]")[0], `plan "pro" has no price`},
		"two of one kind":  {both + "[[plan.price]]\nprovider=\"razorpay\"\ninterval=\"month\"\ncurrency=\"INR\"\namount=500\nprovider_price=\"plan_x\"\n", "two prices per month"},
	} {
		_, err := ParsePlans([]byte(c.text), nil)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one sentence with %q", name, err, c.want)
		}
	}
	if _, err := LoadPlans("/nowhere/plans.toml", nil); err == nil {
		t.Error("a missing file is accepted")
	}
}

func FuzzParsePlans(f *testing.F) {
	f.Add(defaultPlans)
	f.Add([]byte(freeText + proText))
	f.Fuzz(func(t *testing.T, text []byte) {
		ps, err := ParsePlans(text, nil)
		if err != nil {
			return
		}
		if _, ok := ps.ByID(FreePlan); !ok {
			t.Fatal("accepted without a free plan")
		}
		for _, p := range ps.List {
			for _, price := range p.Prices {
				if price.Amount.Minor <= 0 || price.ProviderPrice == "" {
					t.Fatalf("accepted %+v", price)
				}
			}
		}
	})
}

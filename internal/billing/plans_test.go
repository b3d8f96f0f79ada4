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
default = true
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

const stripePrice = `
[[plan.price]]
provider = "stripe"
interval = "month"
currency = "USD"
amount = 500
provider_price = "price_P"
`

const topUpText = `
[[top_up]]
id = "more"
name = "More"
credits = 5
days = 5
[[top_up.price]]
provider = "stripe"
currency = "USD"
amount = 500
provider_price = "price_T"
`

// What is sold no more stays in the file, and is known by its price.
func TestPlansKeepWhatWasSold(t *testing.T) {
	t.Parallel()
	past := "[[plan.price]]\nprovider=\"razorpay\"\ninterval=\"month\"\ncurrency=\"INR\"\namount=19900\nprovider_price=\"plan_Old\"\nsold=false\n"
	gone := strings.NewReplacer(`"pro"`, `"gold"`, `"Pro"`, `"Gold"`, "rank = 1", "rank = 7\nsold = false", "plan_P",
		"plan_G").Replace(proText)
	ps, err := ParsePlans([]byte(freeText+proText+past+strings.Replace(past, "plan_Old", "plan_Older", 1)+gone),
		[]string{"TIJORI_PRICE_PRO_MONTH_RAZORPAY=plan_Env"})
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]struct {
		plan   string
		amount int64
		past   bool
	}{
		"plan_Env": {"pro", 29900, false}, "plan_Old": {"pro", 19900, true}, "plan_Older": {"pro", 19900, true},
		"plan_G": {"gold", 29900, true},
	} {
		if p, ok := ps.PriceByID(facts.Razorpay, id); !ok || p.Plan != want.plan || p.Amount.Minor != want.amount ||
			p.Past != want.past {
			t.Errorf("PriceByID(%s) = %+v, %v; want %+v", id, p, ok, want)
		}
	}
	if p, ok := ps.Price("pro", Month, facts.Razorpay); !ok || p.ProviderPrice != "plan_Env" {
		t.Errorf("Price = %+v, %v", p, ok)
	}
	if p, ok := ps.Price("gold", Month, facts.Razorpay); ok {
		t.Errorf("a withdrawn plan is for sale: %+v", p)
	}
	if gold, ok := ps.ByID("gold"); !ok || !gold.Withdrawn || len(ps.Sold()) != 2 {
		t.Errorf("gold = %+v, %v; sold are %v", gold, ok, ps.Sold())
	}
}

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
	if free := ps.Default(); free.PartiesMax != 5 || free.Has(Export) || len(free.Prices) > 0 {
		t.Errorf("the default plan = %+v", free)
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
	ps, err := ParsePlans([]byte(freeText+proText), []string{
		"HOME=/", "TIJORI_PRICE_PRO_MONTH_RAZORPAY=plan_Live",
		"TIJORI_PRICE_PRO_YEAR_STRIPE=",
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := ps.PriceByID(facts.Razorpay, "plan_Live"); !ok {
		t.Error("the id of the environment is not used")
	}
}

// An id that no price takes would leave the wrong one in force without a word.
func TestPlansRefuseUnknownVariables(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"TIJORI_PRICE_PRO_MONTHLY_RAZORPAY", "TIJORI_PRICE_GOLD_MONTH_RAZORPAY",
		"TIJORI_PRICE_PRO_MONTH_PAYPAL", "TIJORI_TOP_UP_PACK_STRIPE",
	} {
		_, err := ParsePlans([]byte(freeText+proText), []string{name + "=plan_Live"})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPlansRefused(t *testing.T) {
	t.Parallel()
	both := freeText + proText
	stripe := strings.Split(both, "[[plan.price]]")[0] + stripePrice
	team := strings.NewReplacer(`"pro"`, `"team"`, `"Pro"`, `"Team"`, "rank = 1", "rank = 2")
	recommend := func(text string) string {
		return strings.Replace(text, "parties_max = 0", "parties_max = 0\nrecommended = true", 1)
	}
	for name, c := range map[string]struct{ text, want string }{
		"syntax": {freeText + "rank = ", "line 8"},
		"unknown key": {
			strings.Replace(both, "parties_max = 0", "parties_max = 0\nparty_max = 3", 1),
			`line 14: unknown key "plan.party_max"`,
		},
		"no free":         {proText, "no plan says default = true"},
		"empty":           {"", "no plan says default = true"},
		"free with price": {freeText + "[[plan.price]]\nprovider=\"stripe\"\ninterval=\"month\"\ncurrency=\"USD\"\namount=500\nprovider_price=\"price_x\"\n", `plan "free" is the default plan and has a price`},
		"negative":        {strings.Replace(both, "29900", "-1", 1), "amount -1 is not more than zero"},
		"zero":            {strings.Replace(both, "29900", "0", 1), "amount 0 is not more than zero"},
		"too small":       {strings.Replace(both, "29900", "99", 1), "Razorpay's least"},
		"too large":       {strings.Replace(both, "29900", "100000000", 1), "above"},
		"float":           {strings.Replace(both, "29900", "299.00", 1), "amount"},
		"currency":        {strings.Replace(both, `"INR"`, `"USD"`, 1), "Razorpay sells in INR"},
		"stripe in INR": {strings.Replace(strings.Replace(both, `"razorpay"`, `"stripe"`, 1), "plan_P", "price_P",
			1), "INR is sold by Razorpay"},
		"provider":    {strings.Replace(both, `"razorpay"`, `"paypal"`, 1), `unknown provider "paypal"`},
		"interval":    {strings.Replace(both, `"month"`, `"week"`, 1), `interval "week"`},
		"price id":    {strings.Replace(both, "plan_P", "price_P", 1), "no Razorpay plan id"},
		"entitlement": {strings.Replace(both, `"export"`, `"exprot"`, 1), `unknown entitlement "exprot"`},
		"twice": {both + strings.Replace(strings.Replace(proText, "rank = 1", "rank = 2", 1), "plan_P",
			"plan_Q", 1), `plan "pro" is there twice`},
		"same price id": {both + team.Replace(proText), `used by plan "pro" already`},
		"same rank": {both + strings.NewReplacer(`"pro"`, `"team"`, `"Pro"`, `"Team"`, "plan_P",
			"plan_Q").Replace(proText), "same rank"},
		"same name": {both + strings.NewReplacer(`"pro"`, `"team"`, `"Pro"`, `"PRO"`, "rank = 1", "rank = 2",
			"plan_P", "plan_Q").Replace(proText), "the same name"},
		"two defaults": {freeText + strings.NewReplacer(`"free"`, `"base"`, `"Free"`, `"Base"`, "rank = 0",
			"rank = 3").Replace(freeText), `plans "free" and "base" both say default = true`},
		"no default": {strings.Replace(both, "default = true\n", "", 1), "no plan says default = true"},
		"default false": {
			strings.Replace(both, "default = true\n", "default = false\n", 1),
			"no plan says default = true",
		},
		"default unsold": {
			strings.Replace(both, "default = true\n", "default = true\nsold = false\n", 1),
			"cannot say sold = false",
		},
		"recommended free": {
			strings.Replace(both, "default = true\n", "default = true\nrecommended = true\n", 1),
			"cannot be recommended",
		},
		"two recommended": {
			recommend(both) + recommend(strings.Replace(team.Replace(proText), "plan_P", "plan_Q", 1)),
			"both recommended",
		},
		"recommended gone": {strings.Replace(recommend(both), "recommended = true", "recommended = true\nsold = false",
			1), "recommended and says sold = false"},
		"only past prices": {both + "sold = false\n", `plan "pro" has no price`},
		"purpose": {
			strings.Replace(both, "default = true\n", "default = true\npurpose = \"All.\"\n", 1),
			"purpose and purpose_hi come together",
		},
		"blank name":   {strings.Replace(both, `"Pro"`, `" "`, 1), "is not one readable line"},
		"control name": {strings.Replace(both, `"Pro"`, `"Pro\u0007"`, 1), "is not one readable line"},
		"entitled twice": {
			strings.Replace(both, `["export"]`, `["export", "export"]`, 1),
			`entitlement "export" twice`,
		},
		"sold by nobody": {
			strings.Replace(both, `["export"]`, `["reminders"]`, 1),
			`unknown entitlement "reminders"`,
		},
		"new limit": {
			strings.Replace(both, "parties_max = 0", "parties_max = 0\nentries_max = 9", 1),
			`unknown key "plan.entries_max"`,
		},
		"no such currency": {strings.Replace(stripe, `"USD"`, `"XYZ"`, 1), `Stripe charges nothing in "XYZ"`},
		"small currency":   {strings.Replace(stripe, `"USD"`, `"usd"`, 1), `Stripe charges nothing in "usd"`},
		"below its least":  {strings.Replace(stripe, "500", "49", 1), "below Stripe's least, 50"},
		"two currencies": {stripe + strings.NewReplacer("price_P", "price_Q", `"USD"`, `"EUR"`, `"month"`,
			`"year"`).Replace(stripePrice), "a subscription cannot change its currency"},
		"top-up of a plan": {
			stripe + strings.Replace(topUpText, "price_T", "price_P", 1),
			`used by plan "pro" already`,
		},
		"two top-ups": {
			stripe + topUpText + strings.Replace(topUpText, `"more"`, `"much"`, 1),
			`used by top-up "more" already`,
		},
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
		if !ps.Default().Default || ps.List[0].ID != ps.Default().ID {
			t.Fatal("accepted without a default plan, or with one that is not the lowest")
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

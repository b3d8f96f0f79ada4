package web

import (
	"fmt"
	"html"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Every plan renamed, repriced and given other limits: all pages say what the file says, and nothing of what it said
// before.

// planShelf is a generated plan file: which plans, currencies and intervals there are is random, names and numbers are
// its own.
func planShelf(t *testing.T, seed uint64, currencies, intervals []string) *billing.Plans {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 5))
	names := []string{"Chameli", "Kumuda", "Parijat", "Gulmohar", "Aparajita", "Ketaki"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	used := map[int]bool{0: true}
	number := func(from, to int) int { // one that nothing else here has
		for {
			if n := from + r.IntN(to-from); !used[n] {
				used[n] = true
				return n
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[[plan]]\nid = %q\nname = %q\ndefault = true\nrank = %d\nparties_max = %d\nmembers_max = 1\ncredits_per_month = %d\n",
		"z"+strings.ToLower(names[0]), names[0], r.IntN(5), number(2, 7), r.IntN(2)*number(100, 999))
	for i := range 1 + r.IntN(3) {
		fmt.Fprintf(&b, "[[plan]]\nid = %q\nname = %q\nrank = %d\nparties_max = %d\nmembers_max = %d\nentitlements = %s\nrecommended = %v\npurpose = \"For %s.\"\npurpose_hi = \"%s के लिए।\"\n",
			"z"+strings.ToLower(names[i+1]), names[i+1], 10*(i+1), number(10+20*i, 29+20*i)*r.IntN(3),
			number(100+20*i, 119+20*i)*r.IntN(2),
			[]string{"[]", `["export"]`, `["batch_entry"]`, `["batch_entry", "export"]`}[r.IntN(4)], i == 0, names[i+
				1], names[i+1])
		for _, currency := range currencies {
			for _, interval := range intervals {
				provider, price := "stripe", "price_"
				if currency == "INR" {
					provider, price = "razorpay", "plan_"
				}
				fmt.Fprintf(&b,
					"[[plan.price]]\nprovider = %q\ninterval = %q\ncurrency = %q\namount = %d\nprovider_price = \"%s%s%s%d\"\n",
					provider, interval, currency, 1000+number(100_000, 9_000_000), price, names[i+1], interval, seed)
			}
		}
	}
	ps, err := billing.ParsePlans([]byte(b.String()), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return ps
}

var (
	pageTags    = regexp.MustCompile(`(?s)<(script|style|svg).*?</(script|style|svg)>|<[^>]*>`)
	planSums    = regexp.MustCompile(`[₹$€]\s?[\d,]+(\.\d+)?`)
	partyWords  = regexp.MustCompile(`(\d+) (?:party|parties|पार्टी|पार्टियाँ|पार्टियों)`)
	peopleWords = regexp.MustCompile(`(\d+) (?:person|people|व्यक्ति|लोग)`)
	// stalePlans is what the built-in plans are called, and how their limits were once told.
	stalePlans = regexp.MustCompile(`\bPro\b|\bpro\b|Tijori (Free|Team)\b|\b(plan|Get|with|to) (Free|Team)\b|Free plan|\b[Ff]ive\b|पाँच`)
)

// pageText is a page's text, without what every page has.
func pageText(body string) string {
	return strings.Join(strings.Fields(html.UnescapeString(pageTags.ReplaceAllString(body, " "))), " ")
}

func TestEveryPlanFileIsTheTruth(t *testing.T) {
	t.Parallel()
	for i, c := range []struct{ currencies, intervals []string }{
		{[]string{"INR", "USD"}, []string{"month", "year"}},
		{[]string{"INR"}, []string{"year"}},
		{[]string{"EUR"}, []string{"month"}},
		{[]string{"INR", "USD"}, []string{"month"}},
		{[]string{"USD"}, []string{"month", "year"}},
	} {
		t.Run(fmt.Sprint(c.currencies, c.intervals), func(t *testing.T) {
			t.Parallel()
			plans := planShelf(t, uint64(i), c.currencies, c.intervals)
			w := worldOf(t, plans)
			u := w.db.User(t, "Asha")
			room := plans.Default().PartiesMax
			w.ok(w.db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
				for range room {
					if _, err := ledger.AddParty(t.Context(), tx, fresh(), ledger.PartyFields{
						Kind: ledger.Customer,
						Name: "Mohan",
					}); err != nil {
						return err
					}
				}
				return nil
			}))
			p := &shopper{world: w, plans: plans, u: u, used: room}
			for _, locale := range []string{"en", "hi"} {
				p.locale = locale
				w.exec(`update users set locale = $2 where id = $1`, u.UserID, locale)
				w.exec(`update subscriptions
					set access_until = now() - interval '1 day', status = 'canceled', ended_at = now() where account_id = $1`, u.AccountID)
				p.looksAround()
				p.isRefused()
				for _, plan := range plans.Sold() {
					for _, price := range plan.Prices {
						p.has(plan, price)
					}
				}
			}
		})
	}
}

type shopper struct {
	*world
	plans  *billing.Plans
	u      *pgtest.User
	locale string
	used   int
}

// page asks for a page, holds all that it says against the file, and returns its text.
func (p *shopper) page(status int, method string, k ask, token string) string {
	p.Helper()
	r, err := k.request(method, p.url)
	p.ok(err)
	r.Header.Set("Accept-Language", p.locale)
	r.Header.Set("Cookie", "language="+p.locale)
	got := p.do(r, token)
	text := pageText(got.body)
	what := fmt.Sprintf("%s %s %s (%s)", method, k.path, k.query.Encode(), p.locale)
	if got.status != status {
		p.Errorf("%s: %d, want %d: %.400s", what, got.status, status, text)
	}
	if found := stalePlans.FindAllString(text, -1); found != nil {
		p.Errorf("%s says %q, which is not in the plan file: %.3000s", what, found, text)
	}
	known := []string{}
	limits, heads := []int{p.used, 0}, []int{1, 2}
	for _, plan := range p.plans.List {
		limits, heads = append(limits, plan.PartiesMax), append(heads, plan.MembersMax)
		for _, price := range plan.Prices {
			known = append(known, price.Amount.Short(), money.Amount{
				Minor:    price.Amount.Minor / 12,
				Currency: price.Amount.Currency,
			}.Short(), money.Amount{Currency: price.Amount.Currency}.Short())
		}
	}
	known = append(known, "₹0", "₹3,450", "₹1,850", "₹2,000", "₹3,600") // nothing, and the sample on the landing page
	for _, sum := range planSums.FindAllString(text, -1) {
		if !slices.Contains(known, sum) && !strings.HasPrefix(k.path, "/b/") {
			p.Errorf("%s names the price %s, which is in no plan file", what, sum)
		}
	}
	for re, list := range map[*regexp.Regexp][]int{partyWords: limits, peopleWords: heads} {
		for _, m := range re.FindAllStringSubmatch(text, -1) {
			// there headings follow numbers
			if n, _ := strconv.Atoi(m[1]); k.path != "/billing" && !slices.Contains(list, n) {
				p.Errorf("%s says %q, which no plan holds", what, m[0])
			}
		}
	}
	return text
}

func (p *shopper) shows(text, where string, wants ...string) {
	p.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			p.Errorf("%s (%s) does not say %q: %.3000s", where, p.locale, want, text)
		}
	}
}

// currency is what this shop, which reckons in rupees, is shown prices in.
func (p *shopper) currency() string {
	first := ""
	for _, plan := range p.plans.Sold() {
		for _, price := range plan.Prices {
			if first == "" || price.Amount.Currency == "INR" {
				first = price.Amount.Currency
			}
		}
	}
	return first
}

func (p *shopper) price(plan billing.Plan, interval string) string {
	any := ""
	for _, price := range plan.Prices {
		if price.Amount.Currency == p.currency() {
			if price.Interval == interval {
				return price.Amount.Short()
			}
			any = price.Amount.Short()
		}
	}
	return any
}

// looksAround is a visitor, then an owner without a subscription.
func (p *shopper) looksAround() {
	p.Helper()
	recommended := p.plans.Sold()[1]
	for _, token := range []string{"", p.u.Token} {
		if token == "" {
			p.shows(p.page(200, "GET", toPage("/"), ""), "the landing page", recommended.Name,
				p.price(recommended, billing.Month), strconv.Itoa(p.used))
			p.shows(p.page(200, "GET", toPage("/signup"), ""), "the sign-up", strconv.Itoa(p.used))
		}
		for _, interval := range billing.Intervals() {
			text := p.page(200, "GET", ask{path: "/pricing", query: values("interval", interval)}, token)
			for _, plan := range p.plans.Sold() {
				p.shows(text, "the price list by the "+interval, plan.Name, plan.Purpose[p.locale])
				if !plan.Default {
					p.shows(text, "the price list by the "+interval, p.price(plan, interval))
				}
				for _, n := range []int{plan.PartiesMax, plan.MembersMax} {
					if n > 0 {
						p.shows(text, "the price list", strconv.Itoa(n)+" ")
					}
				}
			}
			honest := strings.Contains(text, "Nothing is sold in ₹ INR") ||
				strings.Contains(text, "₹ INR में कोई प्लान नहीं बिकता")
			if want := token != "" && p.currency() != "INR"; honest != want {
				p.Errorf("the price list tells a shop in rupees that nothing is sold in them: %v, want %v", honest,
					want)
			}
			for _, c := range []string{"INR", "USD", "EUR", "XXX", ""} {
				p.page(200, "GET", ask{path: "/pricing", query: values("interval", interval, "currency", c)}, token)
			}
		}
	}
	shop := "/b/" + p.u.BusinessID.String()
	p.shows(p.page(200, "GET", toPage("/billing"), p.u.Token), "the plan's page", "Tijori "+p.plans.Default().Name,
		strconv.Itoa(p.used))
	p.shows(p.page(200, "GET", toPage(shop+"/upgrade"), p.u.Token), "the way to more", recommended.Name)
	for _, path := range []string{
		shop, shop + "/settings", shop + "/import", "/settings", "/team", "/mydata",
		"/billing/usage", "/account/new",
	} {
		p.page(p.statusOf(path), "GET", toPage(path), p.u.Token)
	}
	me := p.send("GET", toPage("/api/billing/me"), p.u.Token)
	p.shows(me.body, "/api/billing/me", `"tier":"`+p.plans.Default().ID+`"`, fmt.Sprintf(`"parties_max":%d`, p.used))
}

func (p *shopper) statusOf(path string) int { return p.send("GET", toPage(path), p.u.Token).status }

// isRefused is an owner at the limits of the default plan: each refusal offers the plan that has what lacks, if one
// has.
func (p *shopper) isRefused() {
	p.Helper()
	shop := "/b/" + p.u.BusinessID.String()
	free := p.plans.Default()
	more := func(n, now int) bool { return n == 0 || n > now }
	for _, c := range []struct {
		method string
		k      ask
		lifts  func(billing.Plan) bool
		limit  int
	}{
		{
			"GET", toPage(shop + "/parties/new"),
			func(b billing.Plan) bool { return more(b.PartiesMax, free.PartiesMax) }, free.PartiesMax,
		},
		{
			"POST", form(shop+"/parties/new", "id", fresh().String(), "kind", "customer", "name", "Sohan"),
			func(b billing.Plan) bool { return more(b.PartiesMax, free.PartiesMax) }, free.PartiesMax,
		},
		{
			"POST", form("/team/invite", "id", fresh().String(), "email", "chhotu@example.com", "role", "counter"),
			func(b billing.Plan) bool { return more(b.MembersMax, free.MembersMax) }, free.MembersMax,
		},
		{"GET", toPage(shop + "/grid"), func(b billing.Plan) bool { return b.Has(billing.BatchEntry) }, 0},
		{"GET", toPage(shop + "/export.csv"), func(b billing.Plan) bool { return b.Has(billing.Export) }, 0},
		{"GET", toPage("/billing/usage.csv"), func(b billing.Plan) bool { return b.Has(billing.Export) }, 0},
	} {
		text := p.page(403, c.method, c.k, p.u.Token)
		if c.limit > 0 {
			p.shows(text, c.k.path, strconv.Itoa(c.limit)+" ")
		}
		offered := false
		for _, plan := range p.plans.Sold() {
			switch {
			case plan.Default:
			case !offered && c.lifts(plan):
				offered = true
				p.shows(text, c.k.path, plan.Name, p.price(plan, billing.Month))
			case strings.Contains(text, plan.Name):
				p.Errorf("%s offers %s, which is not the lowest plan that helps: %.2000s", c.k.path, plan.Name, text)
			}
		}
		if !offered && !strings.Contains(text, "No plan that is sold now has it.") &&
			!strings.Contains(text, "अभी बिकने वाले किसी प्लान में यह नहीं है।") {
			p.Errorf("%s does not say that no plan has it: %.2000s", c.k.path, text)
		}
	}
	got := p.send("POST", ask{
		path: "/api/businesses/" + p.u.BusinessID.String() + "/parties",
		json: map[string]any{"id": fresh().String(), "kind": "customer", "name": "Sohan"},
	}, p.u.Token)
	if got.status != 403 || !strings.Contains(got.body, strconv.Itoa(free.PartiesMax)+" ") ||
		stalePlans.MatchString(got.body) {
		p.Errorf("the API refuses a further party with %d %s", got.status, got.body)
	}
}

// has is an owner who has bought a price.
func (p *shopper) has(plan billing.Plan, price billing.Price) {
	p.Helper()
	checkout := ask{path: "/billing/checkout", query: values("plan", plan.ID, "interval", price.Interval, "provider",
		string(price.Provider))}
	p.shows(p.page(200, "GET", checkout, p.u.Token), "the checkout", "Tijori "+plan.Name, price.Amount.Short())
	id := "sub_" + price.ProviderPrice
	p.db.Subscription(p, p.u.AccountID, string(price.Provider), id+p.locale)
	p.exec(`update subscriptions set plan_id = $3, price_id = $4, period = $5, customer_id = 'c', period_end = now() + interval '20 days', paid_through = now() + interval '20 days',
		access_until = now() + interval '20 days' where account_id = $1 and id = $2`, p.u.AccountID, id+
		p.locale, plan.ID, price.ProviderPrice, price.Interval)
	defer p.exec(`update subscriptions
		set access_until = now() - interval '1 day', status = 'canceled', provider_status = 'canceled', ended_at = now() where account_id = $1`, p.u.AccountID)
	p.shows(p.page(200, "GET", toPage("/billing"), p.u.Token), "the plan's page", "Tijori "+plan.Name,
		price.Amount.Short())
	text := p.page(200, "GET", toPage("/billing/change"), p.u.Token)
	for _, other := range p.plans.Sold() {
		for _, o := range other.Prices {
			if o.Provider == price.Provider {
				p.shows(text, "the change of plan", "Tijori "+other.Name, o.Amount.Short())
			} else if strings.Contains(text, o.Amount.Short()) {
				p.Errorf("the change of plan offers %s of another provider", o.Amount.Short())
			}
		}
	}
	p.page(200, "GET", toPage("/pricing"), p.u.Token)
	p.page(200, "GET", toPage("/b/"+p.u.BusinessID.String()), p.u.Token)
	me := p.send("GET", toPage("/api/billing/me"), p.u.Token)
	p.shows(me.body, "/api/billing/me", `"tier":"`+plan.ID+`"`)
}

// What cannot be sold here is refused by name, whoever asks.
func TestPlansOfOthersAreNotSold(t *testing.T) {
	t.Parallel()
	plans := planShelf(t, 77, []string{"INR"}, []string{"month"})
	w := worldOf(t, plans)
	u := w.db.User(t, "Asha")
	for _, plan := range []string{"pro", "team", "free", plans.Default().ID, ""} {
		got := w.send("POST", ask{path: "/api/billing/checkout", json: map[string]any{
			"plan": plan, "interval": "month",
			"provider": string(facts.Razorpay),
		}}, u.Token)
		if got.status != 422 {
			t.Errorf("checkout of %q: %d %s", plan, got.status, got.body)
		}
	}
}

func toPage(path string) ask { return ask{path: path} }

// Package billing decides who has paid for what. Verified webhooks of the
// providers are stored in the inbox; a worker refetches what they are about,
// and one pure reducer turns the provider's word into a subscription. The tier
// is derived from that at every request, against the service clock.
package billing

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/BurntSushi/toml"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

//go:embed plans.toml
var defaultPlans []byte

// Entitlements that a plan can carry. A plan file that names another is refused,
// and a test refuses one that nothing enforces.
const (
	Export     = "export"      // CSV, XLSX and PDF of one's ledger
	BatchEntry = "batch_entry" // the grid
)

// EntitlementNames lists the entitlements that a plan can carry.
func EntitlementNames() []string { return []string{Export, BatchEntry} }

// Limits that a plan can set. The database enforces them.
const (
	LimitParties = "parties.max" // parties that are not in the bin, of all businesses
	LimitMembers = "members.max" // people of the account, its owner and open invitations included
	LimitSeats   = "seats"       // of an app's plan that is sold by the seat: how many are paid for
)

// Intervals of a price.
const (
	Month = "month"
	Year  = "year"
)

// Intervals lists the intervals of prices, the shorter first.
func Intervals() []string { return []string{Month, Year} }

// A Price is an amount of a plan for an interval, at one provider.
type Price struct {
	Plan          string
	Provider      facts.Provider
	Interval      string // Month or Year
	Amount        money.Amount
	ProviderPrice string // the provider's own id: a price at Stripe, a plan at Razorpay
	Past          bool   // sold no more; subscriptions that pay it keep their plan
}

// A Plan is what we sell, or have sold.
type Plan struct {
	ID              string
	Name            string
	Purpose         map[string]string // whom it is for, by language; empty where the file says nothing
	Rank            int
	Default         bool // of accounts that no subscription gives another; costs nothing
	Recommended     bool
	Withdrawn       bool             // sold no more; who has it keeps it
	PartiesMax      int              // 0 means without limit
	MembersMax      int              // people of the account, its owner included; 0 means without limit
	Limits          map[string]int64 // of an app's own plans, by names of its own; what is absent has no limit
	PerSeat         bool             // of an app: a price is for one seat, and LimitSeats is how many are paid for
	Entitlements    []string
	CreditsPerMonth int64
	Allowances      []Allowance // one a meter, in the order of the file
	Prices          []Price
}

// checkSeats wants every plan to say how many seats it has when one is sold by the seat: what names no limit has none,
// and whoever pays nothing would have more seats than who pays.
func (ps *Plans) checkSeats() error {
	if !slices.ContainsFunc(ps.List, func(p Plan) bool { return p.PerSeat }) {
		return nil
	}
	for _, p := range ps.List {
		if _, says := p.Limits[LimitSeats]; !says && !p.PerSeat {
			return fmt.Errorf("plan %q does not say how many seats it has, and another plan is sold by the seat: "+
				"give its limits seats = 1, or as many as it has", p.ID)
		}
	}
	return nil
}

// MaxSeats is how many seats can be bought where the plan's limits name no fewer.
const MaxSeats = 10_000

// MostSeats is how many seats of the plan can be bought at once: 1 where it is not sold by the seat.
func (p Plan) MostSeats() int64 {
	switch most, limited := p.Limits[LimitSeats]; {
	case !p.PerSeat:
		return 1
	case limited:
		return most
	}
	return MaxSeats
}

// Has reports whether the plan carries an entitlement.
func (p Plan) Has(entitlement string) bool { return slices.Contains(p.Entitlements, entitlement) }

// limits are the plan's limits as the database keeps them: by name, and absent where there is none.
func (p Plan) limits() map[string]int64 {
	out := map[string]int64{}
	maps.Copy(out, p.Limits)
	for name, most := range map[string]int{LimitParties: p.PartiesMax, LimitMembers: p.MembersMax} {
		if most > 0 {
			out[name] = int64(most)
		}
	}
	if p.PerSeat {
		out[LimitSeats] = p.MostSeats()
	}
	return out
}

// Plans is the validated list of a plan file, in order of rank.
type Plans struct {
	App     string // whose plans these are: the khata's, or the app's that the file names
	List    []Plan
	Meters  []Meter
	TopUps  []TopUp
	byPrice map[string]Price
}

// ByID returns the plan with an id, and false when there is none.
func (ps *Plans) ByID(id string) (Plan, bool) {
	for _, p := range ps.List {
		if p.ID == id {
			return p, true
		}
	}
	return Plan{}, false
}

// Default is the plan of an account that no subscription gives another: the file
// names it.
func (ps *Plans) Default() Plan {
	for _, p := range ps.List {
		if p.Default {
			return p
		}
	}
	return Plan{} // ParsePlans has made sure that there is one
}

// Sold lists the plans that can be had now, the default plan first.
func (ps *Plans) Sold() []Plan {
	return slices.DeleteFunc(slices.Clone(ps.List), func(p Plan) bool { return p.Withdrawn })
}

// Price returns the price of a plan for an interval at a provider, and false
// when it is not for sale that way.
func (ps *Plans) Price(plan, interval string, provider facts.Provider) (Price, bool) {
	p, ok := ps.ByID(plan)
	if !ok || p.Withdrawn {
		return Price{}, false
	}
	for _, price := range p.Prices {
		if !price.Past && price.Interval == interval && price.Provider == provider {
			return price, true
		}
	}
	return Price{}, false
}

// PriceByID returns the price that a provider knows under an id, a past one too.
func (ps *Plans) PriceByID(provider facts.Provider, id string) (Price, bool) {
	price, ok := ps.byPrice[string(provider)+" "+id]
	return price, ok
}

// Sells reports whether any price of the provider has this currency, and
// whether one has exactly this amount.
func (ps *Plans) Sells(provider facts.Provider, a money.Amount) (currency, amount bool) {
	for _, p := range ps.List {
		for _, price := range p.Prices {
			if price.Provider == provider && price.Amount.Currency == a.Currency {
				currency = true
				amount = amount || price.Amount.Minor == a.Minor
			}
		}
	}
	return currency, amount
}

type planFile struct {
	App   string      `toml:"app"`
	Meter []fileMeter `toml:"meter"`
	TopUp []fileTopUp `toml:"top_up"`
	Plan  []struct {
		ID              string           `toml:"id"`
		Name            string           `toml:"name"`
		Purpose         string           `toml:"purpose"`
		PurposeHindi    string           `toml:"purpose_hi"`
		Rank            *int             `toml:"rank"`
		Default         bool             `toml:"default"`
		Recommended     bool             `toml:"recommended"`
		Sold            *bool            `toml:"sold"`
		PartiesMax      *int             `toml:"parties_max"`
		MembersMax      int              `toml:"members_max"`
		Limits          map[string]int64 `toml:"limits"`
		PerSeat         bool             `toml:"per_seat"`
		Entitlements    []string         `toml:"entitlements"`
		CreditsPerMonth int64            `toml:"credits_per_month"`
		CreditsPerDay   int64            `toml:"credits_per_day"`
		Allowance       []fileAllowance  `toml:"allowance"`
		Price           []struct {
			Provider      string `toml:"provider"`
			Interval      string `toml:"interval"`
			Currency      string `toml:"currency"`
			Amount        int64  `toml:"amount"`
			ProviderPrice string `toml:"provider_price"`
			Sold          *bool  `toml:"sold"`
		} `toml:"price"`
	} `toml:"plan"`
}

// LoadPlans reads the plan file at path, or the list built into the program
// when path is empty. environ, of the form of os.Environ, replaces provider price
// ids; a variable for a price that the file does not have is an error. The error is one
// sentence that names the file.
func LoadPlans(path string, environ []string) (*Plans, error) {
	text, name := defaultPlans, "plans.toml"
	if path != "" {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("read plans: %w", err)
		}
		text, name = b, path
	}
	ps, err := ParsePlans(text, environ)
	if err == nil && ps.App != Khata.App {
		err = fmt.Errorf("this file is what the app %q sells; TIJORI_APP_PLANS names such files", ps.App)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return ps, nil
}

// LoadAppPlans reads the plan file of an app, which it names.
func LoadAppPlans(path string) (*Plans, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read plans: %w", err)
	}
	ps, err := ParsePlans(text, nil)
	if err == nil && ps.App == Khata.App {
		err = errors.New(`the file does not say whose plans these are: app = "…" in its first line`)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ps, nil
}

// ParsePlans reads and validates a plan file; environ is as in LoadPlans.
func ParsePlans(text []byte, environ []string) (*Plans, error) {
	ids := priceIDsOf(environ)
	var f planFile
	md, err := toml.Decode(string(text), &f)
	if err != nil {
		if pe := (toml.ParseError{}); errors.As(err, &pe) {
			return nil, fmt.Errorf("line %d: %s", pe.Position.Line, pe.Message)
		}
		return nil, err
	}
	if unknown := md.Undecoded(); len(unknown) > 0 {
		return nil, fmt.Errorf("%sunknown key %q", lineOf(text, unknown[0]), unknown[0].String())
	}
	ps := &Plans{App: cmp.Or(f.App, Khata.App), byPrice: map[string]Price{}}
	if !appID.MatchString(ps.App) {
		return nil, fmt.Errorf("app %q: an id is lower-case letters, digits and -", ps.App)
	}
	if err := ps.addMeters(f.Meter); err != nil {
		return nil, err
	}
	ranks := map[int]string{}
	for i, fp := range f.Plan {
		p := Plan{
			ID: fp.ID, Name: fp.Name, Default: fp.Default, Recommended: fp.Recommended, Withdrawn: no(fp.Sold),
			Entitlements: fp.Entitlements, CreditsPerMonth: fp.CreditsPerMonth, MembersMax: fp.MembersMax,
			Limits: fp.Limits, PerSeat: fp.PerSeat,
		}
		if err := p.check(i, fp.Rank, ranks); err != nil {
			return nil, err
		}
		check := p.checkOwn
		if ps.App == Khata.App {
			check = p.checkKhata
		}
		if err := check(fp.PartiesMax, ps.Meters); err != nil {
			return nil, err
		}
		if err := p.addPurpose(fp.Purpose, fp.PurposeHindi); err != nil {
			return nil, err
		}
		for _, other := range ps.List {
			switch {
			case other.ID == p.ID:
				return nil, fmt.Errorf("plan %q is there twice", p.ID)
			case strings.EqualFold(other.Name, p.Name):
				return nil, fmt.Errorf("plans %q and %q have the same name, so that nobody can tell them apart",
					other.ID, p.ID)
			}
		}
		if err := ps.addAllowances(&p, fp.CreditsPerDay, fp.Allowance); err != nil {
			return nil, err
		}
		for _, fr := range fp.Price {
			price := Price{
				Plan: p.ID, Provider: facts.Provider(fr.Provider), Interval: fr.Interval, Past: no(fr.Sold) ||
					p.Withdrawn,
				Amount: money.Amount{Minor: fr.Amount, Currency: fr.Currency}, ProviderPrice: fr.ProviderPrice,
			}
			if !no(fr.Sold) {
				ids.replace(&price.ProviderPrice, pricePrefix, p.ID, fr.Interval, fr.Provider)
			}
			if err := price.check(); err != nil {
				return nil, err
			}
			if err := ps.add(&p, price); err != nil {
				return nil, err
			}
		}
		ps.List = append(ps.List, p)
	}
	if err := ps.checkDefault(); err != nil {
		return nil, err
	}
	if err := ps.checkOffers(); err != nil {
		return nil, err
	}
	if err := ps.checkSeats(); err != nil {
		return nil, err
	}
	if err := ps.addTopUps(f.TopUp, ids); err != nil {
		return nil, err
	}
	if err := ids.allUsed(); err != nil {
		return nil, err
	}
	slices.SortFunc(ps.List, func(a, b Plan) int { return a.Rank - b.Rank })
	return ps, nil
}

// The names of the variables that replace provider price ids.
const (
	pricePrefix = "TIJORI_PRICE"  // _<PLAN>_<INTERVAL>_<PROVIDER>
	topUpPrefix = "TIJORI_TOP_UP" // _<ID>_<PROVIDER>
)

// priceIDs are the provider price ids of the environment that no price has taken yet, by variable.
type priceIDs map[string]string

func priceIDsOf(environ []string) priceIDs {
	ids := priceIDs{}
	for _, v := range environ {
		name, id, _ := strings.Cut(v, "=")
		if id != "" && (strings.HasPrefix(name, pricePrefix+"_") || strings.HasPrefix(name, topUpPrefix+"_")) {
			ids[name] = id
		}
	}
	return ids
}

// replace puts the id of the environment, where there is one, in the place of the file's.
func (ids priceIDs) replace(id *string, words ...string) {
	name := strings.ToUpper(strings.Join(words, "_"))
	if v, ok := ids[name]; ok {
		*id = v
		delete(ids, name)
	}
}

// allUsed refuses what is left: whoever set it has mistaken its name.
func (ids priceIDs) allUsed() error {
	if len(ids) == 0 {
		return nil
	}
	return fmt.Errorf("%s in the environment names no price of the plan file",
		slices.Min(slices.Collect(maps.Keys(ids))))
}

// no reports whether a key is there and false.
func no(b *bool) bool { return b != nil && !*b }

func (ps *Plans) add(p *Plan, price Price) error {
	for _, other := range p.Prices {
		if !price.Past && !other.Past && other.Interval == price.Interval && other.Provider == price.Provider {
			return fmt.Errorf("plan %q has two prices per %s by %s; the one that is sold no more says sold = false",
				p.ID,
				price.Interval, price.Provider)
		}
	}
	key := string(price.Provider) + " " + price.ProviderPrice
	if other, taken := ps.byPrice[key]; taken {
		return fmt.Errorf("plan %q: provider_price %q is used by plan %q already",
			p.ID, price.ProviderPrice, other.Plan)
	}
	ps.byPrice[key] = price
	p.Prices = append(p.Prices, price)
	return nil
}

var (
	appID          = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}$`)
	featureName    = regexp.MustCompile(`^[a-z][a-z0-9_.]{0,60}$`)
	currencyCode   = regexp.MustCompile(`^[A-Z]{3}$`)
	planID         = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)
	stripePriceID  = regexp.MustCompile(`^price_[A-Za-z0-9_]{1,100}$`)
	razorpayPlanID = regexp.MustCompile(`^plan_[A-Za-z0-9_]{1,100}$`)
)

// readable reports whether a text can stand on a page: one line that shows
// something, and does not begin or end with space.
func readable(s string, most int) bool {
	return s != "" && len(s) <= most && utf8.ValidString(s) && strings.TrimSpace(s) == s &&
		strings.IndexFunc(s, func(r rune) bool {
			return !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' // joiners, which Hindi is written with
		}) < 0
}

// addPurpose takes the sentence on whom a plan is for: in both languages or in none.
func (p *Plan) addPurpose(english, hindi string) error {
	if (english == "") != (hindi == "") {
		return fmt.Errorf("plan %q: purpose and purpose_hi come together", p.ID)
	}
	if english == "" {
		return nil
	}
	for _, s := range []string{english, hindi} {
		if !readable(s, 200) {
			return fmt.Errorf("plan %q: purpose %q is not one readable line of up to 200 bytes", p.ID, s)
		}
	}
	p.Purpose = map[string]string{"en": english, "hi": hindi}
	return nil
}

func (p *Plan) check(i int, rank *int, ranks map[int]string) error {
	switch {
	case p.ID == "":
		return fmt.Errorf("plan %d has no id", i+1)
	case !planID.MatchString(p.ID):
		return fmt.Errorf("plan %q: an id is lower-case letters, digits and _", p.ID)
	case p.Name == "" || len(p.Name) > 60:
		return fmt.Errorf("plan %q: name is missing or longer than 60 bytes", p.ID)
	case !readable(p.Name, 60):
		return fmt.Errorf("plan %q: name %q is not one readable line", p.ID, p.Name)
	case rank == nil:
		return fmt.Errorf("plan %q has no rank", p.ID)
	case *rank < 0 || *rank > 1_000_000:
		return fmt.Errorf("plan %q: rank %d is not between 0 and 1000000", p.ID, *rank)
	case ranks[*rank] != "":
		return fmt.Errorf("plan %q has the same rank as plan %q", p.ID, ranks[*rank])
	case p.CreditsPerMonth < 0 || p.CreditsPerMonth > 1_000_000_000:
		return fmt.Errorf("plan %q: credits_per_month %d is not between 0 and 1000000000", p.ID, p.CreditsPerMonth)
	}
	for i, e := range p.Entitlements {
		if slices.Contains(p.Entitlements[:i], e) {
			return fmt.Errorf("plan %q has entitlement %q twice", p.ID, e)
		}
	}
	p.Rank = *rank
	ranks[p.Rank] = p.ID
	return nil
}

// checkKhata holds a plan of the khata against what the khata enforces.
func (p *Plan) checkKhata(partiesMax *int, _ []Meter) error {
	switch {
	case partiesMax == nil:
		return fmt.Errorf("plan %q has no parties_max (0 means without limit)", p.ID)
	case *partiesMax < 0 || *partiesMax > 100_000_000:
		return fmt.Errorf("plan %q: parties_max %d is not between 0 and 100000000", p.ID, *partiesMax)
	case p.MembersMax < 0 || p.MembersMax > 1_000_000:
		return fmt.Errorf("plan %q: members_max %d is not between 0 and 1000000", p.ID, p.MembersMax)
	case p.PerSeat:
		return fmt.Errorf("plan %q: the khata is not sold by the seat; per_seat is of an app's plans", p.ID)
	case len(p.Limits) > 0:
		return fmt.Errorf("plan %q: limits are of an app's plans; the khata has parties_max and members_max", p.ID)
	}
	for _, e := range p.Entitlements {
		if !slices.Contains(EntitlementNames(), e) {
			return fmt.Errorf("plan %q: unknown entitlement %q", p.ID, e)
		}
	}
	p.PartiesMax = *partiesMax
	return nil
}

// checkOwn holds a plan of an app against what check() can tell apart: its program enforces its own names.
func (p *Plan) checkOwn(partiesMax *int, meters []Meter) error {
	if partiesMax != nil || p.MembersMax != 0 {
		return fmt.Errorf("plan %q: parties_max and members_max are the khata's; an app's plan has limits", p.ID)
	}
	most, limited := p.Limits[LimitSeats]
	switch {
	case p.PerSeat && p.Default:
		return fmt.Errorf("plan %q: the default plan costs nothing, so it is not sold by the seat", p.ID)
	case p.PerSeat && limited && (most < 1 || most > MaxSeats):
		return fmt.Errorf("plan %q: from 1 to %d seats can be sold", p.ID, MaxSeats)
	case p.PerSeat && slices.Contains(p.Entitlements, LimitSeats):
		return fmt.Errorf("plan %q: %q is an entitlement and a limit", p.ID, LimitSeats)
	}
	names := slices.Clone(p.Entitlements)
	for name, most := range p.Limits {
		if most < 0 {
			return fmt.Errorf("plan %q: limit %q is below zero; what has no limit is left out", p.ID, name)
		}
		if slices.Contains(names, name) {
			return fmt.Errorf("plan %q: %q is an entitlement and a limit", p.ID, name)
		}
		names = append(names, name)
	}
	for _, name := range names {
		if !featureName.MatchString(name) {
			return fmt.Errorf("plan %q: feature %q is not lower-case letters, digits, . and _", p.ID, name)
		}
		if slices.ContainsFunc(meters, func(m Meter) bool { return m.ID == name }) {
			return fmt.Errorf("plan %q: %q is a meter already", p.ID, name)
		}
	}
	return nil
}

func (p Price) check() error {
	where := fmt.Sprintf("plan %q, price per %s by %s", p.Plan, p.Interval, p.Provider)
	switch {
	case p.Provider != facts.Stripe && p.Provider != facts.Razorpay:
		return fmt.Errorf("plan %q: unknown provider %q", p.Plan, p.Provider)
	case p.Interval != Month && p.Interval != Year:
		return fmt.Errorf("plan %q: interval %q is neither month nor year", p.Plan, p.Interval)
	case p.Provider == facts.Razorpay && p.Amount.Currency != "INR" && !p.Past:
		return fmt.Errorf("%s: Razorpay sells in INR, not %q", where, p.Amount.Currency)
	case p.Amount.Minor <= 0:
		return fmt.Errorf("%s: amount %d is not more than zero", where, p.Amount.Minor)
	case p.Provider == facts.Razorpay && p.Amount.Minor < 100:
		return fmt.Errorf("%s: amount %d is below Razorpay's least, 100 paise", where, p.Amount.Minor)
	case p.Amount.Minor > 99_999_999:
		return fmt.Errorf("%s: amount %d is above 99999999", where, p.Amount.Minor)
	case p.Provider == facts.Stripe && chargeable(p.Amount) != "" && !p.Past:
		return fmt.Errorf("%s: %s", where, chargeable(p.Amount))
	case p.Past && !currencyCode.MatchString(p.Amount.Currency):
		return fmt.Errorf("%s: %q is no currency", where, p.Amount.Currency)
	case p.Provider == facts.Stripe && !stripePriceID.MatchString(p.ProviderPrice):
		return fmt.Errorf("%s: provider_price %q is no Stripe price id (price_…)", where, p.ProviderPrice)
	case p.Provider == facts.Razorpay && !razorpayPlanID.MatchString(p.ProviderPrice):
		return fmt.Errorf("%s: provider_price %q is no Razorpay plan id (plan_…)", where, p.ProviderPrice)
	}
	return nil
}

// checkDefault: every account without a subscription has the default plan, so
// there is one, nobody pays for it, and every other one gives more.
func (ps *Plans) checkDefault() error {
	var plan Plan
	for _, p := range ps.List {
		if p.Default && plan.Default {
			return fmt.Errorf("plans %q and %q both say default = true; every account without a subscription has the one",
				plan.ID, p.ID)
		}
		if p.Default {
			plan = p
		}
	}
	switch {
	case !plan.Default:
		return errors.New("no plan says default = true: which one has an account without a subscription?")
	case plan.Withdrawn:
		return fmt.Errorf("plan %q is the default plan, so it cannot say sold = false", plan.ID)
	case plan.Recommended:
		return fmt.Errorf("plan %q is the default plan, which nobody chooses, so it cannot be recommended", plan.ID)
	case len(plan.Prices) > 0:
		return fmt.Errorf("plan %q is the default plan and has a price", plan.ID)
	}
	for _, p := range ps.List {
		if !p.Default && p.Rank <= plan.Rank {
			return fmt.Errorf("plan %q ranks below %q, the default plan", p.ID, plan.ID)
		}
	}
	return nil
}

// checkOffers refuses what could be shown and not be sold.
func (ps *Plans) checkOffers() error {
	recommended := ""
	var stripe *Price // one that Stripe sells
	for _, p := range ps.List {
		switch {
		case p.Recommended && p.Withdrawn:
			return fmt.Errorf("plan %q is recommended and says sold = false", p.ID)
		case p.Recommended && recommended != "":
			return fmt.Errorf("plans %q and %q are both recommended", recommended, p.ID)
		case p.Recommended:
			recommended = p.ID
		}
		if !p.Default && !p.Withdrawn && !slices.ContainsFunc(p.Prices, func(price Price) bool { return !price.Past }) {
			return fmt.Errorf("plan %q has no price; one that is sold no more says sold = false", p.ID)
		}
		for i, price := range p.Prices {
			if price.Past || price.Provider != facts.Stripe {
				continue
			}
			if stripe != nil && stripe.Amount.Currency != price.Amount.Currency {
				return fmt.Errorf("plan %q is sold by Stripe in %s and plan %q in %s, but a subscription cannot "+
					"change its currency: choose one",
					stripe.Plan, stripe.Amount.Currency, p.ID, price.Amount.Currency)
			}
			stripe = &p.Prices[i]
		}
	}
	return nil
}

// lineOf finds the first line on which an unknown key stands, for the message.
func lineOf(text []byte, key toml.Key) string {
	last := key[len(key)-1]
	for i, line := range strings.Split(string(text), "\n") {
		t := strings.TrimLeft(strings.TrimSpace(line), "[ ")
		if rest, ok := strings.CutPrefix(t, last); ok && strings.HasPrefix(strings.TrimSpace(rest), "=") {
			return fmt.Sprintf("line %d: ", i+1)
		}
	}
	return ""
}

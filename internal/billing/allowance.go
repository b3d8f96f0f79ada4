package billing

import (
	"fmt"
	"regexp"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/money"
)

// DefaultMeter is the kind of credit that credits_per_month is of.
const DefaultMeter = "credits"

// Day is how often an allowance may come beside Month.
const Day = "day"

// A Meter is a kind of credit.
type Meter struct {
	ID   string
	Name string
	Low  int64 // an app is told when a customer can spend less; 0 is never
}

// An Allowance is what a plan brings of a meter, again and again.
type Allowance struct {
	Meter    string
	Amount   int64
	Every    string // Month or Day
	RollOver int    // for how many further periods what is not used stays
}

// A TopUp is a one-time purchase of credits.
type TopUp struct {
	ID      string
	Name    string
	Meter   string
	Credits int64
	Days    int // how long they last; 0 is for ever
	Prices  []Price
}

// Price returns what a top-up costs at a provider, and false when it is not for
// sale there.
func (t TopUp) Price(provider facts.Provider) (Price, bool) {
	for _, p := range t.Prices {
		if p.Provider == provider {
			return p, true
		}
	}
	return Price{}, false
}

// TopUp returns the top-up with an id, and false when there is none.
func (ps *Plans) TopUp(id string) (TopUp, bool) {
	for _, t := range ps.TopUps {
		if t.ID == id {
			return t, true
		}
	}
	return TopUp{}, false
}

// Meter returns the meter with an id, and false when there is none.
func (ps *Plans) Meter(id string) (Meter, bool) {
	for _, m := range ps.Meters {
		if m.ID == id {
			return m, true
		}
	}
	return Meter{}, false
}

type fileMeter struct {
	ID   string `toml:"id"`
	Name string `toml:"name"`
	Low  int64  `toml:"low"`
}

type fileAllowance struct {
	Meter    string `toml:"meter"`
	Amount   int64  `toml:"amount"`
	Every    string `toml:"every"`
	RollOver int    `toml:"roll_over"`
}

type fileTopUp struct {
	ID      string `toml:"id"`
	Name    string `toml:"name"`
	Meter   string `toml:"meter"`
	Credits int64  `toml:"credits"`
	Days    int    `toml:"days"`
	Price   []struct {
		Provider      string `toml:"provider"`
		Currency      string `toml:"currency"`
		Amount        int64  `toml:"amount"`
		ProviderPrice string `toml:"provider_price"`
	} `toml:"price"`
}

const mostCredits = 1_000_000_000

func (ps *Plans) addMeters(list []fileMeter) error {
	ps.Meters = []Meter{{ID: DefaultMeter, Name: "Credits"}}
	for _, m := range list {
		switch {
		case !planID.MatchString(m.ID):
			return fmt.Errorf("meter %q: an id is lower-case letters, digits and _", m.ID)
		case !readable(m.Name, 60):
			return fmt.Errorf("meter %q: name is missing, longer than 60 bytes or not one readable line", m.ID)
		case m.Low < 0 || m.Low > mostCredits:
			return fmt.Errorf("meter %q: low %d is not between 0 and %d", m.ID, m.Low, mostCredits)
		}
		if m.ID == DefaultMeter {
			ps.Meters[0] = Meter(m)
			continue
		}
		if _, twice := ps.Meter(m.ID); twice {
			return fmt.Errorf("meter %q is there twice", m.ID)
		}
		ps.Meters = append(ps.Meters, Meter(m))
	}
	return nil
}

// addAllowances gathers what a plan brings of each meter. credits_per_month and
// credits_per_day are short for an allowance of the meter credits.
func (ps *Plans) addAllowances(p *Plan, perDay int64, list []fileAllowance) error {
	if p.CreditsPerMonth > 0 && perDay > 0 {
		return fmt.Errorf("plan %q has credits by the month and by the day; choose one", p.ID)
	}
	if p.CreditsPerMonth > 0 {
		list = append([]fileAllowance{{Meter: DefaultMeter, Amount: p.CreditsPerMonth, Every: Month}}, list...)
	} else if perDay != 0 {
		list = append([]fileAllowance{{Meter: DefaultMeter, Amount: perDay, Every: Day}}, list...)
	}
	for _, a := range list {
		if a.Meter == "" {
			a.Meter = DefaultMeter
		}
		_, known := ps.Meter(a.Meter)
		switch {
		case !known:
			return fmt.Errorf("plan %q: there is no meter %q", p.ID, a.Meter)
		case a.Every != Month && a.Every != Day:
			return fmt.Errorf("plan %q: an allowance comes every month or day, not %q", p.ID, a.Every)
		case a.Amount < 1 || a.Amount > mostCredits:
			return fmt.Errorf("plan %q: an allowance of %d is not between 1 and %d", p.ID, a.Amount, mostCredits)
		case a.RollOver < 0 || a.RollOver > 12:
			return fmt.Errorf("plan %q: roll_over %d is not between 0 and 12", p.ID, a.RollOver)
		}
		for _, have := range p.Allowances {
			if have.Meter == a.Meter {
				return fmt.Errorf("plan %q has two allowances of meter %q", p.ID, a.Meter)
			}
		}
		p.Allowances = append(p.Allowances, Allowance(a))
	}
	return nil
}

var stripeTopUpID = regexp.MustCompile(`^price_[A-Za-z0-9_]{1,100}$`)

func (ps *Plans) addTopUps(list []fileTopUp, ids priceIDs) error {
	for _, f := range list {
		t := TopUp{ID: f.ID, Name: f.Name, Meter: f.Meter, Credits: f.Credits, Days: f.Days}
		if t.Meter == "" {
			t.Meter = DefaultMeter
		}
		_, twice := ps.TopUp(t.ID)
		_, known := ps.Meter(t.Meter)
		switch {
		case !planID.MatchString(t.ID):
			return fmt.Errorf("top-up %q: an id is lower-case letters, digits and _", t.ID)
		case twice:
			return fmt.Errorf("top-up %q is there twice", t.ID)
		case !readable(t.Name, 60):
			return fmt.Errorf("top-up %q: name is missing, longer than 60 bytes or not one readable line", t.ID)
		case !known:
			return fmt.Errorf("top-up %q: there is no meter %q", t.ID, t.Meter)
		case t.Credits < 1 || t.Credits > mostCredits:
			return fmt.Errorf("top-up %q: credits %d is not between 1 and %d", t.ID, t.Credits, mostCredits)
		case t.Days < 0 || t.Days > 3650:
			return fmt.Errorf("top-up %q: days %d is not between 0 and 3650", t.ID, t.Days)
		case len(f.Price) == 0:
			return fmt.Errorf("top-up %q has no price", t.ID)
		}
		for _, fp := range f.Price {
			price := Price{
				Provider: facts.Provider(fp.Provider), Amount: money.Amount{Minor: fp.Amount, Currency: fp.Currency},
				ProviderPrice: fp.ProviderPrice,
			}
			ids.replace(&price.ProviderPrice, topUpPrefix, t.ID, fp.Provider)
			if err := t.checkPrice(price); err != nil {
				return err
			}
			if err := ps.claimPrice(price.ProviderPrice, t.ID); err != nil {
				return err
			}
			t.Prices = append(t.Prices, price)
		}
		ps.TopUps = append(ps.TopUps, t)
	}
	return nil
}

// claimPrice refuses a price of Stripe that a plan or another top-up has: what was
// bought could not be told.
func (ps *Plans) claimPrice(id, topUp string) error {
	if id == "" {
		return nil
	}
	if plan, taken := ps.PriceByID(facts.Stripe, id); taken {
		return fmt.Errorf("top-up %q: provider_price %q is used by plan %q already", topUp, id, plan.Plan)
	}
	for _, t := range ps.TopUps {
		for _, p := range t.Prices {
			if p.ProviderPrice == id {
				return fmt.Errorf("top-up %q: provider_price %q is used by top-up %q already", topUp, id, t.ID)
			}
		}
	}
	return nil
}

// checkPrice: Stripe sells a price that is made there; Razorpay an order of any amount.
func (t TopUp) checkPrice(p Price) error {
	where := fmt.Sprintf("top-up %q, price by %s", t.ID, p.Provider)
	_, twice := t.Price(p.Provider)
	switch {
	case !p.Provider.Known():
		return fmt.Errorf("top-up %q: unknown provider %q", t.ID, p.Provider)
	case twice:
		return fmt.Errorf("top-up %q has two prices by %s", t.ID, p.Provider)
	case p.Provider == facts.Razorpay && (p.Amount.Currency != "INR" || p.Amount.Minor < 100):
		return fmt.Errorf("%s: Razorpay sells in INR, from 100 amount_minor", where)
	case p.Provider == facts.Razorpay && p.ProviderPrice != "":
		return fmt.Errorf("%s: an order at Razorpay has no provider_price", where)
	case p.Provider == facts.Stripe && !stripeTopUpID.MatchString(p.ProviderPrice):
		return fmt.Errorf("%s: provider_price %q is no Stripe price id (price_…)", where, p.ProviderPrice)
	case p.Amount.Minor < 1 || p.Amount.Minor > 99_999_999:
		return fmt.Errorf("%s: amount %d is not between 1 and 99999999", where, p.Amount.Minor)
	case p.Provider == facts.Stripe && chargeable(p.Amount) != "":
		return fmt.Errorf("%s: %s", where, chargeable(p.Amount))
	}
	return nil
}

package billing

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/money"
)

// DraftPlans reads what an app sells at its providers, either of which may be nil, and writes a plan file of it: prices
// that are on sale, and those that somebody still pays, which say sold = false. What a plan allows the providers do not
// know; the file says where to write it. It only reads, so that a restricted key is enough.
func DraftPlans(ctx context.Context, app string, s *stripe.Client, r *razorpay.Client) (string, error) {
	d := draft{app: app, paid: map[string]int{}}
	for _, g := range gatewaysOf(s, r) {
		if err := d.read(ctx, g); err != nil {
			return "", err
		}
	}
	return d.file(), nil
}

func gatewaysOf(s *stripe.Client, r *razorpay.Client) (list []gateway) {
	if r != nil {
		list = append(list, r)
	}
	if s != nil {
		list = append(list, s)
	}
	return list
}

type goods struct {
	facts.Offer
	provider facts.Provider
}

type draft struct {
	app    string
	offers []goods
	paid   map[string]int // running subscriptions, by provider and price
	left   []string       // what is in no plan, and why
}

func (d *draft) read(ctx context.Context, g gateway) error {
	provider, cursor := g.Provider(), ""
	for {
		list, next, err := g.OfferPage(ctx, cursor)
		if err != nil {
			return fmt.Errorf("read the prices of %s: %w", provider.Name(), err)
		}
		for _, o := range list {
			d.offers = append(d.offers, goods{o, provider})
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	for {
		list, next, err := g.SubscriptionPage(ctx, "", cursor)
		if err != nil {
			return fmt.Errorf("read the subscriptions of %s: %w", provider.Name(), err)
		}
		for _, sub := range list {
			if !charges(provider, sub, time.Now()) {
				continue
			}
			if len(sub.Items) == 0 {
				d.paid[string(provider)+" "+sub.PriceID]++
			}
			for _, item := range sub.Items {
				d.paid[string(provider)+" "+item.PriceID]++
			}
		}
		if cursor = next; cursor == "" {
			return nil
		}
	}
}

// price is an offer as a price of the plan file.
func (o goods) price(past bool) Price {
	return Price{
		Plan: "draft", Provider: o.provider, Interval: o.Interval, ProviderPrice: o.ID, Past: past,
		Amount: money.Amount{Minor: o.Minor, Currency: o.Currency},
	}
}

// unfit says why an offer cannot stand in a plan file at all, "" when it can.
func (o goods) unfit(paid int) string {
	switch {
	case o.Interval == "":
		return "it is bought once; a [[top_up]] may be what it is"
	case o.Odd != "":
		return o.Odd
	case o.Interval != Month && o.Interval != Year:
		return "it is for " + o.Interval
	case !o.Active && paid == 0:
		return "it is archived, and nobody pays it"
	case o.price(true).check() != nil:
		return o.price(true).check().Error()
	}
	return ""
}

// A drafted plan is what the offers of one name have in common.
type drafted struct {
	id, name string
	sold     []goods
	past     []goods
}

// draftDefault is the plan of who pays nothing, in a drafted file.
const draftDefault = "basic"

func (d *draft) plans() []*drafted {
	byName := map[string]*drafted{}
	var list []*drafted
	ids := map[string]bool{draftDefault: true}
	for _, o := range d.offers {
		paid := d.paid[string(o.provider)+" "+o.ID]
		if why := o.unfit(paid); why != "" {
			d.left = append(d.left, fmt.Sprintf("%s %s: %s", o.provider, o.ID, why))
			continue
		}
		name := planName(o)
		p := byName[strings.ToLower(name)]
		if p == nil {
			p = &drafted{id: slug(name, ids), name: name}
			byName[strings.ToLower(name)], list = p, append(list, p)
		}
		if o.Active && o.price(false).check() == nil {
			p.sold = append(p.sold, o)
		} else {
			p.past = append(p.past, o)
		}
	}
	currency := d.currency(list)
	for _, p := range list {
		p.choose(currency)
	}
	slices.SortStableFunc(list, func(a, b *drafted) int { return cmp.Compare(a.monthly(), b.monthly()) })
	return list
}

// planName is the name of a plan: one readable line, the provider's id where there is none.
func planName(o goods) string {
	name := strings.Join(strings.Fields(o.Name), " ")
	for len(name) > 60 {
		_, size := utf8.DecodeLastRuneInString(name)
		name = strings.TrimSpace(name[:len(name)-size])
	}
	if !readable(name, 60) || strings.EqualFold(name, draftDefault) {
		name = cmp.Or(o.Product, o.ID)
	}
	return name
}

// slug makes an id of a name that no other plan has.
func slug(name string, taken map[string]bool) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "_"):
			b.WriteByte('_')
		}
	}
	id := strings.Trim(b.String(), "_")
	if id == "" || id[0] < 'a' {
		id = strings.TrimSuffix("plan_"+id, "_")
	}
	id = strings.TrimSuffix(id[:min(len(id), 24)], "_")
	for n, base := 2, id; taken[id]; n++ {
		id = base + "_" + strconv.Itoa(n)
	}
	taken[id] = true
	return id
}

// currency is the one in which most prices are on sale at Stripe: a plan file sells in one there.
func (d *draft) currency(list []*drafted) string {
	count := map[string]int{}
	for _, p := range list {
		for _, o := range p.sold {
			if o.provider == facts.Stripe {
				count[o.Currency]++
			}
		}
	}
	best := ""
	for _, c := range slices.Sorted(maps.Keys(count)) {
		if count[c] > count[best] {
			best = c
		}
	}
	return best
}

// choose keeps one price on sale for each provider and interval: the product's default, else the newest.
func (p *drafted) choose(currency string) {
	slices.SortStableFunc(p.sold, func(a, b goods) int {
		return cmp.Or(compareBool(b.Preferred, a.Preferred), b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID))
	})
	taken := map[string]bool{}
	var sold []goods
	for _, o := range p.sold {
		key := string(o.provider) + o.Interval
		if taken[key] || o.provider == facts.Stripe && o.Currency != currency {
			p.past = append(p.past, o)
			continue
		}
		taken[key] = true
		sold = append(sold, o)
	}
	p.sold = sold
}

func compareBool(a, b bool) int { return counts(a) - counts(b) }

// monthly is what the plan costs by the month, to guess the ranks from.
func (p *drafted) monthly() (least int64) {
	for _, o := range append(slices.Clone(p.sold), p.past...) {
		n := o.Minor
		if o.Interval == Year {
			n /= 12
		}
		if o.Currency != "INR" {
			n *= 90 // only the order matters
		}
		if least == 0 || n < least {
			least = n
		}
	}
	return least
}

func (d *draft) file() string {
	list := d.plans()
	var b strings.Builder
	fmt.Fprintf(&b, "app = %s\n\n", strconv.Quote(d.app))
	b.WriteString("# Drafted from what the providers sell. They do not know what a plan allows: fill in entitlements, limits " +
		"and\n" +
		"# credits_per_month, and look at the ranks, of which the higher is the better plan.\n\n" +
		"[[plan]]\nid = \"" + draftDefault + "\"\nname = \"Basic\"\ndefault = true\nrank = 0\nentitlements = []\n")
	for i, p := range list {
		fmt.Fprintf(&b, "\n[[plan]]\nid = %s\nname = %s\nrank = %d\n", strconv.Quote(p.id),
			strconv.Quote(p.name), 10*(i+1))
		if len(p.sold) == 0 {
			b.WriteString("sold = false\n")
		}
		b.WriteString("entitlements = []\n")
		for _, o := range p.sold {
			d.writePrice(&b, o, false)
		}
		for _, o := range p.past {
			d.writePrice(&b, o, true)
		}
	}
	if len(d.left) > 0 {
		b.WriteString("\n# Left out:\n")
		for _, text := range d.left {
			fmt.Fprintf(&b, "#   %s\n", strings.Join(strings.Fields(text), " "))
		}
	}
	return b.String()
}

func (d *draft) writePrice(b *strings.Builder, o goods, past bool) {
	fmt.Fprintf(b, "\n  [[plan.price]] # %s\n  provider = %q\n  interval = %q\n  currency = %q\n  amount = %d\n"+
		"  provider_price = %s\n",
		times(d.paid[string(o.provider)+" "+o.ID], "subscription pays it", "subscriptions pay it"), o.provider,
		o.Interval, o.Currency, o.Minor, strconv.Quote(o.ID))
	if past {
		b.WriteString("  sold = false\n")
	}
}

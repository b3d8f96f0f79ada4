package operators

import (
	"strconv"

	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// charts are the months as pictures.
func (o overview) charts() (out []ui.Chart) {
	for _, currency := range o.currencies() {
		out = append(out, o.money(currency))
	}
	active := o.chart("active", o.T("Active subscriptions"))
	active.Line = true
	active.Series = []ui.Series{o.counted(o.T("Active subscriptions"),
		func(i int) int64 { return o.Moments[i+1].Active }, "")}
	active.Story = o.story(active.Series[0])
	moves := o.chart("moves", o.T("Accounts that began and stopped paying"))
	moves.Series = []ui.Series{
		o.counted(o.T("New and won back"), func(i int) int64 { return o.Parts[i].Won + o.Parts[i].WonBack },
			insight.Won),
		o.counted(o.T("Lost"), func(i int) int64 { return o.Parts[i].Lost }, insight.Lost),
	}
	last := len(o.Parts) - 1
	moves.Story = o.T("This month %s came and %s left.", moves.Series[0].Words[last], moves.Series[1].Words[last])
	signUps := o.chart("sign-ups", o.T("Sign-ups and trials"))
	signUps.Series = []ui.Series{
		o.counted(o.T("Sign-ups"), func(i int) int64 { return o.Parts[i].SignUps }, insight.SignUps),
		o.counted(o.T("Trials"), func(i int) int64 { return o.Parts[i].Trials }, insight.Trials),
	}
	signUps.Story = o.T("This month %s signed up, and %s began a trial.", signUps.Series[0].Words[last],
		signUps.Series[1].Words[last])
	conversion := o.chart("conversion", o.T("Conversion from Free"))
	conversion.Line = true
	rate := ui.Series{Name: o.T("Conversion")}
	for _, p := range o.Parts {
		rate.Values = append(rate.Values, max(p.Conversion(), 0))
		rate.Words = append(rate.Words, share(p.Conversion()))
	}
	conversion.Series, conversion.Scale = []ui.Series{rate}, share
	conversion.Story = o.story(rate)
	return append(out, active, moves, signUps, conversion)
}

func (o overview) chart(id, title string) ui.Chart {
	c := ui.Chart{ID: "chart-" + id, Title: title, Head: o.T("Month")}
	for _, p := range o.Parts {
		c.Points = append(c.Points, ui.Point{Short: i18n.ShortMonth(o.Locale, p.From), Name: o.Month(p.From)})
	}
	return c
}

// counted is a series of numbers of things, with what lies behind each where f is a figure.
func (o overview) counted(name string, value func(int) int64, f insight.Figure) ui.Series {
	s := ui.Series{Name: name}
	for i := range o.Parts {
		v := value(i)
		s.Values = append(s.Values, v)
		s.Words = append(s.Words, money.Grouped(v))
		link := ""
		if f != "" && v > 0 {
			link = listPath(f, &o.Parts[i])
		}
		s.Links = append(s.Links, link)
	}
	return s
}

// story tells a line in a sentence.
func (o overview) story(s ui.Series) string {
	last := len(s.Words) - 1
	if last < 1 {
		return o.T("Now %s.", s.Words[last])
	}
	return o.T("Now %s, a month ago %s.", s.Words[last], s.Words[last-1])
}

// currencies are those in which anything was earned.
func (o overview) currencies() (out []string) {
	seen := map[string]bool{}
	for _, m := range o.Moments {
		for _, a := range m.Money {
			if !seen[a.Currency] {
				seen[a.Currency] = true
				out = append(out, a.Currency)
			}
		}
	}
	return out
}

func (o overview) money(currency string) ui.Chart {
	c := o.chart("mrr-"+currency, o.T("Monthly recurring revenue in %s", money.Amount{Currency: currency}.Symbol()))
	c.Line = true
	s := ui.Series{Name: o.T("At the month's end")}
	for i := range o.Parts {
		a := money.Amount{Currency: currency}
		for _, m := range o.Moments[i+1].Money {
			a = plusOne(a, m)
		}
		s.Values = append(s.Values, a.Minor)
		s.Words = append(s.Words, a.Short())
	}
	c.Series, c.Story = []ui.Series{s}, o.story(s)
	c.Scale = func(minor int64) string { return o.rough(money.Amount{Minor: minor, Currency: currency}) }
	return c
}

func plusOne(a, b money.Amount) money.Amount {
	if a.Currency == b.Currency {
		a.Minor += b.Minor
	}
	return a
}

// rough writes an amount of a scale, which is round: ₹2 L, $500.
func (o overview) rough(a money.Amount) string {
	whole := a.Minor
	for range money.Digits(a.Currency) {
		whole /= 10
	}
	type unit struct {
		size int64
		word string
	}
	units := []unit{{1_000_000, "M"}, {1_000, "k"}}
	if a.Currency == "INR" {
		units = []unit{{1_00_00_000, " " + o.T("Cr")}, {1_00_000, " " + o.T("L")}, {1_000, "k"}}
		if o.Locale == i18n.Hindi {
			units[2].word = " ह॰"
		}
	}
	for _, u := range units {
		if whole < u.size {
			continue
		}
		text := strconv.FormatInt(whole/u.size, 10)
		if tenth := whole % u.size * 10 / u.size; tenth > 0 {
			text += "." + strconv.FormatInt(tenth, 10)
		}
		return a.Symbol() + text + u.word
	}
	return a.Short()
}

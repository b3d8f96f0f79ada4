// Package reports is the page of a business's reports, on screen and on paper.
package reports

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// The reports, as the query names them.
const (
	DayBook  = "day"
	CashBook = "cash"
	Parties  = "parties"
	Ageing   = "ageing"
)

// A View is the page of /b/{business}/reports. Its query: show, from, to, part.
type View struct {
	ui.Shell
	ui.Form
	Show           string
	From, To       string // of the range, as date inputs have them; "" is open
	Period         string // the range in words
	Chips          []Chip
	WithoutFigures bool // the range cannot be read: only the form is shown
	Part, Parts    int  // 1 of 1 when everything is on one page
	Count          int  // lines of the report, over all parts

	Opening, Closing money.Amount // of the till, or of all parties; signed
	Gave, Got        money.Amount // sums of the range, over all parts
	Get, Give        money.Amount // of the party summary, both positive
	Old              bool         // the cash book leaves entries of old balances out
	Columns          []Column
	Days             []Day   // of the day book with lines, of the cash book without
	Rows             []Party // of the party summary
	Aged             []Aged
	Buckets          [4]money.Amount
	Bars             []Bar
}

// A Chip is a range to choose with one tap.
type Chip struct {
	Label    string
	From, To string
	Chosen   bool
}

// A Column is one step of the chart over time. Heights are hundredths of the chart's half.
type Column struct {
	Label     string
	Up, Down  int // what came, what went
	Got, Gave money.Amount
}

// A Day is one day of the day book or the cash book.
type Day struct {
	Date      time.Time
	Got, Gave money.Amount // of the whole day
	Balance   money.Amount // in the till after it; cash book only
	Entries   int
	Lines     []Line
}

// A Line is an entry of the day book.
type Line struct {
	PartyID string
	Name    string
	Note    string
	Side    string // "given" or "received"
	Amount  money.Amount
}

// A Party is a row of the summary.
type Party struct {
	ID                          string
	Name                        string
	Opening, Gave, Got, Closing money.Amount
}

// An Aged is a party that owes, by age.
type Aged struct {
	ID      string
	Name    string
	Buckets [4]money.Amount
	Total   money.Amount
	Oldest  time.Time
}

// A Bar is one row of a chart of amounts. Width is in hundredths.
type Bar struct {
	Label  string
	Amount money.Amount // signed
	Width  int
}

func (v View) root() string { return ui.BusinessPath(v.Business.ID) + "/reports" }

func (v View) address(show, from, to string, part int) string {
	q := url.Values{"show": {show}, "from": {from}, "to": {to}}
	if show == Ageing {
		q.Del("from")
	}
	if part > 1 {
		q.Set("part", strconv.Itoa(part))
	}
	return v.root() + "?" + q.Encode()
}

func (v View) chip(c Chip) string     { return v.address(v.Show, c.From, c.To, 1) }
func (v View) part(n int) string      { return v.address(v.Show, v.From, v.To, n) }
func (v View) tab(show string) string { return v.address(show, v.From, v.To, 1) }
func (v View) day(d time.Time) string {
	s := d.Format(time.DateOnly)
	return v.address(DayBook, s, s, 1)
}

// party is the statement of a party over the days of the report.
func (v View) party(id string) string {
	q := url.Values{}
	for name, day := range map[string]string{"from": v.From, "to": v.To} {
		if day != "" {
			q.Set(name, day)
		}
	}
	address := ui.PartyPath(v.Business.ID, id) + "/statement"
	if len(q) > 0 {
		address += "?" + q.Encode()
	}
	return address
}

// ownDays reports whether the range is none of the chips, or cannot be read.
func (v View) ownDays() bool {
	return v.Fails() || !slices.ContainsFunc(v.Chips, func(c Chip) bool { return c.Chosen })
}

// Title is the name of a report.
func (v View) Title(show string) string {
	switch show {
	case CashBook:
		return v.T("Cash book")
	case Parties:
		return v.T("Party summary")
	case Ageing:
		return v.T("Ageing")
	}
	return v.T("Day book")
}

// Age is the name of a bucket.
func (v View) Age(bucket int) string {
	return [4]string{v.T("0–30 days"), v.T("31–60 days"), v.T("61–90 days"), v.T("Over 90 days")}[bucket]
}

func (v View) empty() bool { return v.Count == 0 }

// about says what the chart over time shows, for those who do not see it.
func (v View) about() string {
	best := v.Columns[0]
	for _, c := range v.Columns {
		if c.Got.Minor > best.Got.Minor {
			best = c
		}
	}
	if v.Show == CashBook {
		return v.T("%s came in and %s went out. The most came in on %s: %s.",
			v.Got.Format(), v.Gave.Format(), best.Label, best.Got.Format())
	}
	return v.T("%s came and %s was given. The most came on %s: %s.",
		v.Got.Format(), v.Gave.Format(), best.Label, best.Got.Format())
}

func num(n int) string { return strconv.Itoa(n) }

func sign(a money.Amount) string {
	switch {
	case a.Minor > 0:
		return "get"
	case a.Minor < 0:
		return "give"
	}
	return "even"
}

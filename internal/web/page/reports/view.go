// Package reports is the page of a business's reports, on screen and on paper.
package reports

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// The reports, as the query names them.
const (
	DayBook  = "day"
	CashBook = "cash"
	Coming   = "coming"
	Parties  = "parties"
	Ageing   = "ageing"
)

// All are the reports, in the order in which the page offers them.
var All = []string{DayBook, CashBook, Coming, Parties, Ageing}

// A View is the page of /b/{business}/reports. Its query: show, from, to, part.
type View struct {
	ui.Shell
	Ahead ui.Ahead // entries of these days that are yet to come, in no figure
	ui.Form
	Show           string
	From, To       string // of the range, as date inputs have them; "" is open
	Period         string // the range in words
	Chips          []Chip
	ExportLocked   bool // the plan has no export
	WithoutFigures bool // the range cannot be read: only the form is shown
	Everything     bool // all lines, for a file: no parts
	Part, Parts    int  // 1 of 1 when everything is on one page
	Count          int  // lines of the report, over all parts

	Opening, Closing money.Amount // of the till, or of all parties; signed
	Gave, Got        money.Amount // sums of the range, over all parts
	Get, Give        money.Amount // of the party summary, both positive
	Counted          money.Amount // of the cash book: what counts of the till put in or took out
	Counts           []Count      // of the cash book, in order
	CountID          string       // client-made id of a count of the till, "" for who counts none
	Short            []Day        // of the cash book: days that end with less than nothing in the till
	Modes            []Sum        // of the collections: what came in each way
	Came             money.Amount // of the collections: all of it
	Collected        []Collected  // by day, then by who took it
	Takers           []Collected
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
	Counted   money.Amount // what counts of the till put in or took out; cash book only
	Entries   int
	Lines     []Line
}

// A Count is what somebody counted in the till. Its form posts id, amount, date and at.
type Count struct {
	Date       time.Time
	Closing    bool // after the entries of the day
	Amount     money.Amount
	Known      bool         // an earlier count says what should have been there
	Difference money.Amount // signed: more than that, or less
	By         string
}

// said is what a count came to, in a sentence.
func (v View) said(c Count) string {
	switch size := c.Difference; {
	case !c.Known:
		return v.T("The till opens with it.")
	case size.Minor < 0:
		size.Minor = -size.Minor
		return v.T("%s less than the entries say.", size.Short())
	case size.Minor > 0:
		return v.T("%s more than the entries say.", size.Short())
	}
	return v.T("As the entries say.")
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

// A Sum is what came in one way.
type Sum struct {
	Label  string
	Amount money.Amount
}

// A Collected is what came in on a day, or what one person wrote down: each way, in the order of View.Modes, and in
// all.
type Collected struct {
	Date    time.Time
	Name    string
	Modes   []money.Amount
	Total   money.Amount
	Entries int
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

// file is the download of the report that is shown.
func (v View) file(kind string) string {
	query := strings.TrimPrefix(v.address(v.Show, v.From, v.To, 1), v.root())
	return ui.BusinessPath(v.Business.ID) + "/reports." + kind + query
}

// A Tick is a line of the scale of the chart over time, with the amount that it stands for.
type Tick struct {
	At    int // in hundredths of the half, from the middle
	Label string
}

// ticks are the scale of the chart: a round amount about half-way and one near the top, the same above and below.
func (v View) ticks() []Tick {
	var most int64
	for _, c := range v.Columns {
		most = max(most, c.Got.Minor, c.Gave.Minor)
	}
	step := round(most)
	if step == 0 {
		return nil
	}
	var out []Tick
	for at := step; at <= most; at += step {
		out = append(out, Tick{int(at * 100 / most), money.Amount{Minor: at, Currency: v.Gave.Currency}.Short()})
	}
	return out
}

// round is a round amount of one digit (1, 2 or 5) of which most holds two to four.
func round(most int64) int64 {
	for unit := int64(1); unit <= most; unit *= 10 {
		for _, digit := range []int64{1, 2, 5} {
			if step := unit * digit; most/step >= 1 && most/step <= 4 && (most/step >= 2 || digit == 5) {
				return step
			}
		}
	}
	return 0
}

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
	case Coming:
		return v.T("Collections")
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
	if v.Show == Coming {
		return v.T("%s came in. The most came in on %s: %s.", v.Came.Short(), best.Label, best.Got.Short())
	}
	if v.Show == CashBook {
		return v.T("%s came in and %s went out. The most came in on %s: %s.",
			v.Got.Short(), v.Gave.Short(), best.Label, best.Got.Short())
	}
	return v.T("%s came and %s was given. The most came on %s: %s.",
		v.Got.Short(), v.Gave.Short(), best.Label, best.Got.Short())
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

// Package usage shows an account's credits: what is left and what was used.
package usage

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// A View is the page of /billing/usage. Its forms post to /billing/topup.
type View struct {
	ui.Shell
	Account string // named on top, so that nobody acts on the wrong one
	Meters  []Meter
	Meter   string // id of the one that chart and entries are about
	Days    []Day  // the oldest first, without a gap
	Used    int64  // sum of the days
	Filter  Filter
	Entries []Entry // newest first
	Older   string  // address of the next page, "" at the end
	CSV     string  // address of the file
	MayCSV  bool    // false shows what the plan lacks
	TopUps  []TopUp
	TopUp   ui.Form
	Waiting bool // a top-up is being confirmed
}

// A Meter is what there is of a kind of credit.
type Meter struct {
	ID     string
	Name   string
	Left   int64
	Held   int64
	Next   time.Time // of the next allowance; zero when none is to come
	Refill int64
}

// A Day is a column of the chart.
type Day struct {
	Date time.Time
	Used int64
}

// A Filter is what entries are shown, as typed.
type Filter struct {
	Kind     string
	From, To string // yyyy-mm-dd or ""
}

// An Entry is one change of the balance.
type Entry struct {
	Number  int64
	Kind    string
	Amount  int64
	Balance int64
	Note    string
	At      time.Time
}

// A TopUp is an offer of credits.
type TopUp struct {
	ID       string
	Name     string
	Credits  int64
	Price    string
	Provider string
	Days     int // 0 for ever
}

// Package status is the public page that says how Tijori answers from outside. It shows nothing of anybody.
package status

import (
	"strconv"

	"github.com/tijorihq/tijori/internal/web/ui"
)

// The states of a line and of everything, which are also their classes.
const (
	Up      = "up"
	Partly  = "partly"
	Down    = "down"
	Unknown = "unknown"
)

// A View is the page.
type View struct {
	ui.Shell
	State   string
	Checked string // when the latest look was, "" when there was none
	Stale   bool   // the looks are too old to say how it is now
	Lines   []Line
	Outages []Outage
	Other   string // of a page that is written to a file, the one in the other language
	Style   string // and the stylesheet of all pages; status.css is beside it
}

// A Line is one address.
type Line struct {
	Title string
	State string
	Since string // of a state that is not up
	Share string // of the looks that were well, "" when there were none
	Days  []Day  // the oldest first
	Bad   int    // days on which something failed
}

// A Day is one bar.
type Day struct {
	Date  string
	State string // Up, Partly (something failed), Down (much did) or Unknown
	Share string
}

// An Outage is one that is over or goes on.
type Outage struct {
	Title, From string
	Lasted      string // "" while it goes on
}

func (v View) headline() string {
	switch {
	case v.Checked == "" || v.Stale:
		return v.T("There is no recent check")
	case v.State == Down:
		return v.T("Something does not work")
	case v.State == Partly:
		return v.T("Something works only in part")
	}
	return v.T("Everything works")
}

func (v View) word(state string) string {
	switch state {
	case Up:
		return v.T("Works")
	case Partly:
		return v.T("Works in part")
	case Down:
		return v.T("Does not work")
	}
	return v.T("Not checked")
}

func (v View) icon() string {
	switch {
	case v.Checked == "" || v.Stale:
		return "clock"
	case v.State == Up:
		return "check"
	}
	return "alert"
}

// sign is the icon as a letter, where there are no icons.
func (v View) sign() string {
	return map[string]string{"clock": "?", "check": "✓", "alert": "!"}[v.icon()]
}

// overall is the class of the headline.
func (v View) overall() string {
	if v.Checked == "" || v.Stale {
		return Unknown
	}
	return v.State
}

// story says in one sentence what the bars show.
func (v View) story(l Line) string {
	switch {
	case l.Share == "":
		return v.T("Not checked within %d days", len(l.Days))
	case l.Bad == 0:
		return v.T("No failed check within %d days", len(l.Days))
	}
	return v.N(l.Bad, "Checks failed on %d day", "Checks failed on %d days")
}

func (v View) day(d Day) string {
	if d.Share == "" {
		return d.Date + ": " + v.T("not checked")
	}
	return d.Date + ": " + d.Share
}

// The units of the bars. Their height tells as much as their color.
const (
	barStep, barWidth = 4, 3
	barsHeight        = 30
)

func barX(i int) string { return strconv.Itoa(i * barStep) }

func (d Day) height() int {
	switch d.State {
	case Up:
		return 18
	case Partly:
		return 24
	case Down:
		return barsHeight
	}
	return 6
}

func (d Day) y() string    { return strconv.Itoa(barsHeight - d.height()) }
func (d Day) tall() string { return strconv.Itoa(d.height()) }

func box(days []Day) string {
	return "0 0 " + strconv.Itoa(max(1, len(days)*barStep-1)) + " " + strconv.Itoa(barsHeight)
}

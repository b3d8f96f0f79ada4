package history

import (
	"time"

	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

type day struct {
	date    time.Time
	changes []Change
}

// days groups the changes by the day on which they were made, at the business.
func (v View) days() []day {
	var out []day
	for _, c := range v.Changes {
		at := c.When.In(v.Now.Location())
		if n := len(out); n == 0 || i18n.DaysBetween(out[n-1].date, at) != 0 {
			out = append(out, day{date: at})
		}
		last := &out[len(out)-1]
		last.changes = append(last.changes, c)
	}
	return out
}

func (v View) clock(t time.Time) string { return i18n.Clock(v.Locale, t.In(v.Now.Location())) }

// what says in a sentence what happened.
func what(v View, c Change) string {
	if c.Subject == "party" {
		switch c.What {
		case "added":
			return v.T("Party added")
		case "edited":
			return v.T("Party changed")
		case "deleted":
			return v.T("Party moved to the bin")
		}
		return v.T("Party restored")
	}
	if c.Subject == "merge" {
		switch {
		case c.What == "unmerged":
			return v.T("Merge with %s undone", c.Merge.Other)
		case c.Merge.Into:
			return v.T("Merged into %s", c.Merge.Other)
		}
		return v.T("%s merged into this party", c.Merge.Other)
	}
	switch c.What {
	case "moved":
		return v.T("Entry moved to another party")
	case "added":
		return v.T("Entry added")
	case "edited":
		return v.T("Entry changed")
	case "deleted":
		return v.T("Entry moved to the bin")
	}
	return v.T("Entry restored")
}

func icon(c Change) string {
	switch c.What {
	case "added":
		return "plus"
	case "edited":
		return "edit"
	case "moved", "merged":
		return "swap"
	case "deleted":
		return "bin"
	}
	return "undo"
}

// field is the word for a column.
func field(s ui.Shell, name string) string {
	switch name {
	case "amount":
		return s.T("Amount")
	case "date":
		return s.T("Date")
	case "note":
		return s.T("Note")
	case "mode":
		return s.T("paid by")
	case "side":
		return s.T("Side")
	case "party":
		return s.T("Party")
	case "cheque":
		return s.T("State of the cheque")
	case "cheque_date":
		return s.T("Date on the cheque")
	case "name":
		return s.T("Name")
	case "phone":
		return s.T("Phone")
	case "kind":
		return s.T("Kind")
	}
	return name
}

// side is the word for an entry's side.
func side(s ui.Shell, name string) string {
	if name == "given" {
		return s.T("You gave")
	}
	return s.T("You got")
}

// edited reports whether a change has a before and an after to show.
func edited(c Change) bool { return c.What == "edited" || c.What == "moved" }

package party

import (
	"net/url"
	"time"

	"github.com/tijorihq/tijori/internal/web/ui"
)

type day struct {
	date    time.Time
	entries []Entry
}

// days groups the entries by business date, in the order they come.
func (v View) days() []day {
	var out []day
	for _, e := range v.Entries {
		if n := len(out); n == 0 || !out[n-1].date.Equal(e.Date) {
			out = append(out, day{date: e.Date})
		}
		out[len(out)-1].entries = append(out[len(out)-1].entries, e)
	}
	return out
}

// locked reports whether an entry stands on a locked day.
func (v View) locked(e Entry) bool { return !v.Locked.IsZero() && !e.Date.After(v.Locked) }

func (v View) path() string { return ui.PartyPath(v.Business.ID, v.PartyID) }

func (v View) older() string { return v.path() + "?after=" + url.QueryEscape(v.After) }

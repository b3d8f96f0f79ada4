package probe

import (
	"cmp"
	"slices"
	"time"
)

// Days is how many days the status page shows.
const Days = 90

// A History is what is known of all that is probed.
type History struct {
	At      time.Time // when it was read
	Newest  time.Time // the latest look at anything; zero where there was none
	Lines   []Line
	Outages []Outage // the latest first
}

// A State is how something is now.
type State string

const (
	Up      State = "up"
	Down    State = "down"
	Partly  State = "partly" // seen from some places it is down
	Unknown State = "unknown"
)

// A Line is one address or canary.
type Line struct {
	Name           string
	Title, TitleHi string
	Kind           Kind
	Hidden         bool
	State          State
	Since          time.Time // of the state
	CheckedAt      time.Time
	Took           time.Duration // of the latest look
	Detail         string        // why it is down; operators only
	Days           []Day         // Days of them, the oldest first
}

// A Day is the looks of one day, by UTC.
type Day struct {
	Day              time.Time
	Checks, Failures int
}

// Share is the part of looks that were well, in hundredths of a percent; ok is false for a day without any.
func (d Day) Share() (hundredths int, ok bool) {
	if d.Checks == 0 {
		return 0, false
	}
	return 10_000 * (d.Checks - d.Failures) / d.Checks, true
}

// Sum is all days of a line as one.
func (l *Line) Sum() (sum Day) {
	for _, d := range l.Days {
		sum.Checks, sum.Failures = sum.Checks+d.Checks, sum.Failures+d.Failures
	}
	return sum
}

// An Outage is a time in which something failed, seen from one place.
type Outage struct {
	Name           string
	Title, TitleHi string
	From           time.Time
	Until          time.Time // zero while it goes on
}

// staleAfter is when a look is too old to say how something is.
const staleAfter = 20 * time.Minute

// A report is what one prober knows of one line.
type report struct {
	Line
	Place    int
	Location string
}

// combine makes one line of what several probers say of it. Who has not looked for long does not count.
func combine(now time.Time, reports []report, days map[string]map[time.Time]Day) []Line {
	slices.SortStableFunc(reports, func(a, b report) int {
		return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.Name, b.Name), b.CheckedAt.Compare(a.CheckedAt))
	})
	var out []Line
	where := map[string]int{}
	up, down := map[string]int{}, map[string]int{}
	for _, r := range reports {
		i, known := where[r.Name]
		if !known { // of the prober that looked last
			i = len(out)
			where[r.Name] = i
			line := r.Line
			line.State = Unknown
			out = append(out, line)
		}
		if now.Sub(r.CheckedAt) > staleAfter {
			continue
		}
		line := &out[i]
		if r.State == Down {
			down[r.Name]++
			if line.State != Down && line.State != Partly || r.Since.Before(line.Since) {
				line.Since = r.Since
			}
			line.Detail = cmp.Or(line.Detail, r.Detail)
		} else {
			up[r.Name]++
		}
		switch {
		case down[r.Name] == 0:
			line.State = Up
		case up[r.Name] == 0:
			line.State = Down
		default:
			line.State = Partly
		}
	}
	for i := range out {
		out[i].Days = lastDays(now, days[out[i].Name])
	}
	return out
}

func lastDays(now time.Time, have map[time.Time]Day) []Day {
	today := dayOf(now)
	out := make([]Day, 0, Days)
	for i := Days - 1; i >= 0; i-- {
		day := today.AddDate(0, 0, -i)
		d := have[day]
		d.Day = day
		out = append(out, d)
	}
	return out
}

func dayOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// A last is what a prober found when it looked last.
type last struct {
	State     State
	Since     time.Time
	CheckedAt time.Time
}

// advance says what a result makes of what was known, and what of it is news. One that comes late changes nothing but
// the count of its day.
func advance(before last, r Result) (after last, news *Change) {
	if !r.At.After(before.CheckedAt) {
		return before, nil
	}
	after = last{State: Up, Since: before.Since, CheckedAt: r.At}
	if !r.OK {
		after.State = Down
	}
	if after.State != before.State {
		after.Since = r.At
	}
	c := Change{Result: r, Down: !r.OK, Up: r.OK && before.State == Down, Since: after.Since}
	if c.Up {
		c.Since = before.Since
	}
	if !c.Down && !c.Up && len(r.Seen) == 0 {
		return after, nil
	}
	return after, &c
}

// keptDays is for how long the history is kept.
const keptDays = 400

// shownOutages is how many outages a history lists, of the last Days.
const shownOutages = 50

package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
)

// Business dates are times at midnight UTC. These are the first and the last
// that an entry may have; the database has the same check.
var (
	FirstDate = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	LastDate  = time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)
)

// Today returns the date it is now in a business's time zone.
func Today(now time.Time, zone string) (time.Time, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.Time{}, fmt.Errorf("time zone of the business: %w", err)
	}
	return day(now.In(loc)), nil
}

// through returns what a clean range is today, and the last day whose entries count in it. Entries dated ahead of today
// count nowhere before their day, so a range that reaches further ends today.
func (r Range) through(today time.Time) (Range, time.Time) {
	_, last := r.ends()
	if !last.After(today) {
		return r, last
	}
	if !r.To.IsZero() && !r.From.After(today) {
		r.To = today
	}
	return r, today
}

// Through is a clean range as it is today: entries dated ahead count nowhere, so one that reaches further ends today.
func (r Range) Through(today time.Time) Range {
	r, _ = r.through(today)
	return r
}

// What lies Ahead is entries whose day is yet to come: they count in nothing until then, and are shown apart.
type Ahead struct {
	Running
	Entries int
}

func (a *Ahead) add(e EntryFields) error {
	a.Entries++
	return a.Running.Add(e)
}

// ParseDate reads a date from a form: 2026-03-31 as browsers send it, or
// 31/03/2026 and 31-3-2026 as people type it, in Western or Devanagari digits.
func ParseDate(s string) (time.Time, error) {
	s = strings.Map(latinDigit, strings.TrimSpace(s))
	for _, layout := range []string{time.DateOnly, "2/1/2006", "2-1-2006", "2.1.2006"} {
		if d, err := time.Parse(layout, s); err == nil {
			return d, checkDate(d)
		}
	}
	return time.Time{}, fault.InvalidField("date", "This is not a date.")
}

func checkDate(d time.Time) error {
	if d.Before(FirstDate) || d.After(LastDate) {
		return fault.InvalidField("date", "The date must lie between 2000 and 2099.").Coded("date_out_of_range")
	}
	return nil
}

// day returns midnight UTC of t's own calendar day.
func day(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

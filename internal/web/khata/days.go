package khata

import (
	"fmt"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// maxLines is how many entries stand on one page of a statement, and so on one
// print of it: thirty sheets of paper.
const maxLines = 1000

// readRange reads the days that a query names. An absent end is open.
func readRange(r *frame.Request) (ledger.Range, error) {
	var days ledger.Range
	q := r.URL.Query()
	for _, end := range []struct {
		name string
		day  *time.Time
	}{{"from", &days.From}, {"to", &days.To}} {
		if q.Get(end.name) == "" {
			continue
		}
		d, err := ledger.ParseDate(q.Get(end.name))
		if f := fault.Of(err); f != nil {
			return days, f.About(end.name)
		} else if err != nil {
			return days, err
		}
		*end.day = d
	}
	return days.Clean()
}

// partOf reads which part of a long statement is asked for.
func partOf(r *frame.Request) int {
	n, err := strconv.Atoi(r.URL.Query().Get("part"))
	if err != nil || n < 1 {
		return 1
	}
	return min(n, 1_000_000)
}

func inputDate(d time.Time) string {
	if d.IsZero() {
		return ""
	}
	return d.Format(time.DateOnly)
}

// typedDate is what a date input of the form shows again.
func typedDate(r *frame.Request, name string) string {
	v := r.URL.Query().Get(name)
	if d, err := ledger.ParseDate(v); err == nil {
		return inputDate(d)
	}
	if len(v) > 40 {
		return ""
	}
	return v
}

// formDate reads a date of a form that may be empty.
func formDate(r *frame.Request, name string) (time.Time, error) {
	v := r.PostFormValue(name)
	if v == "" {
		return time.Time{}, nil
	}
	d, err := ledger.ParseDate(v)
	if f := fault.Of(err); f != nil {
		return d, f.About(name)
	}
	return d, err
}

// chips are the ranges of one tap. The financial year begins in April.
func chips(s ui.Shell, from, to string) []statement.Chip {
	now := s.Now
	first := func(year int, month time.Month) time.Time { return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC) }
	month := first(now.Year(), now.Month())
	year := first(now.Year(), time.April)
	if now.Month() < time.April {
		year = first(now.Year()-1, time.April)
	}
	chip := func(label string, from, until time.Time) statement.Chip {
		return statement.Chip{Label: label, From: inputDate(from), To: inputDate(until.AddDate(0, 0, -1))}
	}
	out := []statement.Chip{
		{Label: s.T("All")},
		chip(s.T("This month"), month, month.AddDate(0, 1, 0)),
		chip(s.T("Last month"), month.AddDate(0, -1, 0), month),
	}
	for _, begin := range []time.Time{year, year.AddDate(-1, 0, 0)} {
		out = append(out, chip(s.T("FY %s", fmt.Sprintf("%d–%02d", begin.Year(), (begin.Year()+1)%100)), begin,
			begin.AddDate(1, 0, 0)))
	}
	for i := range out {
		out[i].Chosen = out[i].From == from && out[i].To == to
	}
	return out
}

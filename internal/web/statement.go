package web

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/statement"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// maxLines is how many entries stand on one page of a statement, and so on one
// print of it: thirty sheets of paper.
const maxLines = 1000

// readRange reads the days that a query names. An absent end is open.
func readRange(r *request) (ledger.Range, error) {
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

func (s *Server) statementPage(w http.ResponseWriter, r *request) error {
	id, err := r.pathID("party")
	if err != nil {
		return err
	}
	if err := r.read(nil); err != nil {
		return err
	}
	view := statement.View{Shell: r.shell(), PartyID: id.String(), ExportLocked: !s.mayExport(r), Part: partOf(r)}
	days, cause := readRange(r)
	if cause != nil {
		return s.statementAgain(w, r, view, cause)
	}
	var st ledger.Statement
	options := r.exportOptions()
	err = r.as(func(tx *postgres.Tx) (err error) {
		first, last := (view.Part-1)*maxLines, view.Part*maxLines
		st, err = ledger.WriteStatement(r.Context(), tx, id, days, func(ledger.Statement) error { return nil }, func(l ledger.Line) error {
			switch {
			case view.Count < first:
				view.Brought = r.amount(l.Balance)
			case view.Count < last:
				view.Lines = append(view.Lines, statement.Line{Date: l.Date, Note: options.Labels.DetailsOf(l.EntryFields), Side: string(l.Side), Amount: r.amount(l.AmountMinor), Balance: r.amount(l.Balance)})
			}
			view.Count++
			return nil
		})
		return err
	})
	if err != nil {
		return err
	}
	view.Parts = max(1, (view.Count+maxLines-1)/maxLines)
	if view.Part > view.Parts {
		return fault.New(fault.NotFound, "There is nothing here.")
	}
	view.Name, view.Kind, view.Phone = st.Party.Name, string(st.Party.Kind), st.Party.Phone
	view.Opening, view.Gave, view.Got, view.Closing = r.amount(st.Opening), r.amount(st.Given), r.amount(st.Received), r.amount(st.Closing)
	view.FirstDay, view.LastDay = st.Range.From, st.Range.To
	view.From, view.To = inputDate(st.Range.From), inputDate(st.Range.To)
	view.Period = options.Period(st.Range)
	view.Chips = chips(view.Shell, view.From, view.To)
	s.render(w, r, http.StatusOK, statement.Page(view))
	return nil
}

// statementAgain shows the form with what is wrong with the days.
func (s *Server) statementAgain(w http.ResponseWriter, r *request, view statement.View, cause error) error {
	if err := r.formFault(&view.Form, cause); err != nil {
		return err
	}
	id, err := r.pathID("party")
	if err != nil {
		return err
	}
	err = r.as(func(tx *postgres.Tx) error {
		p, err := ledger.PartyByID(r.Context(), tx, id)
		view.Name = p.Name
		return err
	})
	if err != nil {
		return err
	}
	view.WithoutFigures = true
	view.From, view.To = typedDate(r, "from"), typedDate(r, "to")
	view.Chips = chips(view.Shell, view.From, view.To)
	s.render(w, r, formStatus(cause), statement.Page(view))
	return nil
}

// partOf reads which part of a long statement is asked for.
func partOf(r *request) int {
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
func typedDate(r *request, name string) string {
	v := r.URL.Query().Get(name)
	if d, err := ledger.ParseDate(v); err == nil {
		return inputDate(d)
	}
	if len(v) > 40 {
		return ""
	}
	return v
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
		out = append(out, chip(s.T("FY %s", fmt.Sprintf("%d–%02d", begin.Year(), (begin.Year()+1)%100)), begin, begin.AddDate(1, 0, 0)))
	}
	for i := range out {
		out[i].Chosen = out[i].From == from && out[i].To == to
	}
	return out
}

package khata

import (
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/reports"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// ReportsPage shows one report of a business: of this month when the query
// names no days, and everything when it names empty ones.
func (h *Handlers) ReportsPage(w http.ResponseWriter, r *frame.Request) error {
	show, build := reportOf(r.URL.Query().Get("show"))
	if build == nil {
		return fault.New(fault.NotFound, "Page not found.")
	}
	days, cause := readRange(r)
	view := reports.View{Show: show, Part: partOf(r), Parts: 1}
	err := r.AsPage(func(tx *postgres.Tx) error {
		view.Shell = r.Shell()
		if cause != nil {
			return nil
		}
		return reportOfDays(r, tx, days, build, &view)
	})
	if err != nil {
		return err
	}
	if cause != nil {
		if err := r.FormFault(&view.Form, cause); err != nil {
			return err
		}
		view.WithoutFigures = true
		view.From, view.To = typedDate(r, "from"), typedDate(r, "to")
		view.Chips = reportChips(view)
		h.Render(w, r, frame.FormStatus(cause), reports.Page(view))
		return nil
	}
	if view.Part > view.Parts {
		return fault.New(fault.NotFound, "Page not found.")
	}
	return r.Page(reports.Page(view))
}

type reportBuilder = func(*frame.Request, *postgres.Tx, ledger.Range, *reports.View) error

// reportOf is the report of a name, the day book when none is named; nil when there is none of it.
func reportOf(show string) (string, reportBuilder) {
	if show == "" {
		show = reports.DayBook
	}
	return show, map[string]reportBuilder{
		reports.DayBook: dayBook, reports.CashBook: cashBook, reports.Coming: collections,
		reports.Parties: partySummary, reports.Ageing: ageing,
	}[show]
}

// reportOfDays fills a report of the days that were asked for, or of this month.
func reportOfDays(r *frame.Request, tx *postgres.Tx, days ledger.Range, build reportBuilder, view *reports.View) error {
	q := r.URL.Query()
	if view.Show == reports.Ageing {
		days.From = time.Time{}
	} else if !q.Has("from") && !q.Has("to") {
		first := time.Date(r.Today.Year(), r.Today.Month(), 1, 0, 0, 0, 0, time.UTC)
		days = ledger.Range{From: first, To: first.AddDate(0, 1, -1)}
	}
	view.From, view.To = inputDate(days.From), inputDate(days.To)
	view.ExportLocked = !r.MayExport()
	view.Period = exportOptions(r).Period(days.Through(r.Today))
	view.Chips = reportChips(*view)
	return build(r, tx, days, view)
}

func dayBook(r *frame.Request, tx *postgres.Tx, days ledger.Range, v *reports.View) error {
	first, last := (v.Part-1)*maxLines, v.Part*maxLines
	details := exportOptions(r).Labels
	book, err := ledger.WriteDayBook(r.Context(), tx, days, func(l ledger.DayLine) error {
		if v.Count++; v.Count > first && v.Count <= last {
			if n := len(v.Days); n == 0 || !v.Days[n-1].Date.Equal(l.Date) {
				v.Days = append(v.Days, reports.Day{Date: l.Date})
			}
			d := &v.Days[len(v.Days)-1]
			d.Lines = append(d.Lines, reports.Line{
				PartyID: l.PartyID.String(), Name: l.Name,
				Note: details.DetailsOf(l.EntryFields), Side: string(l.Side), Amount: r.Amount(l.AmountMinor),
			})
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.Gave, v.Got, v.Ahead = r.Amount(book.Given), r.Amount(book.Received), aheadOf(r, book.Ahead)
	i := 0
	for _, d := range book.Days {
		if i < len(v.Days) && v.Days[i].Date.Equal(d.Date) {
			v.Days[i].Gave, v.Days[i].Got, v.Days[i].Entries = r.Amount(d.Given), r.Amount(d.Received), d.Entries
			i++
		}
	}
	v.Columns = columns(v, book.Days)
	cut(v, 0)
	return nil
}

func cashBook(r *frame.Request, tx *postgres.Tx, days ledger.Range, v *reports.View) error {
	book, err := ledger.CashBookOf(r.Context(), tx, days)
	if err != nil {
		return err
	}
	v.Opening, v.Closing, v.Counted = r.Amount(book.Opening), r.Amount(book.Closing), r.Amount(book.Counted)
	if r.Rights.RunsKhata {
		v.CountID = frame.NewID()
	}
	for _, d := range book.Days {
		for _, c := range d.Counts {
			v.Counts = append(v.Counts, reports.Count{
				Date: c.Date, Closing: c.Closing, Amount: r.Amount(c.AmountMinor), Known: c.Known,
				Difference: r.Amount(c.Difference), By: c.ByName,
			})
		}
	}
	for _, d := range book.Short {
		v.Short = append(v.Short, reports.Day{Date: d.Date, Balance: r.Amount(d.Balance)})
	}
	v.Got, v.Gave = r.Amount(book.In), r.Amount(book.Out)
	var sums []ledger.DaySum
	for _, d := range book.Days {
		sums = append(sums, ledger.DaySum{Date: d.Date, Given: d.Out, Received: d.In})
	}
	v.Columns = columns(v, sums)
	from, to := cut(v, len(book.Days))
	for _, d := range book.Days[from:to] {
		v.Days = append(v.Days, reports.Day{
			Date: d.Date, Got: r.Amount(d.In), Gave: r.Amount(d.Out), Counted: r.Amount(d.Counted),
			Balance: r.Amount(d.Balance), Entries: d.Entries,
		})
	}
	return nil
}

func collections(r *frame.Request, tx *postgres.Tx, days ledger.Range, v *reports.View) error {
	c, err := ledger.CollectionsOf(r.Context(), tx, days)
	if err != nil {
		return err
	}
	var names memberNames
	var b pgx.Batch
	names.queue(&b)
	if err := tx.SendBatch(r.Context(), &b).Close(); err != nil {
		return err
	}
	amounts := func(m ledger.ByMode) (out []money.Amount) {
		for _, minor := range m {
			out = append(out, r.Amount(minor))
		}
		return out
	}
	for i, a := range amounts(c.Modes) {
		v.Modes = append(v.Modes, reports.Sum{Label: v.Mode(string(ledger.Modes[i])), Amount: a})
	}
	v.Gave, v.Came = r.Amount(0), r.Amount(c.Modes.Total())
	var sums []ledger.DaySum
	for _, d := range c.Days {
		sums = append(sums, ledger.DaySum{Date: d.Date, Received: d.Modes.Total()})
	}
	v.Columns = columns(v, sums)
	from, to := cut(v, len(c.Days))
	for _, d := range c.Days[from:to] {
		v.Collected = append(v.Collected, reports.Collected{
			Date: d.Date, Modes: amounts(d.Modes), Total: r.Amount(d.Modes.Total()), Entries: d.Entries,
		})
	}
	if v.Part == v.Parts {
		for _, m := range c.Makers {
			v.Takers = append(v.Takers, reports.Collected{
				Name: ui.Or(names.of(m.UserID), v.T("Somebody who has left")), Modes: amounts(m.Modes),
				Total: r.Amount(m.Modes.Total()), Entries: m.Entries,
			})
		}
	}
	return nil
}

// maxBars is how many parties the chart of the summary has.
const maxBars = 8

func partySummary(r *frame.Request, tx *postgres.Tx, days ledger.Range, v *reports.View) error {
	sum, err := ledger.PartySummaryOf(r.Context(), tx, days)
	if err != nil {
		return err
	}
	v.Opening, v.Closing = r.Amount(sum.Opening), r.Amount(sum.Closing)
	v.Gave, v.Got = r.Amount(sum.Given), r.Amount(sum.Received)
	v.Get, v.Give = r.Amount(sum.Get), r.Amount(sum.Give)
	for _, p := range largest(sum.Rows) {
		v.Bars = append(v.Bars, reports.Bar{Label: p.Name, Amount: r.Amount(p.Closing)})
	}
	widen(v.Bars)
	from, to := cut(v, len(sum.Rows))
	for _, p := range sum.Rows[from:to] {
		v.Rows = append(v.Rows, reports.Party{
			ID: p.PartyID.String(), Name: p.Name, Opening: r.Amount(p.Opening),
			Gave: r.Amount(p.Given), Got: r.Amount(p.Received), Closing: r.Amount(p.Closing),
		})
	}
	return nil
}

func ageing(r *frame.Request, tx *postgres.Tx, days ledger.Range, v *reports.View) error {
	a, err := ledger.AgeingOf(r.Context(), tx, days.To)
	if err != nil {
		return err
	}
	v.Period, v.Get = v.T("As on %s", v.Date(a.On)), r.Amount(a.Total)
	for i, b := range a.Buckets {
		v.Buckets[i] = r.Amount(b)
		v.Bars = append(v.Bars, reports.Bar{Label: v.Age(i), Amount: r.Amount(b)})
	}
	widen(v.Bars)
	from, to := cut(v, len(a.Rows))
	for _, p := range a.Rows[from:to] {
		row := reports.Aged{ID: p.PartyID.String(), Name: p.Name, Total: r.Amount(p.Total), Oldest: p.Oldest}
		for i, b := range p.Buckets {
			row.Buckets[i] = r.Amount(b)
		}
		v.Aged = append(v.Aged, row)
	}
	return nil
}

// cut says which of n lines stand on the part that is asked for; n is 0 when the report has counted by itself.
func cut(v *reports.View, n int) (from, to int) {
	if n > 0 {
		v.Count = n
	}
	if v.Everything {
		return 0, n
	}
	v.Parts = max(1, (v.Count+maxLines-1)/maxLines)
	return min(n, (v.Part-1)*maxLines), min(n, v.Part*maxLines)
}

// largest are the parties with the largest balances, whichever way, of rows in order of theirs.
func largest(rows []ledger.PartySum) []ledger.PartySum {
	var out []ledger.PartySum
	for i, j := 0, len(rows)-1; i <= j && len(out) < maxBars; {
		row := rows[i]
		if -rows[j].Closing > row.Closing {
			row = rows[j]
			j--
		} else {
			i++
		}
		if row.Closing == 0 {
			break
		}
		out = append(out, row)
	}
	return out
}

// share is part of whole in hundredths; whatever there is can be seen.
func share(part, whole int64) int {
	if part <= 0 || whole <= 0 {
		return 0
	}
	return max(1, int(float64(part)/float64(whole)*100))
}

func size(a money.Amount) int64 { return max(a.Minor, -a.Minor) }

func widen(bars []reports.Bar) {
	var most int64
	for _, b := range bars {
		most = max(most, size(b.Amount))
	}
	for i := range bars {
		bars[i].Width = share(size(bars[i].Amount), most)
	}
}

// columns are the steps of the chart over time: days when they fit, else months, else years.
func columns(v *reports.View, days []ledger.DaySum) []reports.Column {
	if len(days) == 0 {
		return nil
	}
	first, last := days[0].Date, days[len(days)-1].Date
	start := func(d time.Time) time.Time { return d }
	next, label := func(d time.Time) time.Time { return d.AddDate(0, 0, 1) }, v.Date
	switch length := last.Sub(first).Hours() / 24; {
	case length > 4*366:
		start = func(d time.Time) time.Time { return time.Date(d.Year(), 1, 1, 0, 0, 0, 0, time.UTC) }
		next, label = func(d time.Time) time.Time {
			return d.AddDate(1, 0,
				0)
		}, func(d time.Time) string { return d.Format("2006") }
	case length > 62:
		start = func(d time.Time) time.Time { return time.Date(d.Year(), d.Month(), 1, 0, 0, 0, 0, time.UTC) }
		next, label = func(d time.Time) time.Time { return d.AddDate(0, 1, 0) }, v.Month
	}
	var out []reports.Column
	at := map[time.Time]int{}
	for d := start(first); !d.After(last); d = next(d) {
		at[d] = len(out)
		out = append(out, reports.Column{
			Label: label(d), Got: money.Amount{Currency: v.Gave.Currency},
			Gave: money.Amount{Currency: v.Gave.Currency},
		})
	}
	var most int64
	for _, d := range days {
		c := &out[at[start(d.Date)]]
		c.Got.Minor, c.Gave.Minor = c.Got.Minor+d.Received, c.Gave.Minor+d.Given
		most = max(most, c.Got.Minor, c.Gave.Minor)
	}
	for i, c := range out {
		out[i].Up, out[i].Down = share(c.Got.Minor, most), share(c.Gave.Minor, most)
	}
	return out
}

// reportChips are the ranges of one tap; an ageing has days instead.
func reportChips(v reports.View) []reports.Chip {
	var out []reports.Chip
	for _, c := range chips(v.Shell, v.From, v.To) {
		if v.Show == reports.Ageing {
			if c.From == "" {
				c.Label = v.T("Today")
			} else if end, err := time.Parse(time.DateOnly, c.To); err != nil || !end.Before(v.Now) {
				continue
			} else {
				c.Label = v.Date(end)
			}
			c.From, c.Chosen = "", c.To == v.To
		}
		out = append(out, reports.Chip(c))
	}
	return out
}

package khata

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/reports"
)

// ExportReport is a report of the page with the same query as a file.
func (h *Handlers) ExportReport(f format) frame.Handler {
	return func(w http.ResponseWriter, r *frame.Request) error {
		days, err := readRange(r)
		if err != nil {
			return err
		}
		if err := r.Read(nil); err != nil {
			return err
		}
		view := reports.View{Shell: r.Shell(), Show: r.URL.Query().Get("show"), Part: 1, Parts: 1, Everything: true}
		table, err := reportTable(r, &view, days)
		if err != nil {
			return err
		}
		total := func(ctx context.Context, tx *postgres.Tx) (int64, error) {
			return ledger.CountEntries(ctx, tx, uuid.Nil, days)
		}
		return h.export(w, r, f, table.Title, total, func(tx *postgres.Tx, w io.Writer, o export.Options) error {
			return f.table(r.Context(), tx, w, table, o)
		})
	}
}

// reportTable is the file of a report: its columns, and how its rows are read.
func reportTable(r *frame.Request, v *reports.View, days ledger.Range) (export.Table, error) {
	if v.Show == "" {
		v.Show = reports.DayBook
	}
	t := export.Table{Title: v.Title(v.Show), Period: exportOptions(r).Period(days)}
	amount := func(word string) export.Column { return export.Column{Word: v.T(word), Amount: true} }
	party, day := export.Column{Word: v.T("Party")}, export.Column{Word: v.T("Date"), Day: true}
	switch v.Show {
	case reports.DayBook:
		t.Columns = []export.Column{day, party, {Word: v.T("Details")}, amount("Gave"), amount("Got")}
		t.Rows = dayBookRows(r, v, days)
	case reports.CashBook:
		t.Columns = []export.Column{
			day, amount("Came in"), amount("Went out"),
			amount("By counting"), amount("In the till"),
		}
		t.Rows = viewRows(r, v, days, cashBook, cashRows)
	case reports.Coming:
		t.Columns = []export.Column{day}
		for _, mode := range ledger.Modes {
			t.Columns = append(t.Columns, export.Column{Word: v.Mode(string(mode)), Amount: true})
		}
		t.Columns = append(t.Columns, amount("Total"))
		t.Rows = viewRows(r, v, days, collections, collectedRows)
	case reports.Parties:
		t.Columns = []export.Column{
			party, amount("Opening balance"), amount("Gave"), amount("Got"),
			amount("Closing balance"),
		}
		t.Rows = viewRows(r, v, days, partySummary, partyRows)
	case reports.Ageing:
		days.From = time.Time{}
		t.Period = v.T("As on %s", v.Date(lastDay(v, days)))
		t.Columns = []export.Column{party}
		for i := range v.Buckets {
			t.Columns = append(t.Columns, export.Column{Word: v.Age(i), Amount: true})
		}
		t.Columns = append(t.Columns, amount("You'll get"))
		t.Rows = viewRows(r, v, days, ageing, agedRows)
	default:
		return t, fault.New(fault.NotFound, "Page not found.")
	}
	return t, nil
}

func lastDay(v *reports.View, days ledger.Range) time.Time {
	if days.To.IsZero() {
		return v.Now
	}
	return days.To
}

type addRow = func(...export.Cell) error

// dayBookRows hands on entries as they are read: a year of them does not wait in memory.
func dayBookRows(r *frame.Request, v *reports.View, days ledger.Range) func(context.Context, *postgres.Tx, addRow) (
	[]export.Cell, error,
) {
	details := exportOptions(r).Labels
	return func(ctx context.Context, tx *postgres.Tx, add addRow) ([]export.Cell, error) {
		book, err := ledger.WriteDayBook(ctx, tx, days, func(l ledger.DayLine) error {
			gave, got := export.SumCell(l.AmountMinor), export.Cell{}
			if l.Side == ledger.Received {
				gave, got = got, gave
			}
			return add(export.DayCell(l.Date), export.TextCell(l.Name),
				export.TextCell(details.DetailsOf(l.EntryFields)),
				gave, got)
		})
		return []export.Cell{
			{},
			export.TextCell(v.T("Total")),
			{},
			export.SumCell(book.Given),
			export.SumCell(book.Received),
		}, err
	}
}

// viewRows are the rows of a report that the page reads as a whole as well.
func viewRows(r *frame.Request, v *reports.View, days ledger.Range,
	build func(*frame.Request, *postgres.Tx, ledger.Range, *reports.View) error,
	rows func(*reports.View, addRow) ([]export.Cell, error),
) func(context.Context, *postgres.Tx, addRow) ([]export.Cell, error) {
	return func(_ context.Context, tx *postgres.Tx, add addRow) ([]export.Cell, error) {
		if err := build(r, tx, days, v); err != nil {
			return nil, err
		}
		return rows(v, add)
	}
}

func cashRows(v *reports.View, add addRow) ([]export.Cell, error) {
	for _, d := range v.Days {
		if err := add(export.DayCell(d.Date), export.SumCell(d.Got.Minor), export.SumCell(d.Gave.Minor),
			export.SumCell(d.Counted.Minor), export.SumCell(d.Balance.Minor)); err != nil {
			return nil, err
		}
	}
	return []export.Cell{
		export.TextCell(v.T("Total")), export.SumCell(v.Got.Minor), export.SumCell(v.Gave.Minor),
		export.SumCell(v.Counted.Minor), export.SumCell(v.Closing.Minor),
	}, nil
}

func collectedRows(v *reports.View, add addRow) ([]export.Cell, error) {
	for _, d := range v.Collected {
		line := []export.Cell{export.DayCell(d.Date)}
		for _, amount := range d.Modes {
			line = append(line, export.SumCell(amount.Minor))
		}
		if err := add(append(line, export.SumCell(d.Total.Minor))...); err != nil {
			return nil, err
		}
	}
	total := []export.Cell{export.TextCell(v.T("Total"))}
	for _, mode := range v.Modes {
		total = append(total, export.SumCell(mode.Amount.Minor))
	}
	return append(total, export.SumCell(v.Came.Minor)), nil
}

func partyRows(v *reports.View, add addRow) ([]export.Cell, error) {
	for _, p := range v.Rows {
		if err := add(export.TextCell(p.Name), export.SumCell(p.Opening.Minor), export.SumCell(p.Gave.Minor),
			export.SumCell(p.Got.Minor), export.SumCell(p.Closing.Minor)); err != nil {
			return nil, err
		}
	}
	return []export.Cell{
		export.TextCell(v.T("Total")), export.SumCell(v.Opening.Minor), export.SumCell(v.Gave.Minor),
		export.SumCell(v.Got.Minor), export.SumCell(v.Closing.Minor),
	}, nil
}

func agedRows(v *reports.View, add addRow) ([]export.Cell, error) {
	for _, p := range v.Aged {
		cells := []export.Cell{export.TextCell(p.Name)}
		for _, b := range p.Buckets {
			cells = append(cells, export.SumCell(b.Minor))
		}
		if err := add(append(cells, export.SumCell(p.Total.Minor))...); err != nil {
			return nil, err
		}
	}
	last := []export.Cell{export.TextCell(v.T("Total"))}
	for _, b := range v.Buckets {
		last = append(last, export.SumCell(b.Minor))
	}
	return append(last, export.SumCell(v.Get.Minor)), nil
}

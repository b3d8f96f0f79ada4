package export

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tijorihq/tijori/internal/ledger/export/pdf"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Table is a report that leaves as a file: as CSV, as a spreadsheet, or as a document.
type Table struct {
	Title   string
	Period  string // the days in words
	Columns []Column
	// Rows hands every row to add, in order, and returns the last one: the sums. A row has a cell for each column.
	Rows func(ctx context.Context, tx *postgres.Tx, add func(...Cell) error) ([]Cell, error)
}

// A Column is the head of one.
type Column struct {
	Word   string
	Amount bool
	Day    bool
}

// A Cell is what stands in a row. The zero value is empty.
type Cell struct {
	text  string
	day   time.Time
	minor int64
	sum   bool
}

// TextCell is what people typed, or a word of ours.
func TextCell(s string) Cell { return Cell{text: s} }

// DayCell is a calendar day; zero is an empty cell.
func DayCell(d time.Time) Cell { return Cell{day: d} }

// SumCell is an amount in minor units.
func SumCell(minor int64) Cell { return Cell{minor: minor, sum: true} }

// TableCSV writes a report as CSV. Faults come before anything is written to w.
func TableCSV(ctx context.Context, tx *postgres.Tx, w io.Writer, t Table, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	c, err := newCSVWriter(w)
	if err != nil {
		return fmt.Errorf("export a report: %w", err)
	}
	for _, column := range t.Columns {
		c.text(column.Word)
	}
	if err := c.endRow(); err != nil {
		return fmt.Errorf("export a report: %w", err)
	}
	add := func(cells ...Cell) error {
		for _, x := range cells {
			switch {
			case x.sum:
				c.amount(x.minor, o.Currency)
			case !x.day.IsZero():
				c.date(x.day)
			default:
				c.text(x.text)
			}
		}
		return c.endRow()
	}
	last, err := t.Rows(ctx, tx, add)
	if err == nil {
		err = add(last...)
	}
	if err == nil {
		err = c.end()
	}
	if err != nil {
		return fmt.Errorf("export a report: %w", err)
	}
	return nil
}

// TableXLSX writes a report as a spreadsheet, with real days and numbers. Faults come before anything is written to w.
func TableXLSX(ctx context.Context, tx *postgres.Tx, w io.Writer, t Table, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	widths := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = 18
		if !c.Amount && !c.Day {
			widths[i] = 34
		}
	}
	x, err := newXLSXWriter(t.Title, o.Currency, widths)
	if err != nil {
		return fmt.Errorf("spreadsheet of a report: %w", err)
	}
	defer x.file.Close() // only removes temporary files
	x.head = func() error { return x.tableHead(t, o) }
	err = x.newSheet()
	var last []Cell
	if err == nil {
		last, err = t.Rows(ctx, tx, func(cells ...Cell) error { return x.add(x.cells(cells, false)...) })
	}
	if err == nil {
		err = x.add(x.cells(last, true)...)
	}
	if err == nil {
		err = x.end(w)
	}
	if err != nil {
		return fmt.Errorf("spreadsheet of a report: %w", err)
	}
	return nil
}

func (x *xlsxWriter) tableHead(t Table, o Options) error {
	if err := x.freeze(4); err != nil {
		return err
	}
	for _, line := range []any{
		excelize.Cell{StyleID: x.styles.title, Value: o.Business},
		excelize.Cell{StyleID: x.styles.head, Value: t.Title + " · " + t.Period},
		nil,
	} {
		if err := x.add(line); err != nil {
			return err
		}
	}
	heads := make([]any, len(t.Columns))
	for i, c := range t.Columns {
		style := x.styles.head
		if c.Amount {
			style = x.styles.headRight
		}
		heads[i] = excelize.Cell{StyleID: style, Value: c.Word}
	}
	return x.add(heads...)
}

func (x *xlsxWriter) cells(row []Cell, strong bool) []any {
	out := make([]any, len(row))
	for i, c := range row {
		switch {
		case c.sum && strong:
			out[i] = x.boldAmount(c.minor)
		case c.sum:
			out[i] = x.amount(c.minor)
		case !c.day.IsZero():
			out[i] = x.date(c.day)
		case c.text == "":
		case strong:
			out[i] = x.bold(c.text)
		default:
			out[i] = x.text(c.text)
		}
	}
	return out
}

// TablePDF writes a report as a document. Faults come before anything is written to w.
func TablePDF(ctx context.Context, tx *postgres.Tx, w io.Writer, t Table, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	s := newSheet(w, o, o.Business+" – "+t.Title)
	s.running, s.aside = o.Business+" · "+t.Title, t.Period
	s.newPage()
	s.title(t.Title)
	s.page.TextRight(right, s.y-12, soft, t.Period)
	s.y -= 24
	p := place(t.Columns)
	s.heads = func() { s.tableHeads(t.Columns, p) }
	s.columns()
	last, err := t.Rows(ctx, tx, func(cells ...Cell) error { return s.tableRow(cells, p, false) })
	if err == nil {
		s.need(40)
		s.page.Line(left, s.y, right-left, 1.4, accent)
		err = s.tableRow(last, p, true)
	}
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return fmt.Errorf("pdf of a report: %w", err)
	}
	return nil
}

// A span is where a column of a document begins and ends.
type span struct {
	from, to float64
	right    bool
}

// place gives amounts and days the width that they need, and the rest to the words.
func place(columns []Column) []span {
	const daySpan = 66
	amount, amounts, days, words := 80.0, 0.0, 0.0, 0.0
	for _, c := range columns {
		switch {
		case c.Amount:
			amounts++
		case c.Day:
			days++
		default:
			words++
		}
	}
	if amounts > 3 {
		amount = 72
	}
	room := right - left - amounts*amount - days*daySpan
	at, out := left, make([]span, 0, len(columns))
	for _, c := range columns {
		width := amount
		if c.Day {
			width = daySpan
		} else if !c.Amount {
			width = room / words
		}
		out = append(out, span{at + 4, at + width - 4, c.Amount})
		at += width
	}
	return out
}

func (s *sheet) tableHeads(columns []Column, p []span) {
	s.page.Fill(left, s.y-18, right-left, 18, band)
	for i, c := range columns {
		s.tableCell(p[i], s.y-12, head, s.doc.Fit(head, c.Word, p[i].to-p[i].from))
	}
	s.y -= 18
}

func (s *sheet) tableCell(at span, y float64, st pdf.Style, text string) {
	if w := s.doc.Measure(st, text); w > at.to-at.from {
		st.Size *= (at.to - at.from) / w
	}
	if at.right {
		s.page.TextRight(at.to, y, st, text)
	} else {
		s.page.Text(at.from, y, st, text)
	}
}

func (s *sheet) tableRow(cells []Cell, p []span, strong bool) error {
	st := body
	if strong {
		st = bold
	}
	lines := make([][]string, len(cells))
	most := 1
	for i, c := range cells {
		switch {
		case c.sum:
			lines[i] = []string{s.money(c.minor)}
		case !c.day.IsZero():
			lines[i] = []string{s.o.date(c.day)}
		default:
			lines[i] = s.doc.Wrap(st, c.text, p[i].to-p[i].from)
		}
		lines[i] = lines[i][:min(len(lines[i]), tallestOnPage)]
		most = max(most, len(lines[i]))
	}
	if s.y-rowHead-float64(most-1)*lineHeight-rowFoot < bottom {
		s.newPage()
	}
	for i, cell := range lines {
		for n, line := range cell {
			s.tableCell(p[i], s.y-rowHead-float64(n)*lineHeight, st, line)
		}
	}
	s.y -= rowHead + float64(most-1)*lineHeight + rowFoot
	s.page.Line(left, s.y, right-left, .5, rule)
	return s.doc.Err()
}

package export

import (
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
)

// maxRows is how many rows a sheet of a spreadsheet has. A variable for tests.
var maxRows = excelize.TotalRows

// maxExact is the largest amount that a spreadsheet keeps exactly: it counts in
// fifteen digits. Beyond it an amount is text, so that the figure stays right.
const maxExact = 999_999_999_999_999

// xlsxWriter writes a workbook row by row. Rows wait in a temporary file, so that
// memory does not grow with them; nothing reaches w before end.
type xlsxWriter struct {
	file     *excelize.File
	sheet    *excelize.StreamWriter
	name     string
	sheets   int
	row      int // last one written
	head     func() error
	widths   []float64
	currency string
	styles   struct{ date, amount, text, bold, boldAmount, boldDate, title, head, headRight int }
}

// newXLSXWriter begins a workbook. head writes the rows on top of every sheet, which stay in sight.
func newXLSXWriter(name, currency string, widths []float64) (*xlsxWriter, error) {
	x := &xlsxWriter{file: excelize.NewFile(), name: sheetName(name), currency: currency, widths: widths}
	amount := "#,##0.00"
	switch {
	case currency == "INR":
		amount = "[$-4009]#,##,##0.00" // lakh and crore; right with negatives
	case money.Digits(currency) == 0:
		amount = "#,##0"
	}
	date := "dd mmm yyyy"
	font, top := &excelize.Font{Bold: true}, &excelize.Alignment{Vertical: "top", WrapText: true}
	band := excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"F3EEE2"}}
	for _, s := range []struct {
		id    *int
		style excelize.Style
	}{
		{&x.styles.date, excelize.Style{CustomNumFmt: &date, Alignment: &excelize.Alignment{
			Vertical:   "top",
			Horizontal: "left",
		}}},
		{&x.styles.amount, excelize.Style{CustomNumFmt: &amount, Alignment: &excelize.Alignment{Vertical: "top"}}},
		{&x.styles.text, excelize.Style{NumFmt: 49, Alignment: top}}, // 49 is text, also when somebody edits it
		{&x.styles.bold, excelize.Style{Font: font, Alignment: top}},
		{&x.styles.boldAmount, excelize.Style{Font: font, CustomNumFmt: &amount}},
		{&x.styles.boldDate, excelize.Style{
			Font: font, CustomNumFmt: &date,
			Alignment: &excelize.Alignment{Horizontal: "left"},
		}},
		{&x.styles.title, excelize.Style{Font: &excelize.Font{Bold: true, Size: 14}}},
		{&x.styles.head, excelize.Style{Font: font, Fill: band}},
		{&x.styles.headRight, excelize.Style{
			Font: font, Fill: band,
			Alignment: &excelize.Alignment{Horizontal: "right"},
		}},
	} {
		var err error
		if *s.id, err = x.file.NewStyle(&s.style); err != nil {
			return nil, err
		}
	}
	return x, nil
}

// sheetName is a name that a sheet may have.
func sheetName(s string) string {
	r := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`[]:*?/\'`, r) {
			return -1
		}
		return r
	}, s))
	return string(r[:min(len(r), 24)])
}

// newSheet begins the first sheet, or the next when one is full.
func (x *xlsxWriter) newSheet() error {
	name := x.name
	if x.sheets++; x.sheets == 1 {
		if err := x.file.SetSheetName("Sheet1", name); err != nil {
			return err
		}
	} else {
		name += " " + strconv.Itoa(x.sheets)
		if _, err := x.file.NewSheet(name); err != nil {
			return err
		}
		if err := x.sheet.Flush(); err != nil {
			return err
		}
	}
	var err error
	if x.sheet, err = x.file.NewStreamWriter(name); err != nil {
		return err
	}
	for i, w := range x.widths {
		if err := x.sheet.SetColWidth(i+1, i+1, w); err != nil {
			return err
		}
	}
	x.row = 0
	return x.head()
}

// freeze keeps the first n rows in sight. It comes before any row.
func (x *xlsxWriter) freeze(n int) error {
	return x.sheet.SetPanes(&excelize.Panes{
		Freeze: true, YSplit: n, TopLeftCell: "A" + strconv.Itoa(n+1),
		ActivePane: "bottomLeft",
	})
}

// add writes a row, on a new sheet when the last is full.
func (x *xlsxWriter) add(cells ...any) error {
	if x.row >= maxRows {
		if err := x.newSheet(); err != nil {
			return err
		}
	}
	x.row++
	return x.sheet.SetRow("A"+strconv.Itoa(x.row), cells)
}

// text is what people typed: a string of the file, which no spreadsheet runs.
func (x *xlsxWriter) text(s string) any {
	if s == "" {
		return nil
	}
	return excelize.Cell{StyleID: x.styles.text, Value: s}
}

func (x *xlsxWriter) bold(s string) any { return excelize.Cell{StyleID: x.styles.bold, Value: s} }

func (x *xlsxWriter) date(d time.Time) any { return excelize.Cell{StyleID: x.styles.date, Value: d} }

func (x *xlsxWriter) boldDate(d time.Time) any {
	if d.IsZero() {
		return nil
	}
	return excelize.Cell{StyleID: x.styles.boldDate, Value: d}
}

func (x *xlsxWriter) amount(minor int64) any {
	return excelize.Cell{StyleID: x.styles.amount, Value: number(minor, x.currency)}
}

func (x *xlsxWriter) boldAmount(minor int64) any {
	return excelize.Cell{StyleID: x.styles.boldAmount, Value: number(minor, x.currency)}
}

// number is an amount as the file format has numbers. Up to fifteen digits the
// decimal text comes back out of it unchanged.
func number(minor int64, currency string) any {
	text := money.Plain(minor, currency)
	if minor > maxExact || minor < -maxExact {
		return text
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return text
	}
	return f
}

// heads are the titles of columns; the last n stand over amounts.
func (x *xlsxWriter) heads(n int, titles ...string) error {
	var cells []any
	for i, t := range titles {
		style := x.styles.head
		if i >= len(titles)-n {
			style = x.styles.headRight
		}
		cells = append(cells, excelize.Cell{StyleID: style, Value: t})
	}
	return x.add(cells...)
}

// sides are the columns gave, got and balance of an entry.
func (x *xlsxWriter) sides(line ledger.Line) (gave, got, balance any) {
	if !line.Ahead {
		balance = x.amount(line.Balance)
	}
	if line.Side == ledger.Given {
		return x.amount(line.AmountMinor), nil, balance
	}
	return nil, x.amount(line.AmountMinor), balance
}

// end writes the workbook to w.
func (x *xlsxWriter) end(w io.Writer) error {
	if err := x.sheet.Flush(); err != nil {
		return err
	}
	return x.file.Write(w)
}

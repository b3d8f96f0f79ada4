package export

import (
	"strconv"
	"strings"

	"github.com/tijorihq/tijori/internal/ledger/export/pdf"
	"github.com/tijorihq/tijori/internal/money"
)

// The page: A4 in points, and where the columns end.
const (
	left, right   = 36.0, 559.0
	top, bottom   = 806.0, 58.0
	foot          = 34.0
	detailsX      = 112.0
	gaveX, gotX   = 384.0, 468.0
	amountWidth   = 80.0
	detailsWidth  = gaveX - amountWidth - 10 - detailsX
	lineHeight    = 13.0
	rowHead       = 12.5 // from the top of a row to the foot of its first letters
	rowFoot       = 5.5
	tallestOnPage = 20 // lines of a row that is kept on one page
)

var (
	ink     = pdf.Color{31, 34, 51}
	softInk = pdf.Color{86, 89, 104}
	rule    = pdf.Color{222, 214, 196}
	band    = pdf.Color{243, 238, 226}
	accent  = pdf.Color{40, 52, 107}
	gaveInk = pdf.Color{160, 47, 29}
	gotInk  = pdf.Color{22, 97, 60}

	body  = pdf.Style{Size: 9.5, Color: ink}
	bold  = pdf.Style{Size: 9.5, Bold: true, Color: ink}
	small = pdf.Style{Size: 8, Color: softInk}
	head  = pdf.Style{Size: 8.5, Bold: true, Color: softInk}
	soft  = pdf.Style{Size: 10, Color: softInk}
)

// A sheet lays rows out on pages, downwards.
type sheet struct {
	doc     *pdf.Doc
	page    *pdf.Canvas
	total   *pdf.Form // the number of pages and what follows it, known at the end
	y       float64   // top of what comes next
	o       Options
	l       Labels
	running string // at the head of the second and later pages
	aside   string // to the right of that
	table   bool   // the columns' heads are repeated on a new page
	heads   func() // writes the heads of another table than a statement's
}

// tableRow is one row; amounts are ready to show, "" where there is none.
type tableRow struct {
	date, details, gave, got, balance string
	bold                              bool
}

func (s *sheet) newPage() {
	s.page = s.doc.NewPage()
	s.y = top
	before, _, _ := strings.Cut(strings.Replace(s.l.Page, "%d", strconv.Itoa(s.doc.Pages()), 1), "%d")
	if s.doc.Pages() == 1 {
		s.total = s.doc.NewForm()
	}
	s.page.Line(left, foot+14, right-left, .6, rule)
	s.page.Text(left, foot, small, before)
	s.page.Place(s.total, left+s.doc.Measure(small, before), foot)
	s.page.TextRight(right, foot, small, s.o.Made)
	if s.doc.Pages() == 1 {
		return
	}
	s.page.Text(left, s.y-8, small, s.doc.Fit(small, s.running, 330))
	s.page.TextRight(right, s.y-8, small, s.aside)
	s.y -= 20
	if s.table {
		s.columns()
	}
}

// end writes the number of pages, and the document's end.
func (s *sheet) end() error {
	_, after, _ := strings.Cut(strings.Replace(s.l.Page, "%d", "", 1), "%d")
	s.total.Text(0, 0, small, strconv.Itoa(s.doc.Pages())+after)
	return s.doc.Close()
}

// need begins a new page unless the open one has so much room.
func (s *sheet) need(height float64) {
	if s.y-height < bottom {
		s.newPage()
	}
}

// paragraph writes text over as many lines as it takes.
func (s *sheet) paragraph(st pdf.Style, text string, width, height float64) {
	for _, line := range s.doc.Wrap(st, text, width) {
		s.need(height)
		s.page.Text(left, s.y-st.Size, st, line)
		s.y -= height
	}
}

// columns writes the heads of the table.
func (s *sheet) columns() {
	s.table = true
	if s.heads != nil {
		s.heads()
		return
	}
	s.page.Fill(left, s.y-18, right-left, 18, band)
	y := s.y - 12
	s.page.Text(left+4, y, head, s.l.Date)
	s.page.Text(detailsX, y, head, s.l.Details)
	gave, got := head, head
	gave.Color, got.Color = gaveInk, gotInk
	s.amount(gaveX, y, gave, s.l.Given)
	s.amount(gotX, y, got, s.l.Received)
	s.amount(right-4, y, head, s.l.Balance)
	s.y -= 18
}

// amount writes to the left of x; what is too wide for its column gets smaller.
func (s *sheet) amount(x, y float64, st pdf.Style, text string) {
	if w := s.doc.Measure(st, text); w > amountWidth {
		st.Size *= amountWidth / w
	}
	s.page.TextRight(x, y, st, text)
}

// row writes a row and the rule below it. The error is the writer's, so that
// nobody goes on for a reader who has gone.
func (s *sheet) row(r tableRow) error {
	st, gave, got := body, body, body
	if r.bold {
		st, gave, got = bold, bold, bold
	}
	gave.Color, got.Color = gaveInk, gotInk
	lines := s.doc.Wrap(st, r.details, detailsWidth)
	if n := min(len(lines), tallestOnPage); s.y-rowHead-float64(n-1)*lineHeight-rowFoot < bottom {
		s.newPage()
	}
	y := s.y - rowHead
	s.page.Text(left+4, y, st, r.date)
	s.amount(gaveX, y, gave, r.gave)
	s.amount(gotX, y, got, r.got)
	s.amount(right-4, y, st, r.balance)
	for i, line := range lines {
		if i > 0 {
			y -= lineHeight
		}
		if y-rowFoot < bottom {
			s.newPage()
			y = s.y - rowHead
		}
		s.page.Text(detailsX, y, st, line)
	}
	s.y = y - rowFoot
	s.page.Line(left, s.y, right-left, .5, rule)
	return s.doc.Err()
}

func (s *sheet) money(minor int64) string {
	return money.Amount{Minor: minor, Currency: s.o.Currency}.Format()
}

package export

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export/pdf"
	"github.com/tijorihq/tijori/internal/postgres"
)

// PartyPDF writes a party's statement as a document for the party: shop, party,
// range, the four sums, opening, one row for each entry, closing, who owes whom.
// Faults come before anything is written to w.
func PartyPDF(ctx context.Context, tx *postgres.Tx, w io.Writer, party uuid.UUID, r ledger.Range, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	var s *sheet
	var sums *pdf.Form
	begin := func(st ledger.Statement) error {
		s, sums = beginStatement(w, st, o)
		return s.doc.Err()
	}
	st, err := ledger.WriteStatement(ctx, tx, party, r, begin, func(line ledger.Line) error { return s.entry(line) })
	if err != nil {
		return fmt.Errorf("pdf of party %s: %w", party, err)
	}
	s.boxes(sums, []box{
		{s.l.Opening, s.money(st.Opening), ink},
		{s.l.Given, s.money(st.Given), gaveInk},
		{s.l.Received, s.money(st.Received), gotInk},
		{s.l.Closing, s.money(st.Closing), accent},
	})
	if err := s.closing(st); err != nil {
		return fmt.Errorf("pdf of party %s: %w", party, err)
	}
	if err := s.end(); err != nil {
		return fmt.Errorf("pdf of party %s: %w", party, err)
	}
	return nil
}

func newSheet(w io.Writer, o Options, title string) *sheet {
	lang := o.Lang
	if lang == "" {
		lang = "en"
	}
	return &sheet{doc: pdf.New(w, pdf.Info{Title: title, Lang: lang}), o: o, l: o.labels()}
}

// beginStatement writes the head of the first page, with room for the sums.
func beginStatement(w io.Writer, st ledger.Statement, o Options) (*sheet, *pdf.Form) {
	s := newSheet(w, o, o.Business+" – "+st.Party.Name)
	s.running, s.aside = o.Business+" · "+st.Party.Name, o.Period(st.Range)
	s.newPage()
	s.title(s.l.Statement)
	s.page.TextRight(right, s.y-12, soft, s.aside)
	s.paragraph(pdf.Style{Size: 13, Bold: true, Color: ink}, st.Party.Name, 330, 19)
	who := s.l.kind(st.Party.Kind)
	if st.Party.Phone != "" {
		who += " · " + st.Party.Phone
	}
	s.paragraph(soft, who, 330, 15)
	sums := s.place()
	s.columns()
	opening := tableRow{details: s.l.Opening, balance: s.money(st.Opening), bold: true}
	if !st.Range.From.IsZero() {
		opening.date = o.date(st.Range.From)
	}
	s.row(opening) // an error stays in the document
	return s, sums
}

// title writes the shop's name and, to its right, what this is.
func (s *sheet) title(what string) {
	s.page.TextRight(right, s.y-16, pdf.Style{Size: 11, Color: softInk}, what)
	s.paragraph(pdf.Style{Size: 17, Bold: true, Color: accent}, s.o.Business, 350, 24)
	s.y -= 4
	s.page.Line(left, s.y, right-left, 1.4, accent)
	s.y -= 14
}

// box is one of the sums on top.
type box struct {
	word, sum string
	color     pdf.Color
}

const boxHeight = 44.0

// place leaves room for boxes, which are drawn when the sums are known.
func (s *sheet) place() *pdf.Form {
	f := s.doc.NewForm()
	s.y -= 6 + boxHeight
	s.page.Place(f, left, s.y)
	s.y -= 12
	return f
}

func (s *sheet) boxes(f *pdf.Form, list []box) {
	width := (right - left - 8*float64(len(list)-1)) / float64(len(list))
	for i, b := range list {
		x := float64(i) * (width + 8)
		f.Fill(x, 0, width, boxHeight, band)
		f.Fill(x, 0, 2.5, boxHeight, b.color)
		f.Text(x+10, boxHeight-16, small, s.doc.Fit(small, b.word, width-14))
		st := pdf.Style{Size: 12.5, Bold: true, Color: b.color}
		if w := s.doc.Measure(st, b.sum); w > width-16 {
			st.Size *= (width - 16) / w
		}
		f.Text(x+10, 11, st, b.sum)
	}
}

func (s *sheet) entry(line ledger.Line) error {
	r := tableRow{date: s.o.date(line.Date), details: s.l.paidDetails(line)}
	if !line.Ahead {
		r.balance = s.money(line.Balance)
	}
	if line.Side == ledger.Given {
		r.gave = s.money(line.AmountMinor)
	} else {
		r.got = s.money(line.AmountMinor)
	}
	return s.row(r)
}

// closing writes the last row and says in words what it means, to both sides.
func (s *sheet) closing(st ledger.Statement) error {
	s.need(90)
	s.page.Line(left, s.y, right-left, 1.4, accent)
	last := tableRow{
		details: s.l.Closing, gave: s.money(st.Given), got: s.money(st.Received),
		balance: s.money(st.Closing), bold: true,
	}
	if !st.Range.To.IsZero() {
		last.date = s.o.date(st.Range.To)
	}
	if err := s.row(last); err != nil {
		return err
	}
	s.table = false
	s.y -= 16
	s.paragraph(pdf.Style{Size: 11, Bold: true, Color: ink}, s.owes(st), right-left, 17)
	s.y -= 4
	s.paragraph(small, fill(s.l.SideNote, s.o.Business, s.o.Business), right-left, 12)
	return s.doc.Err()
}

func (s *sheet) owes(st ledger.Statement) string {
	switch {
	case st.Closing > 0:
		return fill(s.l.Owes, st.Party.Name, s.o.Business, s.money(st.Closing))
	case st.Closing < 0:
		return fill(s.l.Owes, s.o.Business, st.Party.Name, s.money(-st.Closing))
	}
	return s.l.Settled
}

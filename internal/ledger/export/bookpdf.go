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

// BookPDF writes every entry of the business, party by party, each with its sums
// and balance, and on top what is to get and to give in all. Faults come before
// anything is written to w.
func BookPDF(ctx context.Context, tx *postgres.Tx, w io.Writer, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	b := book{sheet: newSheet(w, o, o.Business)}
	b.aside = b.l.Khata
	b.newPage()
	b.title(b.l.Khata)
	sums := b.place()
	if err := ledger.WriteBook(ctx, tx, b.line); err != nil {
		return fmt.Errorf("pdf of the book: %w", err)
	}
	if err := b.endParty(); err != nil {
		return fmt.Errorf("pdf of the book: %w", err)
	}
	b.boxes(sums, []box{{b.l.Get, b.money(b.get), gaveInk}, {b.l.Give, b.money(b.give), gotInk}})
	if err := b.end(); err != nil {
		return fmt.Errorf("pdf of the book: %w", err)
	}
	return nil
}

// A book is the sheet of all parties.
type book struct {
	*sheet
	party     uuid.UUID
	sum       ledger.Running
	get, give int64
}

func (b *book) line(line ledger.BookLine) error {
	if line.PartyID != b.party {
		if err := b.endParty(); err != nil {
			return err
		}
		b.party, b.sum = line.PartyID, ledger.Running{}
		b.table = false
		b.running = b.o.Business + " · " + line.Name
		b.need(96)
		who := b.l.kind(line.Kind)
		if line.Phone != "" {
			who += " · " + line.Phone
		}
		b.y -= 8
		b.page.TextRight(right, b.y-11, small, who)
		b.paragraph(pdf.Style{Size: 11, Bold: true, Color: ink}, line.Name, 360, 16)
		b.y -= 2
		b.columns()
	}
	if !line.Entries {
		return b.doc.Err()
	}
	if !line.Ahead {
		if err := b.sum.Add(line.EntryFields); err != nil {
			return err
		}
	}
	return b.entry(line.Line)
}

// endParty writes the sums of the party whose lines have ended.
func (b *book) endParty() error {
	if b.party == uuid.Nil {
		return b.doc.Err()
	}
	if b.sum.Balance > 0 {
		b.get += b.sum.Balance
	} else {
		b.give -= b.sum.Balance
	}
	err := b.row(tableRow{
		details: b.l.Closing, gave: b.money(b.sum.Given), got: b.money(b.sum.Received),
		balance: b.money(b.sum.Balance), bold: true,
	})
	b.y -= 12
	return err
}

package export

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// PartyCSV writes a party's statement: opening, one row for each entry of the
// range with the balance after it, closing. Faults (no such party, no
// entitlement, an empty range) come before anything is written to w.
func PartyCSV(ctx context.Context, tx *postgres.Tx, w io.Writer, party uuid.UUID, r ledger.Range, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	l := o.labels()
	var c *csvWriter
	begin := func(s ledger.Statement) (err error) {
		if c, err = newCSVWriter(w); err != nil {
			return err
		}
		for _, heading := range []string{l.Date, l.Details, l.Gave, l.Got, l.Balance, l.Paid} {
			c.text(heading)
		}
		if err := c.endRow(); err != nil {
			return err
		}
		if s.Range.From.IsZero() {
			c.cell("")
		} else {
			c.date(s.Range.From)
		}
		c.text(l.Opening)
		c.cell("")
		c.cell("")
		c.amount(s.Opening, o.Currency)
		c.cell("")
		return c.endRow()
	}
	s, err := ledger.WriteStatement(ctx, tx, party, r, begin, func(line ledger.Line) error {
		c.date(line.Date)
		c.text(l.DetailsOf(line.EntryFields))
		c.sides(line, o.Currency)
		c.text(l.PaidBy(line.EntryFields))
		return c.endRow()
	})
	if err != nil {
		return fmt.Errorf("export party %s: %w", party, err)
	}
	if s.Range.To.IsZero() {
		c.cell("")
	} else {
		c.date(s.Range.To)
	}
	c.text(l.Closing)
	c.amount(s.Given, o.Currency)
	c.amount(s.Received, o.Currency)
	c.amount(s.Closing, o.Currency)
	c.cell("")
	if err := c.endRow(); err != nil {
		return fmt.Errorf("export party %s: %w", party, err)
	}
	return c.end()
}

// sides writes the columns gave, got and balance of an entry; the balance is empty while the entry lies ahead.
func (c *csvWriter) sides(line ledger.Line, currency string) {
	if line.Side == ledger.Given {
		c.amount(line.AmountMinor, currency)
		c.cell("")
	} else {
		c.cell("")
		c.amount(line.AmountMinor, currency)
	}
	if line.Ahead {
		c.cell("")
	} else {
		c.amount(line.Balance, currency)
	}
}

// BookCSV writes every entry of the business, party by party, with the party's
// balance after each. A party without entries has one row with balance zero. Entries dated ahead say so and have no
// balance.
func BookCSV(ctx context.Context, tx *postgres.Tx, w io.Writer, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	l := o.labels()
	kinds := map[ledger.Kind]string{ledger.Customer: l.Customer, ledger.Supplier: l.Supplier}
	c, err := newCSVWriter(w)
	if err != nil {
		return fmt.Errorf("export the book: %w", err)
	}
	for _, heading := range []string{l.Party, l.Kind, l.Phone, l.Date, l.Details, l.Gave, l.Got, l.Balance, l.Paid} {
		c.text(heading)
	}
	if err := c.endRow(); err != nil {
		return fmt.Errorf("export the book: %w", err)
	}
	party, head := uuid.Nil, ""
	err = ledger.WriteBook(ctx, tx, func(b ledger.BookLine) error {
		if b.PartyID != party || head == "" {
			party, head = b.PartyID, textCells(b.Name, kinds[b.Kind], b.Phone)
		}
		c.w.WriteString(head)
		c.first = false
		if b.Entries {
			c.date(b.Date)
			c.text(l.detailsOf(b.Line))
			c.sides(b.Line, o.Currency)
			c.text(l.PaidBy(b.EntryFields))
		} else {
			for range 4 {
				c.cell("")
			}
			c.amount(0, o.Currency)
			c.cell("")
		}
		return c.endRow()
	})
	if err != nil {
		return fmt.Errorf("export the book: %w", err)
	}
	return c.end()
}

package export

import (
	"context"
	"fmt"
	"io"

	"github.com/google/uuid"
	"github.com/xuri/excelize/v2"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// PartyXLSX writes a party's statement as a spreadsheet: shop, party and range,
// then the rows of PartyCSV with real dates and numbers. Faults come before
// anything is written to w.
func PartyXLSX(
	ctx context.Context, tx *postgres.Tx, w io.Writer, party uuid.UUID, r ledger.Range, o Options,
) (err error) {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	l := o.labels()
	x, err := newXLSXWriter(l.Statement, o.Currency, []float64{14, 44, 18, 18, 18, 12})
	if err != nil {
		return fmt.Errorf("spreadsheet of party %s: %w", party, err)
	}
	defer x.file.Close() // only removes temporary files
	begin := func(s ledger.Statement) error {
		x.head = func() error { return x.statementHead(s, o) }
		if err := x.newSheet(); err != nil {
			return err
		}
		return x.add(x.boldDate(s.Range.From), x.bold(l.Opening), nil, nil, x.boldAmount(s.Opening), nil)
	}
	s, err := ledger.WriteStatement(ctx, tx, party, r, begin, func(line ledger.Line) error {
		gave, got, balance := x.sides(line)
		return x.add(x.date(line.Date), x.text(l.DetailsOf(line.EntryFields)), gave, got, balance,
			x.text(l.PaidBy(line.EntryFields)))
	})
	if err == nil {
		err = x.add(x.boldDate(s.Range.To), x.bold(l.Closing), x.boldAmount(s.Given), x.boldAmount(s.Received),
			x.boldAmount(s.Closing), nil)
	}
	if err == nil {
		err = x.end(w)
	}
	if err != nil {
		return fmt.Errorf("spreadsheet of party %s: %w", party, err)
	}
	return nil
}

func (x *xlsxWriter) statementHead(s ledger.Statement, o Options) error {
	l := o.labels()
	if err := x.freeze(5); err != nil {
		return err
	}
	who := s.Party.Name
	if s.Party.Phone != "" {
		who += " · " + s.Party.Phone
	}
	for _, line := range []any{
		excelize.Cell{StyleID: x.styles.title, Value: o.Business},
		excelize.Cell{StyleID: x.styles.head, Value: who},
		o.Period(s.Range), nil,
	} {
		if err := x.add(line); err != nil {
			return err
		}
	}
	return x.heads(3, l.Date, l.Details, l.Gave, l.Got, l.Balance, l.Paid)
}

// BookXLSX writes every entry of the business with the columns of BookCSV, over
// several sheets when there are more than one holds.
func BookXLSX(ctx context.Context, tx *postgres.Tx, w io.Writer, o Options) error {
	if err := o.allowed(ctx, tx); err != nil {
		return err
	}
	l := o.labels()
	x, err := newXLSXWriter(l.Khata, o.Currency, []float64{28, 12, 18, 14, 40, 18, 18, 18, 12})
	if err != nil {
		return fmt.Errorf("spreadsheet of the book: %w", err)
	}
	defer x.file.Close() // only removes temporary files
	x.head = func() error {
		if err := x.freeze(1); err != nil {
			return err
		}
		return x.heads(3, l.Party, l.Kind, l.Phone, l.Date, l.Details, l.Gave, l.Got, l.Balance, l.Paid)
	}
	err = x.newSheet()
	if err == nil {
		err = ledger.WriteBook(ctx, tx, func(b ledger.BookLine) error {
			cells := []any{
				x.text(b.Name), x.text(l.kind(b.Kind)), x.text(b.Phone), nil, nil, nil, nil, x.amount(0), nil,
			}
			if b.Entries {
				cells[3], cells[4] = x.date(b.Date), x.text(l.detailsOf(b.Line))
				cells[5], cells[6], cells[7] = x.sides(b.Line)
				cells[8] = x.text(l.PaidBy(b.EntryFields))
			}
			return x.add(cells...)
		})
	}
	if err == nil {
		err = x.end(w)
	}
	if err != nil {
		return fmt.Errorf("spreadsheet of the book: %w", err)
	}
	return nil
}

package ledger

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
)

// The columns of the grid, as problems name them.
const (
	ColumnDate     = "date"
	ColumnParty    = "party"
	ColumnGiven    = "given"
	ColumnReceived = "received"
	ColumnNote     = "note"
	ColumnMode     = "mode"
)

// A BatchRow is one row of the grid as it was typed. Its id is made by the client.
type BatchRow struct {
	ID       uuid.UUID `json:"id"`
	Date     string    `json:"date,omitempty"`
	Party    string    `json:"party,omitempty"`     // the name
	PartyID  uuid.UUID `json:"party_id,omitzero"`   // what was chosen; zero to go by the name
	NewParty bool      `json:"new_party,omitempty"` // add a party of this name unless there is one
	Given    string    `json:"given,omitempty"`
	Received string    `json:"received,omitempty"`
	Note     string    `json:"note,omitempty"`
	Mode     string    `json:"mode,omitempty"` // how it was paid, in words; "" for what the side says
}

// Blank reports a row in which nothing was typed but perhaps the date.
func (r BatchRow) Blank() bool {
	return strings.TrimSpace(r.Party+r.Given+r.Received+r.Note+r.Mode) == ""
}

// A CheckedRow is a row with what is wrong in it, by column.
type CheckedRow struct {
	BatchRow                         // with the party that was found
	Entry    EntryFields             // as it would be stored
	Problems map[string]*fault.Fault // a row without any can be saved
	Unknown  bool                    // the name is of no party yet: NewParty would add it
	Twin     bool                    // there is, or above stands, one of the same party, date, side and amount
	Saved    bool                    // by SaveBatch, now or before
	adds     *BatchParty             // the party that this row brings
}

func (r *CheckedRow) fail(column string, f *fault.Fault) {
	if r.Problems == nil {
		r.Problems = map[string]*fault.Fault{}
	}
	if r.Problems[column] == nil {
		r.Problems[column] = f
	}
}

// failBy puts a fault into the cell that its field is about.
func (r *CheckedRow) failBy(err error) {
	f := fault.Of(err)
	switch f.Field {
	case "date", "note", "mode":
		r.fail(f.Field, f)
	case "amount":
		r.fail(r.amountColumn(), f)
	default:
		r.fail(ColumnParty, f)
	}
}

func (r *CheckedRow) amountColumn() string {
	if r.Entry.Side == Received {
		return ColumnReceived
	}
	return ColumnGiven
}

// A Desk is what reading of typed text depends on: the money and the day of the business.
type Desk struct {
	Currency string
	Today    time.Time
}

var (
	errNoAmount   = fault.New(fault.Invalid, "Write an amount, such as 250 or 250+90.")
	errBothSides  = fault.New(fault.Invalid, "Gave or got: fill in one of the two.")
	errNoPartyYet = fault.New(fault.Invalid, "Choose a party.")
	errUnknown    = fault.New(fault.Invalid, "There is no such party yet.")
	errNoMode     = fault.New(fault.Invalid, "Write cash, UPI, bank, cheque or goods.")
	errSeveral    = fault.New(fault.Invalid, "Several parties have this name. Choose one.")
)

// read parses what was typed. Parties are looked up elsewhere.
func (d Desk) read(row BatchRow) *CheckedRow {
	r := &CheckedRow{BatchRow: row}
	if row.Blank() {
		return r
	}
	if row.ID == uuid.Nil {
		r.fail(ColumnParty, errNoID)
	}
	given, received := strings.TrimSpace(row.Given), strings.TrimSpace(row.Received)
	typed := given
	r.Entry.Side = Given
	if received != "" {
		r.Entry.Side, typed = Received, received
	}
	switch {
	case given != "" && received != "":
		r.fail(ColumnReceived, errBothSides)
	case typed == "":
		r.fail(ColumnGiven, errNoAmount)
	default:
		minor, err := ReadAmount(typed, d.Currency)
		if err != nil {
			r.fail(r.amountColumn(), fault.Of(err))
		}
		r.Entry.AmountMinor = minor
	}
	var err error
	r.Entry.Date = d.Today
	if strings.TrimSpace(row.Date) != "" {
		if r.Entry.Date, err = ReadDate(row.Date); err != nil {
			r.fail(ColumnDate, fault.Of(err))
		}
	}
	if r.Entry.Note, err = cleanNote(row.Note); err != nil {
		r.fail(ColumnNote, fault.Of(err))
	}
	if r.Entry.Mode = ReadMode(row.Mode); r.Entry.Mode == "" && strings.TrimSpace(row.Mode) != "" {
		r.fail(ColumnMode, errNoMode)
	}
	return r
}

// ReadAmount reads an amount as people type and spreadsheets write it, in minor
// units; an Invalid fault about the field "amount" when it is none.
func ReadAmount(text, currency string) (int64, error) {
	n, err := money.Parse(text, currency)
	switch {
	case errors.Is(err, money.ErrTooFine):
		return 0, fault.InvalidField("amount", "That is finer than the smallest coin.")
	case errors.Is(err, money.ErrTooLarge):
		return 0, fault.InvalidField("amount", "This amount is too large.").Coded("amount_too_large")
	case errors.Is(err, money.ErrNotAmount):
		return 0, fault.InvalidField("amount", "The amount must be more than zero.")
	case err != nil:
		return 0, fault.InvalidField("amount", "Write an amount, such as 250 or 250+90.")
	}
	return n, nil
}

// looseDates have months by name or years of two digits, as spreadsheets show dates in India.
var looseDates = []string{
	"2/1/06", "2-1-06", "2.1.06", "2-Jan-06", "2-Jan-2006", "2 Jan 2006", "2 January 2006",
	"2-January-2006", "2006/1/2",
}

// ReadDate reads what ParseDate does, and the other ways in which spreadsheets
// show a date: 31/3/26, 31-Mar-26, 31 March 2026. The day stands before the month.
func ReadDate(text string) (time.Time, error) {
	d, err := ParseDate(text)
	if err == nil || len(text) > 60 {
		return d, err
	}
	text = strings.Join(strings.Fields(strings.Map(latinDigit, text)), " ")
	for _, layout := range looseDates {
		if d, err := time.Parse(layout, text); err == nil {
			return d, checkDate(d)
		}
	}
	return time.Time{}, err
}

// NameKey is what two names of parties are compared by: parties whose keys are
// equal read the same.
func NameKey(name string) string {
	return nameKey(strings.Join(strings.Fields(name), " "))
}

// findTwinsAbove marks rows that repeat one above them.
func findTwinsAbove(rows []*CheckedRow) {
	type mark struct {
		party uuid.UUID
		date  string
		side  Side
		minor int64
	}
	seen := map[mark]bool{}
	for _, r := range rows {
		if r.Blank() || len(r.Problems) > 0 {
			continue
		}
		m := mark{r.PartyID, r.Entry.Date.Format(time.DateOnly), r.Entry.Side, r.Entry.AmountMinor}
		r.Twin = r.Twin || seen[m]
		seen[m] = true
	}
}

// good are the rows that can be saved.
func good(rows []*CheckedRow) []*CheckedRow {
	return slices.DeleteFunc(slices.Clone(rows), func(r *CheckedRow) bool { return r.Blank() || len(r.Problems) > 0 })
}

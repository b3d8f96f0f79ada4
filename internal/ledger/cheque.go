package ledger

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A ChequeState is what has become of a cheque.
type ChequeState string

// The states. A cheque that the business gave is received by the other side.
const (
	ChequeReceived  ChequeState = "received"
	ChequeDeposited ChequeState = "deposited"
	ChequeCleared   ChequeState = "cleared"
	ChequeBounced   ChequeState = "bounced"
)

// ChequeStates are all of them, in the order in which they come.
var ChequeStates = [...]ChequeState{ChequeReceived, ChequeDeposited, ChequeCleared, ChequeBounced}

const (
	chequeColumns = `coalesce(cheque_date, date '0001-01-01') as cheque_date, coalesce(cheque_state, '') as cheque_state,
	reverses is not null as reverses`

	// settledCheque is the condition that an entry may be changed by hand: neither it nor another undoes the other.
	settledCheque = `and reverses is null and cheque_state is distinct from 'bounced'`
)

var (
	errReversal = fault.New(fault.Conflict,
		"This entry undoes a bounced cheque. Change the state of the cheque instead.").Coded("bounced_cheque")
	errBounced = fault.New(fault.Conflict,
		"This cheque has bounced. Change its state first.").Coded("bounced_cheque")
	errNoCheque = fault.New(fault.Conflict, "This entry was not paid by cheque.").Coded("no_cheque")
)

// cleanCheque is the fields with the date of a cheque only where there is one.
func (f EntryFields) cleanCheque() (EntryFields, error) {
	f.ChequeState, f.Reverses = "", false
	if f.Mode != Cheque || f.ChequeDate.IsZero() {
		f.ChequeDate = time.Time{}
		return f, nil
	}
	f.ChequeDate = day(f.ChequeDate)
	if err := checkDate(f.ChequeDate); err != nil {
		return f, fault.Of(err).About("cheque_date")
	}
	return f, nil
}

func dateOrNull(d time.Time) *time.Time {
	if d.IsZero() {
		return nil
	}
	return &d
}

// SetCheque changes the state of a cheque of the given version. When it bounces, a second entry of the other side,
// dated today, undoes the payment and has the note; the books before today stay as they are, also behind a period lock.
// When it turns out not to have bounced, that entry goes to the bin. Twice is the same as once. Requires RunsKhata.
func SetCheque(
	ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int, state ChequeState, note string,
) (Entry, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Entry{}, err
	}
	was, err := EntryByID(ctx, tx, id)
	if err != nil {
		return Entry{}, err
	}
	switch {
	case was.Reverses:
		return Entry{}, errReversal
	case was.Mode != Cheque:
		return Entry{}, errNoCheque
	}
	known := false
	for _, s := range ChequeStates {
		known = known || s == state
	}
	if !known {
		return Entry{}, fault.InvalidField("state", "Choose what has become of the cheque.")
	}
	if note, err = cleanNote(note); err != nil {
		return Entry{}, err
	}
	var e Entry
	err = tx.QueryRow(ctx, `
		update tijori.entries set cheque_state = $5
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is null
			and reverses is null and mode = 'cheque' and exists (select 1 from tijori_khata.party_names(party_id))
		returning `+entryColumns, tx.Scope.AccountID, tx.Scope.BusinessID, id, version, state).Scan(e.targets()...)
	if err != nil {
		return settledEntry(ctx, tx, id, version, e, err, func(now Entry) bool {
			return now.DeletedAt == nil && now.ChequeState == state
		})
	}
	switch {
	case state == ChequeBounced && was.ChequeState != ChequeBounced:
		err = reverse(ctx, tx, e, note)
	case state != ChequeBounced && was.ChequeState == ChequeBounced:
		_, err = tx.Exec(ctx, `
			update tijori.entries set deleted_at = now()
			where account_id = $1 and business_id = $2 and reverses = $3 and deleted_at is null`,
			tx.Scope.AccountID, tx.Scope.BusinessID, id)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("cheque %s: %w", id, err)
	}
	return e, nil
}

// reverse adds the entry that undoes one. Its id follows from the entry and its version.
func reverse(ctx context.Context, tx *postgres.Tx, e Entry, note string) error {
	f := EntryFields{Side: Given, AmountMinor: e.AmountMinor, Date: tx.Scope.Today, Note: note, Mode: Cheque}
	if e.Side == Given {
		f.Side = Received
	}
	if f.Date.Before(e.Date) {
		f.Date = e.Date
	}
	_, err := tx.Exec(ctx, `
		insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
			request_hash, created_by, mode, reverses)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'cheque', $11)`,
		tx.Scope.AccountID, tx.Scope.BusinessID, uuid.NewSHA1(e.ID, []byte(strconv.Itoa(e.Version))), e.PartyID, f.Side,
		f.AmountMinor, f.Date, f.Note, f.hash(e.PartyID), tx.Scope.UserID, e.ID)
	return err
}

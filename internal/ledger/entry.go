package ledger

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Side says which way an entry's money or goods went.
type Side string

// The sides.
const (
	Given    Side = "given"    // the business gave: the party owes more
	Received Side = "received" // the business got: the party owes less
)

// EntryFields is what a person types about an entry.
type EntryFields struct {
	Side        Side
	AmountMinor int64     // 1 to money.Max
	Date        time.Time // its calendar day is the business date
	Note        string    // at most MaxNote letters

	// Opening says that this is the party's opening balance. AddOpening makes one; adding and editing ignore it.
	Opening bool

	Mode Mode // how it was paid; "" when nobody said so, and for an opening balance

	ChequeDate  time.Time   // that is written on the cheque; zero when nobody said, and for other modes
	ChequeState ChequeState // adding and editing ignore it: SetCheque changes it
	Reverses    bool        // it undoes a cheque that bounced; adding and editing ignore it
}

// Clean returns the fields as they are stored, or an Invalid fault about the
// first that breaks a rule.
func (f EntryFields) Clean() (EntryFields, error) {
	if f.Side != Given && f.Side != Received {
		return f, fault.InvalidField("side", "Choose gave or got.")
	}
	if f.AmountMinor <= 0 {
		return f, fault.InvalidField("amount", "The amount must be more than zero.")
	}
	if f.AmountMinor > money.Max {
		return f, fault.InvalidField("amount", "This amount is too large.").Coded("amount_too_large")
	}
	f.Date = day(f.Date)
	if err := checkDate(f.Date); err != nil {
		return f, err
	}
	var err error
	if f.Note, err = cleanNote(f.Note); err != nil {
		return f, err
	}
	if f.Mode, err = f.Mode.clean(f.Opening); err != nil {
		return f, err
	}
	return f.cleanCheque()
}

// Signed is the amount as it counts in a balance: Given plus, Received minus.
func (f EntryFields) Signed() int64 {
	if f.Side == Given {
		return f.AmountMinor
	}
	return -f.AmountMinor
}

func (f EntryFields) hash(party uuid.UUID) []byte {
	parts := []string{
		"entry", party.String(), string(f.Side), strconv.FormatInt(f.AmountMinor, 10),
		f.Date.Format(time.DateOnly), f.Note,
	}
	if f.Mode != "" { // without one, it is the request of a client that knows no modes
		parts = append(parts, string(f.Mode))
	}
	if !f.ChequeDate.IsZero() {
		parts = append(parts, f.ChequeDate.Format(time.DateOnly))
	}
	return requestHash(parts...)
}

func (f EntryFields) same(g EntryFields) bool {
	return f.Side == g.Side && f.AmountMinor == g.AmountMinor && f.Date.Equal(g.Date) && f.Note == g.Note &&
		f.Mode == g.Mode && f.ChequeDate.Equal(g.ChequeDate)
}

// An Entry is one Given or Received line of a party.
type Entry struct {
	ID      uuid.UUID
	PartyID uuid.UUID
	EntryFields
	CreatedBy uuid.UUID
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt *time.Time // in the bin since, or nil
	Version   int
}

const entryColumns = `id, party_id, side, amount_minor, business_date, note, opening, coalesce(mode, '') as mode,
	` + chequeColumns + `,
	created_by, created_at, updated_at, deleted_at, version`

func (e *Entry) targets() []any {
	return []any{
		&e.ID, &e.PartyID, &e.Side, &e.AmountMinor, &e.Date, &e.Note, &e.Opening, &e.Mode, &e.ChequeDate,
		&e.ChequeState, &e.Reverses, &e.CreatedBy, &e.CreatedAt, &e.UpdatedAt, &e.DeletedAt, &e.Version,
	}
}

// AddEntrySQL adds an entry to a living party, or nothing when the id is used.
// Parameters: account, business, id, party, side, paise, date, note, hash, user, mode, date of the cheque.
const AddEntrySQL = `
	insert into tijori.entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
	    request_hash, created_by, mode, cheque_date, cheque_state)
	select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::text, $6::bigint, $7::date, $8::text, $9::bytea, $10::uuid,
		nullif($11::text, ''), $12::date, case when $11 = 'cheque' then 'received' end
	where exists (select 1 from tijori_khata.party_names($4))
	on conflict (account_id, business_id, id) do nothing
	returning ` + entryColumns

// AddEntry adds an entry under an id that the client made. The same id with the
// same fields again returns the entry as it is now; with other fields, a Conflict
// fault. A party that is missing or in the bin is NotFound. All but accountants.
func AddEntry(ctx context.Context, tx *postgres.Tx, id, party uuid.UUID, f EntryFields) (Entry, error) {
	if err := allow(tx.Scope.Rights.AddsEntries); err != nil {
		return Entry{}, err
	}
	f, err := f.Clean()
	if err != nil {
		return Entry{}, err
	}
	if id == uuid.Nil {
		return Entry{}, errNoID
	}
	var e Entry
	err = tx.QueryRow(ctx, AddEntrySQL,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, party, f.Side, f.AmountMinor, f.Date, f.Note, f.hash(party),
		tx.Scope.UserID, f.Mode, dateOrNull(f.ChequeDate)).Scan(e.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return addedEntry(ctx, tx, id, party, f)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("add entry %s: %w", id, err)
	}
	return e, nil
}

// QueueAddEntry puts an AddEntry into a batch of postgres.WriteAtOnce and fills e
// when it is answered. An e without an id says that nothing was written, because
// the id was used before, the party is not there, or a field breaks a rule:
// AddEntry answers which.
func QueueAddEntry(s postgres.Scope, b *pgx.Batch, id, party uuid.UUID, f EntryFields, e *Entry) {
	*e = Entry{}
	f, err := f.Clean()
	if err != nil || id == uuid.Nil || !s.Rights.AddsEntries {
		return
	}
	b.Queue(AddEntrySQL, s.AccountID, s.BusinessID, id, party, f.Side, f.AmountMinor, f.Date, f.Note, f.hash(party),
		s.UserID, f.Mode, dateOrNull(f.ChequeDate)).Query(func(rows pgx.Rows) error {
		if rows.Next() {
			return rows.Scan(e.targets()...)
		}
		return rows.Err()
	})
}

// addedEntry answers an AddEntry that wrote nothing: the entry is there
// already, or the party is not. It takes the row's lock before it answers.
func addedEntry(ctx context.Context, tx *postgres.Tx, id, party uuid.UUID, f EntryFields) (Entry, error) {
	var e Entry
	var hash []byte
	err := lockedEntry(ctx, tx, id, &e, &hash)
	switch {
	case err == nil && sameRequest(hash, f.hash(party)):
		return e, nil
	case err == nil:
		return Entry{}, errUsedID
	case !errors.Is(err, pgx.ErrNoRows):
		return Entry{}, fmt.Errorf("repeat adding entry %s: %w", id, err)
	}
	if _, err := PartyNameByID(ctx, tx, party); err != nil {
		return Entry{}, err
	}
	return Entry{}, errUsedID // by a colleague, whose entries a counter does not see
}

// lockedEntry reads an entry under its lock. Who does not run the khata may read, but not lock,
// an own entry that is too old to correct; no answer promises a write of it.
func lockedEntry(ctx context.Context, tx *postgres.Tx, id uuid.UUID, e *Entry, hash *[]byte) error {
	targets := append([]any{hash}, e.targets()...)
	err := tx.QueryRow(ctx, `
		select request_hash, `+entryColumns+` from tijori.entries
		where account_id = $1 and business_id = $2 and id = $3 for update`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(targets...)
	if !errors.Is(err, pgx.ErrNoRows) || tx.Scope.Rights.RunsKhata {
		return err
	}
	return tx.QueryRow(ctx, `
		select request_hash, `+entryColumns+` from tijori.entries
		where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(targets...)
}

// EntryByID returns an entry that the caller may see, also one in the bin.
func EntryByID(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Entry, error) {
	var e Entry
	err := tx.QueryRow(ctx, `
		select `+entryColumns+` from tijori.entries where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(e.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Entry{}, errNoEntry
	}
	if err != nil {
		return Entry{}, fmt.Errorf("entry %s: %w", id, err)
	}
	return e, nil
}

// EditEntry changes an entry that still has the given version. A newer version
// is a Conflict fault, unless it is this very edit, sent twice. A counter may
// edit his own for term.Correction.
func EditEntry(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int, f EntryFields) (Entry, error) {
	if err := allow(tx.Scope.Rights.AddsEntries); err != nil {
		return Entry{}, err
	}
	f, err := f.Clean()
	if err != nil {
		return Entry{}, err
	}
	var e Entry
	err = tx.QueryRow(ctx, `
		update tijori.entries set side = $5, amount_minor = $6, business_date = $7, note = $8,
			mode = nullif($9::text, ''), cheque_date = $10::date,
			cheque_state = case when $9 = 'cheque' then coalesce(cheque_state, 'received') end
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is null
		`+settledCheque+`
		and exists (select 1 from tijori_khata.party_names(party_id))
		returning `+entryColumns,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, version,
		f.Side, f.AmountMinor, f.Date, f.Note, f.Mode, dateOrNull(f.ChequeDate)).Scan(e.targets()...)
	return settledEntry(ctx, tx, id, version, e, err, func(now Entry) bool {
		return now.DeletedAt == nil && now.same(f)
	})
}

// DeleteEntry puts an entry of the given version into the bin. Twice is the same as once.
func DeleteEntry(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int) (Entry, error) {
	if err := allow(tx.Scope.Rights.AddsEntries); err != nil {
		return Entry{}, err
	}
	var e Entry
	err := tx.QueryRow(ctx, `
		update tijori.entries set deleted_at = now()
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is null
		`+settledCheque+`
		and exists (select 1 from tijori_khata.party_names(party_id))
		returning `+entryColumns, tx.Scope.AccountID, tx.Scope.BusinessID, id, version).Scan(e.targets()...)
	return settledEntry(ctx, tx, id, version, e, err, func(now Entry) bool { return now.DeletedAt != nil })
}

// RestoreEntry takes an entry of the given version out of the bin. Twice is the same as once.
func RestoreEntry(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int) (Entry, error) {
	if err := allow(tx.Scope.Rights.AddsEntries); err != nil {
		return Entry{}, err
	}
	var e Entry
	err := tx.QueryRow(ctx, `
		update tijori.entries set deleted_at = null
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is not null
		`+settledCheque+`
		and exists (select 1 from tijori_khata.party_names(party_id))
		returning `+entryColumns, tx.Scope.AccountID, tx.Scope.BusinessID, id, version).Scan(e.targets()...)
	return settledEntry(ctx, tx, id, version, e, err, func(now Entry) bool { return now.DeletedAt == nil })
}

// settledEntry returns what an update of version wrote. When it met no row, the
// row as it is now tells why: it is missing, already as wished, changed since,
// its party is in the bin, or it is too late for a counter.
func settledEntry(
	ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int, e Entry, err error, done func(Entry) bool,
) (Entry, error) {
	if err == nil {
		return e, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Entry{}, fmt.Errorf("change entry %s: %w", id, err)
	}
	var hash []byte
	err = lockedEntry(ctx, tx, id, &e, &hash)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Entry{}, errNoEntry
	case err != nil:
		return Entry{}, fmt.Errorf("look again at entry %s: %w", id, err)
	case e.Version == version+1 && done(e):
		return e, nil
	case e.Version != version:
		return Entry{}, errChanged
	case e.Reverses:
		return Entry{}, errReversal
	case e.ChequeState == ChequeBounced:
		return Entry{}, errBounced
	}
	switch _, err := PartyNameByID(ctx, tx, e.PartyID); {
	case fault.Is(err, fault.NotFound):
		return Entry{}, errPartyInBin
	case err != nil:
		return Entry{}, err
	case !Corrects(tx.Scope, e, time.Now()):
		return Entry{}, errTooLate
	}
	return Entry{}, errChanged
}

// Package ledger is the khata: parties, their entries, balances that are always
// the sum of entries, history, and the bin.
//
// Functions run in a caller's transaction (postgres.As); the database's policies
// decide what that caller sees. Those named Queue… put one statement into the
// batch of postgres.Read. A row of somebody else is a NotFound fault. Amounts
// are paise; a positive balance is what the party owes the business.
package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// A Kind says which way a party usually trades with the business.
type Kind string

// The kinds of party.
const (
	Customer Kind = "customer"
	Supplier Kind = "supplier"
)

// PartyFields is what a person types about a party.
type PartyFields struct {
	Kind  Kind
	Name  string // 1 to MaxName letters
	Phone string // any way of writing it, or ""
	Note  string // at most MaxNote letters
}

// Clean returns the fields as they are stored, or an Invalid fault about the
// first that breaks a rule.
func (f PartyFields) Clean() (PartyFields, error) {
	if f.Kind != Customer && f.Kind != Supplier {
		return f, fault.InvalidField("kind", "Choose customer or supplier.")
	}
	var err error
	if f.Name, err = cleanName(f.Name); err != nil {
		return f, err
	}
	if f.Phone, err = cleanPhone(f.Phone); err != nil {
		return f, err
	}
	f.Note, err = cleanNote(f.Note)
	return f, err
}

func (f PartyFields) hash() []byte {
	return requestHash("party", string(f.Kind), f.Name, f.Phone, f.Note)
}

// A Party is someone a business trades with.
type Party struct {
	ID uuid.UUID
	PartyFields
	CreatedBy uuid.UUID
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt *time.Time // in the bin since, or nil
	Version   int
}

const partyColumns = `id, kind, name, phone, note, created_by, created_at, updated_at, deleted_at, version`

func (p *Party) targets() []any {
	return []any{
		&p.ID, &p.Kind, &p.Name, &p.Phone, &p.Note, &p.CreatedBy, &p.CreatedAt, &p.UpdatedAt, &p.DeletedAt,
		&p.Version,
	}
}

// AddParty adds a party under an id that the client made. The same id with the
// same fields again returns the party as it is now; with other fields, a Conflict
// fault. A plan without room for it is an UpgradeRequired fault. Requires RunsKhata.
func AddParty(ctx context.Context, tx *postgres.Tx, id uuid.UUID, f PartyFields) (Party, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Party{}, err
	}
	f, err := f.Clean()
	if err != nil {
		return Party{}, err
	}
	if id == uuid.Nil {
		return Party{}, errNoID
	}
	var p Party
	err = tx.QueryRow(ctx, `
		insert into tijori.parties (account_id, business_id, id, kind, name, name_key, phone, note, request_hash,
		    created_by)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (account_id, business_id, id) do nothing
		returning `+partyColumns,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, f.Kind, f.Name, nameKey(f.Name), f.Phone, f.Note, f.hash(),
		tx.Scope.UserID).Scan(p.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return addedParty(ctx, tx, id, f)
	}
	if err != nil {
		return Party{}, fmt.Errorf("add party %s: %w", id, err)
	}
	return p, nil
}

// addedParty answers a repeated AddParty. It takes the row's lock first: the
// answer then waits, like the first one, until the row is safe on a standby.
func addedParty(ctx context.Context, tx *postgres.Tx, id uuid.UUID, f PartyFields) (Party, error) {
	var p Party
	var hash []byte
	err := tx.QueryRow(ctx, `
		select request_hash, `+partyColumns+` from tijori.parties
		where account_id = $1 and business_id = $2 and id = $3 for update`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(append([]any{&hash}, p.targets()...)...)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !sameRequest(hash, f.hash()) {
		return Party{}, errUsedID
	}
	if err != nil {
		return Party{}, fmt.Errorf("repeat adding party %s: %w", id, err)
	}
	return p, nil
}

// PartyByID returns a party, also one in the bin.
func PartyByID(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Party, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return Party{}, err
	}
	var p Party
	err := tx.QueryRow(ctx, `
		select `+partyColumns+` from tijori.parties where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(p.targets()...)
	if errors.Is(err, pgx.ErrNoRows) {
		return Party{}, errNoParty
	}
	if err != nil {
		return Party{}, fmt.Errorf("party %s: %w", id, err)
	}
	return p, nil
}

// EditParty changes a party that still has the given version. A newer version
// is a Conflict fault, unless it is this very edit, sent twice.
func EditParty(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int, f PartyFields) (Party, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Party{}, err
	}
	f, err := f.Clean()
	if err != nil {
		return Party{}, err
	}
	var p Party
	err = tx.QueryRow(ctx, `
		update tijori.parties set kind = $5, name = $6, name_key = $7, phone = $8, note = $9
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is null
		returning `+partyColumns,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, version,
		f.Kind, f.Name, nameKey(f.Name), f.Phone, f.Note).Scan(p.targets()...)
	return settledParty(ctx, tx, id, p, err, func(now Party) bool {
		return now.Version == version+1 && now.DeletedAt == nil && now.PartyFields == f
	})
}

// DeleteParty puts a party of the given version into the bin; its entries count
// no longer. Twice is the same as once.
func DeleteParty(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int) (Party, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Party{}, err
	}
	var p Party
	err := tx.QueryRow(ctx, `
		update tijori.parties set deleted_at = now()
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is null
		returning `+partyColumns, tx.Scope.AccountID, tx.Scope.BusinessID, id, version).Scan(p.targets()...)
	return settledParty(ctx, tx, id, p, err, func(now Party) bool {
		return now.Version == version+1 && now.DeletedAt != nil
	})
}

// RestoreParty takes a party of the given version out of the bin, with the
// entries it had. Twice is the same as once. A plan without room for it is an
// UpgradeRequired fault.
func RestoreParty(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int) (Party, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Party{}, err
	}
	var p Party
	err := tx.QueryRow(ctx, `
		update tijori.parties set deleted_at = null
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is not null
		returning `+partyColumns, tx.Scope.AccountID, tx.Scope.BusinessID, id, version).Scan(p.targets()...)
	return settledParty(ctx, tx, id, p, err, func(now Party) bool {
		return now.Version == version+1 && now.DeletedAt == nil
	})
}

// settledParty returns what an update wrote. When it met no row, the row as it
// is now, locked, tells why: it is missing, it is already as wished, or it has changed.
func settledParty(
	ctx context.Context, tx *postgres.Tx, id uuid.UUID, p Party, err error, done func(Party) bool,
) (Party, error) {
	if err == nil {
		return p, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return Party{}, fmt.Errorf("change party %s: %w", id, err)
	}
	err = tx.QueryRow(ctx, `
		select `+partyColumns+` from tijori.parties
		where account_id = $1 and business_id = $2 and id = $3 for update`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(p.targets()...)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return Party{}, errNoParty
	case err != nil:
		return Party{}, fmt.Errorf("look again at party %s: %w", id, err)
	case done(p):
		return p, nil
	}
	return Party{}, errChanged
}

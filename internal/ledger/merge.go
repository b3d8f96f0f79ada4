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
	"github.com/tijorihq/tijori/internal/term"
)

var (
	errSameParty = fault.New(fault.Invalid, "Choose another party.").Coded("same_party")
	errNoMerge   = fault.New(fault.NotFound, "There is no such merge.").Coded("no_such_merge")
	errLateMerge = fault.New(fault.Conflict,
		"It is too late to undo this. You can still move entries one by one.").Coded("too_late_to_undo")
	errMergedOn = fault.New(fault.Conflict,
		"This party is in the bin now. Restore it, or undo the later merge first.").Coded("merged_again")
)

// A Merge is one party merged into another.
type Merge struct {
	ID, From, Into uuid.UUID
	At             time.Time
	UndoneAt       *time.Time

	opening *uuid.UUID // the opening balance of From that became a plain entry
	filled  bool       // Into got the phone of From
}

// mergedParty is what a merge has to know of a party.
type mergedParty struct {
	id      uuid.UUID
	version int
	binned  bool
	phone   string
	opening *uuid.UUID // outside the bin
	updated time.Time
}

// MergeParties moves all entries of from to into, also those in the bin, and from itself to the bin. into keeps its
// name, and gets the phone of from if it has none. Of two opening balances, that of from becomes a plain entry. The
// merge has an id that the client made: the same merge again changes nothing; other parties are a Conflict fault, and
// so is a from of another version than the given one, 0 being any. Requires RunsKhata.
func MergeParties(ctx context.Context, tx *postgres.Tx, id, from, into uuid.UUID, version int) (Merge, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Merge{}, err
	}
	switch {
	case id == uuid.Nil:
		return Merge{}, errNoID
	case from == into:
		return Merge{}, errSameParty
	}
	if err := lockBatches(ctx, tx); err != nil {
		return Merge{}, err
	}
	switch done, err := lockedMerge(ctx, tx, id); {
	case err == nil && done.From == from && done.Into == into:
		return done, nil
	case err == nil:
		return Merge{}, errUsedID
	case !errors.Is(err, errNoMerge):
		return Merge{}, err
	}
	goes, stays, err := lockedParties(ctx, tx, from, into)
	switch {
	case err != nil:
		return Merge{}, err
	case goes.binned || stays.binned:
		return Merge{}, errPartyInBin
	case version != 0 && version != goes.version:
		return Merge{}, errChanged
	}
	m := Merge{ID: id, From: from, Into: into, filled: stays.phone == "" && goes.phone != ""}
	if stays.opening != nil {
		m.opening = goes.opening
	}
	if err := merge(ctx, tx, &m, goes.phone); err != nil {
		return Merge{}, fmt.Errorf("merge party %s into %s: %w", from, into, err)
	}
	return m, nil
}

// The statements that move entries, those outside the bin and those in it: each has its index. Parameters: account,
// business, from, into, the opening balance that becomes a plain entry.
const (
	mergeEntries = `
		update tijori.entries set party_id = $4, opening = opening and id is distinct from $5::uuid,
			mode = case when id = $5 then 'goods' else mode end
		where account_id = $1 and business_id = $2 and party_id = $3`
	mergeLivingSQL = mergeEntries + ` and deleted_at is null`
	mergeBinnedSQL = mergeEntries + ` and deleted_at is not null`
)

func merge(ctx context.Context, tx *postgres.Tx, m *Merge, phone string) error {
	s := tx.Scope
	if _, err := tx.Exec(ctx, `set local statement_timeout = '5min'`); err != nil { // 50,000 rows on a slow machine
		return err
	}
	_, err := tx.Exec(ctx, mergeLivingSQL, PlanAnew, s.AccountID, s.BusinessID, m.From, m.Into, m.opening)
	if err == nil {
		_, err = tx.Exec(ctx, mergeBinnedSQL, PlanAnew, s.AccountID, s.BusinessID, m.From, m.Into, m.opening)
	}
	if err != nil {
		return err
	}
	if m.filled {
		if _, err := tx.Exec(ctx, `
			update tijori.parties set phone = $4 where account_id = $1 and business_id = $2 and id = $3`,
			s.AccountID, s.BusinessID, m.Into, phone); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, `
		update tijori.parties set deleted_at = now() where account_id = $1 and business_id = $2 and id = $3`,
		s.AccountID, s.BusinessID, m.From); err != nil {
		return err
	}
	return tx.QueryRow(ctx, `
		insert into tijori.merges (account_id, business_id, id, from_party, into_party, opening_id, filled, created_by,
			created_by_name)
		values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce((select c.name from tijori_access.colleagues() c
			where c.user_id = $8), ''))
		returning created_at`,
		s.AccountID, s.BusinessID, m.ID, m.From, m.Into, m.opening, m.filled, s.UserID).Scan(&m.At)
}

// UndoMerge takes the party that a merge has put into the bin out of it, and moves the entries back that the merge
// moved and that have stayed with the other party since, as they are now. Twice is the same as once. Too late, and a
// party that has been merged on, are Conflict faults; no room for the party is an UpgradeRequired fault. Requires
// RunsKhata.
func UndoMerge(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Merge, error) {
	if err := allow(tx.Scope.Rights.RunsKhata); err != nil {
		return Merge{}, err
	}
	if err := lockBatches(ctx, tx); err != nil {
		return Merge{}, err
	}
	m, err := lockedMerge(ctx, tx, id)
	if err != nil || m.UndoneAt != nil {
		return m, err
	}
	goes, stays, err := lockedParties(ctx, tx, m.From, m.Into)
	if err != nil {
		return Merge{}, err
	}
	var age time.Duration
	if err := tx.QueryRow(ctx, `select now() - $1::timestamptz`, m.At).Scan(&age); err != nil {
		return Merge{}, fmt.Errorf("undo merge %s: %w", id, err)
	}
	switch {
	case age > term.MergeUndo:
		return Merge{}, errLateMerge
	case stays.binned:
		return Merge{}, errMergedOn
	}
	if err := unmerge(ctx, tx, &m, goes, stays); err != nil {
		return Merge{}, fmt.Errorf("undo merge %s: %w", id, err)
	}
	return m, nil
}

func unmerge(ctx context.Context, tx *postgres.Tx, m *Merge, goes, stays mergedParty) error {
	s := tx.Scope
	if _, err := tx.Exec(ctx, `set local statement_timeout = '5min'`); err != nil {
		return err
	}
	if goes.binned {
		if _, err := tx.Exec(ctx, `
			update tijori.parties set deleted_at = null where account_id = $1 and business_id = $2 and id = $3`,
			s.AccountID, s.BusinessID, m.From); err != nil {
			return err
		}
	}
	opening := m.opening
	if goes.opening != nil { // it has got a new one since
		opening = nil
	}
	if _, err := tx.Exec(ctx, `
		update tijori.entries e set party_id = $3, opening = e.opening or e.id is not distinct from $6::uuid,
			mode = case when e.id = $6 then null else e.mode end
		from tijori.changes c
		where e.account_id = $1 and e.business_id = $2 and e.party_id = $4
			and c.account_id = $1 and c.business_id = $2 and c.from_party = $3 and c.to_party = $4
			and c.changed_at = $5 and c.subject = 'entry' and c.subject_id = e.id`, PlanAnew,
		s.AccountID, s.BusinessID, m.From, m.Into, m.At, opening); err != nil {
		return err
	}
	if m.filled && stays.updated.Equal(m.At) {
		if _, err := tx.Exec(ctx, `
			update tijori.parties set phone = '' where account_id = $1 and business_id = $2 and id = $3`,
			s.AccountID, s.BusinessID, m.Into); err != nil {
			return err
		}
	}
	return tx.QueryRow(ctx, `
		update tijori.merges set undone_at = now() where account_id = $1 and business_id = $2 and id = $3
		returning undone_at`, s.AccountID, s.BusinessID, m.ID).Scan(&m.UndoneAt)
}

// lockedMerge reads a merge under its lock; errNoMerge when there is none.
func lockedMerge(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (m Merge, err error) {
	err = tx.QueryRow(ctx, `
		select id, from_party, into_party, opening_id, filled, created_at, undone_at from tijori.merges
		where account_id = $1 and business_id = $2 and id = $3 for update`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id).Scan(
		&m.ID, &m.From, &m.Into, &m.opening, &m.filled, &m.At, &m.UndoneAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, errNoMerge
	}
	if err != nil {
		return m, fmt.Errorf("lock merge %s: %w", id, err)
	}
	return m, nil
}

// lockedParties reads the parties of a merge under their locks, which they take in one order.
func lockedParties(ctx context.Context, tx *postgres.Tx, from, into uuid.UUID) (goes, stays mergedParty, err error) {
	rows, err := tx.Query(ctx, `
		select p.id, p.version, p.deleted_at is not null, p.phone, p.updated_at,
			(select e.id from tijori.entries e where e.account_id = $1 and e.business_id = $2 and e.party_id = p.id
				and e.opening and e.deleted_at is null)
		from tijori.parties p
		where p.account_id = $1 and p.business_id = $2 and p.id in ($3, $4)
		order by p.id for update of p`, tx.Scope.AccountID, tx.Scope.BusinessID, from, into)
	if err != nil {
		return goes, stays, fmt.Errorf("lock parties %s and %s: %w", from, into, err)
	}
	parties, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p mergedParty, err error) {
		err = row.Scan(&p.id, &p.version, &p.binned, &p.phone, &p.updated, &p.opening)
		return p, err
	})
	if err != nil {
		return goes, stays, fmt.Errorf("lock parties %s and %s: %w", from, into, err)
	}
	if len(parties) != 2 {
		return goes, stays, errNoParty
	}
	if parties[0].id != from {
		parties[0], parties[1] = parties[1], parties[0]
	}
	return parties[0], parties[1], nil
}

// MoveEntry moves an entry of the given version to another living party. Twice is the same as once. A counter may move
// an own one for term.Correction.
func MoveEntry(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int, party uuid.UUID) (Entry, error) {
	if err := allow(tx.Scope.Rights.AddsEntries); err != nil {
		return Entry{}, err
	}
	now, err := EntryByID(ctx, tx, id)
	if err != nil {
		return Entry{}, err
	}
	if _, err := PartyNameByID(ctx, tx, party); err != nil {
		return Entry{}, err
	}
	if now.PartyID == party && now.Version == version {
		return Entry{}, errSameParty
	}
	var e Entry
	err = tx.QueryRow(ctx, `
		update tijori.entries set party_id = $5
		where account_id = $1 and business_id = $2 and id = $3 and version = $4 and deleted_at is null
		`+settledCheque+`
		and exists (select 1 from tijori_khata.party_names(party_id))
		returning `+entryColumns, tx.Scope.AccountID, tx.Scope.BusinessID, id, version, party).Scan(e.targets()...)
	return settledEntry(ctx, tx, id, version, e, err, func(now Entry) bool {
		return now.DeletedAt == nil && now.PartyID == party
	})
}

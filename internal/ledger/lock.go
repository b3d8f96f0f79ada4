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

// The period lock: no entry may be written, changed or taken away on or before
// the locked day. Triggers of the database hold it against every writer; a
// decision about it waits for the writes that are under way.

var (
	errLockDate = fault.InvalidField("until", "Lock days that are over: up to today.")
	errSameLock = fault.InvalidField("until", "The books are locked up to this day already.")
	errReason   = fault.InvalidField("reason", "Say why you open the period again.").Coded("reason_missing")
)

// A Lock is one decision about a business's period lock.
type Lock struct {
	ID     uuid.UUID
	From   time.Time // the last locked day before it; zero when all was open
	Until  time.Time // the last locked day from then on; zero opens everything
	Reason string
	ByName string
	At     time.Time
}

// Opens reports whether days were opened again.
func (l Lock) Opens() bool { return !l.From.IsZero() && l.Until.Before(l.From) }

// QueueLockedUntil puts the last locked day of the caller's business into a
// batch of postgres.Read and fills until, with the zero time when all is open. Every role.
func QueueLockedUntil(b *pgx.Batch, until *time.Time) {
	*until = time.Time{}
	b.Queue(`select tijori_khata.locked_until()`).QueryRow(func(row pgx.Row) error { return scanLock(row, until) })
}

func scanLock(row pgx.Row, until *time.Time) error {
	var d *time.Time
	err := row.Scan(&d)
	if err == nil && d != nil {
		*until = *d
	}
	return err
}

// ListLocks returns the newest decisions about the lock, the one in force
// first; at most PageSize. Not for counters.
func ListLocks(ctx context.Context, tx *postgres.Tx) ([]Lock, error) {
	if err := allow(tx.Scope.Rights.SeesTotals); err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		select id, locked_from, locked_until, reason, created_by_name, created_at
		from tijori.period_locks
		where account_id = $1 and business_id = $2
		order by created_at desc limit $3`, tx.Scope.AccountID, tx.Scope.BusinessID, PageSize)
	if err != nil {
		return nil, fmt.Errorf("list period locks: %w", err)
	}
	locks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (Lock, error) {
		var l Lock
		err := l.scan(row)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("list period locks: %w", err)
	}
	return locks, nil
}

func (l *Lock) scan(row pgx.Row) error {
	var from, until *time.Time
	if err := row.Scan(&l.ID, &from, &until, &l.Reason, &l.ByName, &l.At); err != nil {
		return err
	}
	if from != nil {
		l.From = *from
	}
	if until != nil {
		l.Until = *until
	}
	return nil
}

// A LockForm is what an owner decides: from what the page showed to a new last
// locked day; zero times mean open.
type LockForm struct {
	From, Until time.Time
	Reason      string    // needed to open days again
	Today       time.Time // of the business: no later day can be locked
}

func (f LockForm) clean() (LockForm, error) {
	for _, d := range []*time.Time{&f.From, &f.Until} {
		if !d.IsZero() {
			*d = day(*d)
		}
	}
	var err error
	if f.Reason, err = cleanNote(f.Reason); err != nil {
		return f, fault.Of(err).About("reason")
	}
	switch {
	case !f.Until.IsZero() && (f.Until.After(day(f.Today)) || checkDate(f.Until) != nil):
		return f, errLockDate
	case f.Until.Equal(f.From):
		return f, errSameLock
	case f.Until.Before(f.From) && f.Reason == "":
		return f, errReason
	}
	return f, nil
}

// SetLock writes down a decision under an id that the client made; owners only.
// The same again is no error and no second one. A lock that somebody has
// changed since the page was shown is a Conflict fault.
func SetLock(ctx context.Context, tx *postgres.Tx, id uuid.UUID, f LockForm) (Lock, error) {
	if err := allow(tx.Scope.Rights.Owns); err != nil {
		return Lock{}, err
	}
	f, err := f.clean()
	if err != nil {
		return Lock{}, err
	}
	if id == uuid.Nil {
		return Lock{}, errNoID
	}
	// A repeat is answered before the order is looked at, which a second decision may have moved on.
	var l Lock
	err = l.scan(tx.QueryRow(ctx, `
		select id, locked_from, locked_until, reason, created_by_name, created_at
		from tijori.period_locks where account_id = $1 and business_id = $2 and id = $3`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id))
	switch {
	case err == nil && l.From.Equal(f.From) && l.Until.Equal(f.Until) && l.Reason == f.Reason:
		return l, nil
	case err == nil:
		return Lock{}, errUsedID
	case !errors.Is(err, pgx.ErrNoRows):
		return Lock{}, fmt.Errorf("repeat a period lock: %w", err)
	}
	err = l.scan(tx.QueryRow(ctx, `
		insert into tijori.period_locks (account_id, business_id, id, locked_from, locked_until, reason, created_by,
		    created_by_name)
		select $1, $2, $3, $4, $5, $6, w.user_id, w.name from tijori_access.whoami() w
		returning id, locked_from, locked_until, reason, created_by_name, created_at`,
		tx.Scope.AccountID, tx.Scope.BusinessID, id, orNull(f.From), orNull(f.Until), f.Reason))
	if err != nil {
		return Lock{}, fmt.Errorf("set the period lock: %w", err)
	}
	return l, nil
}

func orNull(d time.Time) *time.Time {
	if d.IsZero() {
		return nil
	}
	return &d
}

package postgres

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/role"
)

// A Caller is what a request proves and what it is about. It names no user
// and no account: the database looks those up from the credential.
type Caller struct {
	Credential [32]byte  // SHA-256 of the session token or API key
	Business   uuid.UUID // zero for what concerns the account as a whole
}

// A Scope is who the database says is asking.
type Scope struct {
	UserID     uuid.UUID
	AccountID  uuid.UUID // zero when the user is no member of the whole account and no business was named
	BusinessID uuid.UUID // zero without a business
	Role       string    // one of package role's, or "" when AccountID is zero

	Rights role.Rights // what the role allows

	// Today is the day it is in the business, midnight UTC; zero without one. The database says so, by the service
	// clock and the time zone of the business: what is true "as of today" is of this day, here and in its functions.
	Today time.Time

	// Frozen is what operators have stopped for the caller's account, or for everybody.
	Frozen freeze.Part
}

// A Tx is a caller's transaction as tijori_app.
type Tx struct {
	pgx.Tx
	Scope Scope
}

const (
	// resetSQL follows the end of every transaction of a caller, in the same round trip: what a statement set for
	// the whole session, be it a search_path or a claim, ends here. It does not begin the next one: the driver
	// prepares what it has not sent before ahead of that, and the server would read it by the settings that it finds.
	resetSQL = "reset all"
	// unlockSQL gives back what a statement locked for the whole session, at once: others wait for it.
	unlockSQL     = "select pg_advisory_unlock_all()"
	beginReadSQL  = "begin isolation level read committed, read only"
	beginWriteSQL = "begin isolation level read committed, read write"
	claimSQL      = `select set_config('tijori.credential', $1, true)` // of an API key, which has no scope
	// scopeSQL claims and asks who that is, in the order of its columns; in another it would be refused for want of a
	// credential.
	scopeSQL = `select set_config('tijori.credential', $1, true), set_config('tijori.business', $2, true),
		(select e from tijori_access.enter() e)`
)

// tryScopeSQL is scopeSQL for a caller that was not seen before, and may be a stranger with a made-up credential: a
// refusal is an answer, not an error, which the server would log with its statement as often as a stranger likes.
const tryScopeSQL = `select set_config('tijori.credential', $1, true), set_config('tijori.business', $2, true), (
		select row (coalesce(s.user_id, z), coalesce(s.account_id, z), coalesce(s.business_id, z), coalesce(s.role, ''),
			coalesce(s.sees_totals, false), coalesce(s.adds_entries, false), coalesce(s.runs_khata, false),
			coalesce(s.owns, false),
			coalesce(case when s.refused is null then tijori_khata.today() end, date '0001-01-01'),
			set_config('tijori.account', coalesce(s.account_id::text, ''), true),
			set_config('tijori.own_only', case when s.sees_totals then 'off' else 'on' end, true),
			case when s.refused is null then tijori_ops.frozen() else 0 end, coalesce(s.refused, ''))
		from tijori_access.try_scope() s, (select '00000000-0000-0000-0000-000000000000'::uuid) zero(z))`

const (
	frozenSQL       = `select tijori_ops.refuse_frozen($1)`
	frozenForAllSQL = `select tijori_ops.frozen_for_all()`

	// FrozenShareSQL asks what is frozen for the account whose statement a link opens, by the hash of its token.
	FrozenShareSQL = `select tijori_ops.frozen_share($1)`
)

// refusal is the error for an SQLSTATE by which the database refused a caller without raising it.
func refusal(state string) error {
	if state == "" {
		return nil
	}
	return &pgconn.PgError{Severity: "REFUSED", Code: state, Message: "the caller is refused"}
}

func (c Caller) claims() []any {
	business := ""
	if c.Business != uuid.Nil {
		business = c.Business.String()
	}
	return []any{hex.EncodeToString(c.Credential[:]), business}
}

func (s *Scope) scan(row pgx.Row) error {
	return row.Scan(nil, nil, pgtype.CompositeFields{
		&s.UserID, &s.AccountID, &s.BusinessID, &s.Role,
		&s.Rights.SeesTotals, &s.Rights.AddsEntries, &s.Rights.RunsKhata, &s.Rights.Owns, &s.Today, &s.Frozen,
	})
}

func (s *Scope) scanTried(row pgx.Row) error {
	var refused string
	err := row.Scan(nil, nil, pgtype.CompositeFields{
		&s.UserID, &s.AccountID, &s.BusinessID, &s.Role,
		&s.Rights.SeesTotals, &s.Rights.AddsEntries, &s.Rights.RunsKhata, &s.Rights.Owns, &s.Today, nil, nil, &s.Frozen,
		&refused,
	})
	if err != nil {
		return err
	}
	return refusal(refused)
}

// A FrozenError says which parts are frozen for a caller, and wraps Frozen.
type FrozenError struct {
	Needed freeze.Part // of those that were needed
	All    freeze.Part // all of them
}

func (e *FrozenError) Error() string { return "frozen: " + e.All.String() }

// CheckFrozen returns Frozen, because of a FrozenError, where ctx needs what is frozen.
func CheckFrozen(ctx context.Context, frozen freeze.Part) error {
	if needed := freeze.Needed(ctx) & frozen; needed != 0 {
		return Frozen.Because(&FrozenError{needed, frozen})
	}
	return nil
}

func (s *Scope) thawed(ctx context.Context) error { return CheckFrozen(ctx, s.Frozen) }

// As runs fn in one transaction that the database ties to the caller. It
// commits when fn returns nil. Errors are faults where the caller may know why:
// Unauthorized without a living credential, NotFound for a business that is
// not the caller's, and what the table in fault.go says of constraints.
func (db *DB) As(ctx context.Context, c Caller, fn func(*Tx) error) error {
	return db.as(ctx, &db.short, c, fn)
}

// AsLong is As for work that may take minutes: on connections of its own, so that it never keeps a request
// waiting, and with time limits to match.
func (db *DB) AsLong(ctx context.Context, c Caller, fn func(*Tx) error) error {
	return db.as(ctx, &db.long, c, fn)
}

func (db *DB) as(ctx context.Context, l *lane, c Caller, fn func(*Tx) error) error {
	hint, known := db.hints.get(c)
	for {
		account, err := l.asSeated(ctx, c, hint.AccountID, known, fn)
		if !errors.Is(err, errNoSeat) {
			return err
		}
		hint.AccountID = account // it waits for a seat of this one now
	}
}

var errNoSeat = errors.New("the account has no connection left")

// asSeated is As in a seat of the account that the caller is believed to be of. Where that is another,
// all of whose seats are taken, it does nothing and returns errNoSeat and the account.
func (l *lane) asSeated(ctx context.Context, c Caller, account uuid.UUID, known bool,
	fn func(*Tx) error,
) (uuid.UUID, error) {
	if err := l.seats.enter(ctx, account); err != nil {
		return account, translate(err)
	}
	defer func() { l.seats.leave(account) }()
	conn, err := l.pool.Acquire(ctx)
	if err != nil {
		return account, translate(err)
	}
	claimed := &claimedTx{conn: conn.Conn()}
	defer func() { l.release(conn, claimed.lasting) }()
	tx := &Tx{Tx: claimed}
	b := &pgx.Batch{}
	b.Queue(beginWriteSQL)
	if l.limitsSQL != "" {
		b.Queue(l.limitsSQL)
	}
	if known {
		b.Queue(scopeSQL, c.claims()...).QueryRow(tx.Scope.scan)
	} else {
		b.Queue(tryScopeSQL, c.claims()...).QueryRow(tx.Scope.scanTried)
	}
	err = conn.SendBatch(ctx, b).Close()
	if real := tx.Scope.AccountID; err == nil && real != account {
		if !l.seats.try(real) {
			if err := rollback(conn.Conn()); err != nil {
				return account, err
			}
			return real, errNoSeat
		}
		l.seats.leave(account)
		account = real
	}
	if err == nil {
		saw(ctx, tx.Scope)
		err = tx.Scope.thawed(ctx)
	}
	if err == nil {
		claimed.reads = readingsOf(conn.Conn().PgConn())
		err = fn(tx)
	}
	if err == nil {
		b := &pgx.Batch{}
		queueEnd(b)
		err = conn.SendBatch(ctx, b).Close()
	}
	if err != nil {
		return account, errors.Join(translate(err), rollback(conn.Conn()))
	}
	return account, nil
}

// queueEnd adds the end of a caller's transaction to a batch: commit, and what clears the connection for the
// next caller.
func queueEnd(b *pgx.Batch) {
	b.Queue("commit").Exec(func(tag pgconn.CommandTag) error {
		if tag.String() == "ROLLBACK" {
			return errors.New("the transaction was rolled back at commit")
		}
		return nil
	})
	b.Queue(resetSQL)
	b.Queue(unlockSQL)
}

// rollback ends a failed transaction even when its context has ended, and clears
// the connection. One that cannot be rolled back is closed, never handed on.
func rollback(conn *pgx.Conn) error {
	if conn.IsClosed() {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), rollbackTimeout)
	defer cancel()
	sql := "rollback; " + resetSQL + "; " + unlockSQL
	if conn.PgConn().TxStatus() == 'I' {
		sql = resetSQL + "; " + unlockSQL
	}
	if _, err := conn.PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return errors.Join(err, conn.Close(ctx))
	}
	return nil
}

// ended makes sure that a transaction has ended where everything went well.
func ended(conn *pgx.Conn) error {
	if conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	return errors.Join(errors.New("the transaction did not end"), rollback(conn))
}

// Read runs queries of a caller in one round trip: begin, claims, scope,
// queries, commit. The queries carry the account as a literal, so queue is given
// the scope as last seen for this caller; the database answers with the scope as
// it is, and when they differ the round trip is repeated with the true one.
// queue must therefore start from empty results each time.
func (db *DB) Read(ctx context.Context, c Caller, queue func(Scope, *pgx.Batch)) (Scope, error) {
	hint, ok := db.hints.get(c)
	if !ok {
		err := db.As(ctx, c, func(tx *Tx) error { hint = tx.Scope; return nil })
		if err != nil {
			return Scope{}, err
		}
	}
	for range 3 {
		scope, err := db.readOnce(ctx, c, hint, queue)
		if err != nil {
			db.hints.drop(c)
			return Scope{}, translate(err)
		}
		if err := scope.thawed(ctx); err != nil {
			return Scope{}, err
		}
		if scope == hint {
			db.hints.put(c, scope)
			return scope, nil
		}
		hint = scope
	}
	db.hints.drop(c)
	return Scope{}, errors.New("the caller's scope changes faster than it can be read")
}

func (db *DB) readOnce(ctx context.Context, c Caller, hint Scope, queue func(Scope, *pgx.Batch)) (Scope, error) {
	return db.atOnce(ctx, beginReadSQL, c, hint, queue)
}

// WriteAtOnce runs statements of a caller and their commit in one round trip,
// with the scope as last seen for the literals. It is for what policies alone
// guard and what an id made by the client lets be repeated: known is false where
// the statements were not run, because no scope was seen yet, and after any error
// what they did is unknown, so that the caller goes on through As either way. It
// answers with the scope as it is. Nothing is written while a part that
// ctx needs is frozen for the caller.
func (db *DB) WriteAtOnce(
	ctx context.Context, c Caller, queue func(Scope, *pgx.Batch),
) (scope Scope, known bool, err error) {
	hint, known := db.hints.get(c)
	if !known {
		return Scope{}, false, nil
	}
	scope, err = db.atOnce(ctx, beginWriteSQL, c, hint, func(scope Scope, b *pgx.Batch) {
		b.Queue(frozenSQL, int32(freeze.Needed(ctx)))
		queue(scope, b)
	})
	if err != nil || scope != hint {
		db.hints.drop(c)
	}
	return scope, true, translate(err)
}

// atOnce runs a caller's statements between begin and commit in one round trip.
func (db *DB) atOnce(
	ctx context.Context, begin string, c Caller, hint Scope, queue func(Scope, *pgx.Batch),
) (scope Scope, err error) {
	if err := db.short.seats.enter(ctx, hint.AccountID); err != nil {
		return Scope{}, err
	}
	defer db.short.seats.leave(hint.AccountID)
	conn, err := db.App.Acquire(ctx)
	if err != nil {
		return Scope{}, err
	}
	var theirs []*pgx.QueuedQuery
	defer func() { db.short.release(conn, anyLasts(theirs)) }()
	b := &pgx.Batch{}
	b.Queue(begin)
	b.Queue(scopeSQL, c.claims()...).QueryRow(scope.scan)
	ours := b.Len()
	queue(hint, b)
	theirs = b.QueuedQueries[ours:]
	queueEnd(b)
	if err := conn.SendBatch(ctx, b).Close(); err != nil {
		return Scope{}, errors.Join(err, rollback(conn.Conn()))
	}
	saw(ctx, scope)
	return scope, ended(conn.Conn())
}

// hints remembers the scope last seen for a caller. A hint only fills literals
// in; what may be read is decided by the database each time.
type hints struct {
	mu sync.RWMutex
	m  map[Caller]Scope
}

const maxHints = 10_000

func (h *hints) get(c Caller) (Scope, bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	s, ok := h.m[c]
	return s, ok
}

func (h *hints) put(c Caller, s Scope) {
	if old, ok := h.get(c); ok && old == s {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.m == nil || len(h.m) >= maxHints {
		h.m = make(map[Caller]Scope)
	}
	h.m[c] = s
}

func (h *hints) drop(c Caller) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.m, c)
}

// claimedTx is a transaction whose begin and end belong to As.
type claimedTx struct {
	conn    *pgx.Conn
	reads   readings // by which the server read statements at its beginning
	lasting bool     // a statement may have left something on the connection
}

// sees is told of a statement before it is sent.
func (t *claimedTx) sees(sql string) {
	if lasts(sql) || readingsOf(t.conn.PgConn()) != t.reads {
		t.lasting = true
	}
}

var errNotYours = errors.New("the transaction belongs to postgres.As")

func (t *claimedTx) Begin(context.Context) (pgx.Tx, error) {
	return nil, fmt.Errorf("nested transaction: %w", errNotYours)
}
func (t *claimedTx) Commit(context.Context) error   { return errNotYours }
func (t *claimedTx) Rollback(context.Context) error { return errNotYours }
func (t *claimedTx) LargeObjects() pgx.LargeObjects { return pgx.LargeObjects{} }

// Conn hands the connection out, and closes it afterwards: nobody sees what is sent on it.
func (t *claimedTx) Conn() *pgx.Conn {
	t.lasting = true
	return t.conn
}

func (t *claimedTx) CopyFrom(
	ctx context.Context, table pgx.Identifier, columns []string, src pgx.CopyFromSource,
) (int64, error) {
	return t.conn.CopyFrom(ctx, table, columns, src)
}

func (t *claimedTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	for _, q := range b.QueuedQueries {
		_, free := splitOptions(q.Arguments)
		t.lasting = t.lasting || free
		t.sees(q.SQL)
	}
	return t.conn.SendBatch(ctx, b)
}

func (t *claimedTx) Prepare(ctx context.Context, name, sql string) (*pgconn.StatementDescription, error) {
	t.lasting = true // it stays under this name
	return t.conn.Prepare(ctx, name, sql)
}

// Exec takes one statement. Without arguments the driver would use the protocol that takes
// several, and text injected into one statement could then prepare others for the next caller.
func (t *claimedTx) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	options, free := splitOptions(args)
	t.lasting = t.lasting || free
	t.sees(sql)
	if len(args) == options && !free {
		return t.conn.PgConn().ExecParams(ctx, sql, nil, nil, nil, nil).Close()
	}
	return t.conn.Exec(ctx, sql, args...)
}

func (t *claimedTx) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	_, free := splitOptions(args)
	t.lasting = t.lasting || free
	t.sees(sql)
	return t.conn.Query(ctx, sql, args...)
}

func (t *claimedTx) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	_, free := splitOptions(args)
	t.lasting = t.lasting || free
	t.sees(sql)
	return t.conn.QueryRow(ctx, sql, args...)
}

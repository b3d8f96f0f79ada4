package ledger_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// newID is a fresh id as a client makes it.
func newID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// as runs one call of the ledger as a user and returns what it returned.
func as[T any](t testing.TB, db *pgtest.DB, u *pgtest.User, call func(*postgres.Tx) (T, error)) (T, error) {
	t.Helper()
	var out T
	err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) (err error) {
		out, err = call(tx)
		return err
	})
	return out, err
}

// must is as for calls that have to succeed.
func must[T any](t testing.TB, db *pgtest.DB, u *pgtest.User, call func(*postgres.Tx) (T, error)) T {
	t.Helper()
	out, err := as(t, db, u, call)
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
	return out
}

func addParty(t testing.TB, db *pgtest.DB, u *pgtest.User, name string) ledger.Party {
	t.Helper()
	id := newID(t)
	return must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.AddParty(t.Context(), tx, id, ledger.PartyFields{Kind: ledger.Customer, Name: name})
	})
}

func date(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

func given(minor int64, day string) ledger.EntryFields {
	return ledger.EntryFields{Side: ledger.Given, AmountMinor: minor, Date: date(day)}
}

func received(minor int64, day string) ledger.EntryFields {
	return ledger.EntryFields{Side: ledger.Received, AmountMinor: minor, Date: date(day)}
}

func addEntry(t testing.TB, db *pgtest.DB, u *pgtest.User, party uuid.UUID, f ledger.EntryFields) ledger.Entry {
	t.Helper()
	id := newID(t)
	return must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddEntry(t.Context(), tx, id,
			party, f)
	})
}

func wantKind(t testing.TB, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: error %v, want a fault of kind %d", what, err, kind)
	}
}

package ledger_test

import (
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

// An entry added in one round trip is guarded by the policies alone: an old idea of who is asking writes nothing.
func TestAddEntryAtOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	see := func(c postgres.Caller) {
		t.Helper()
		if _, err := s.db.Read(t.Context(), c, func(postgres.Scope, *pgx.Batch) {}); err != nil {
			t.Fatal(err)
		}
	}
	add := func(c postgres.Caller, id, party uuid.UUID, f ledger.EntryFields) (e ledger.Entry, known bool, err error) {
		_, known, err = s.db.WriteAtOnce(t.Context(), c, func(scope postgres.Scope, b *pgx.Batch) {
			ledger.QueueAddEntry(scope, b, id, party, f, &e)
		})
		return e, known, err
	}
	written := func(id uuid.UUID) (n int) {
		t.Helper()
		if err := s.db.Super.QueryRow(t.Context(), `select count(*) from tijori.entries where id = $1`,
			id).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	f := given(700, "2026-04-03")

	id := newID(t)
	if _, known, err := add(s.manager.Caller, id, s.party.ID, f); known || err != nil || written(id) != 0 {
		t.Errorf("before anybody was seen: known %v, error %v, %d rows; want false, none, 0", known, err, written(id))
	}
	for _, u := range []postgres.Caller{s.owner.Caller, s.manager.Caller, s.counter.Caller} {
		see(u)
		id := newID(t)
		if e, known, err := add(u, id, s.party.ID, f); !known || err != nil || e.ID != id || e.AmountMinor != 700 ||
			written(id) != 1 {
			t.Errorf("at once: %+v, known %v, error %v, %d rows", e, known, err, written(id))
		}
		if e, _, err := add(u, id, s.party.ID, f); err != nil || e.ID != uuid.Nil {
			t.Errorf("the same id again: %v, %v; want no entry, for AddEntry to answer", e.ID, err)
		}
	}
	for what, c := range map[string]struct {
		party uuid.UUID
		f     ledger.EntryFields
	}{
		"a missing party": {newID(t), f}, "no amount": {s.party.ID, given(0, "2026-04-03")},
		"a locked or far date": {s.party.ID, given(1, "2098-01-01")},
	} {
		id := newID(t)
		if e, _, _ := add(s.owner.Caller, id, c.party, c.f); e.ID != uuid.Nil || written(id) != 0 {
			t.Errorf("%s: an entry, %d rows", what, written(id))
		}
	}

	// The server remembers a manager; the database knows better.
	if _, err := s.db.Super.Exec(t.Context(), `update tijori.members set role = 'accountant' where user_id = $1`,
		s.manager.UserID); err != nil {
		t.Fatal(err)
	}
	id = newID(t)
	if _, known, err := add(s.manager.Caller, id, s.party.ID, f); !known || err == nil || written(id) != 0 {
		t.Errorf("a manager who became accountant: known %v, error %v, %d rows; want an error and nothing written",
			known, err, written(id))
	}
	if _, known, _ := add(s.manager.Caller, id, s.party.ID, f); known {
		t.Error("the old scope is still remembered after an error")
	}
	if _, err := s.db.Super.Exec(t.Context(), `update tijori.credentials set revoked_at = now() where user_id = $1`,
		s.counter.UserID); err != nil {
		t.Fatal(err)
	}
	id = newID(t)
	_, _, err := add(s.counter.Caller, id, s.party.ID, f)
	if wantKind(t, "a revoked credential", err, fault.Unauthorized); written(id) != 0 {
		t.Error("a revoked credential wrote an entry")
	}
}

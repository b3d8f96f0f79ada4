package ledger_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func addShare(t testing.TB, db *pgtest.DB, u *pgtest.User, party uuid.UUID, r ledger.Range) (ledger.Share, string) {
	t.Helper()
	id, token := newID(t), ledger.NewShareToken()
	return must(t, db, u, func(tx *postgres.Tx) (ledger.Share, error) {
		return ledger.AddShare(t.Context(), tx, id, party, token, r, ledger.ShareLife)
	}), token
}

func readShared(t testing.TB, db *pgtest.DB, token string) (ledger.Shared, []ledger.SharedLine, error) {
	t.Helper()
	var lines []ledger.SharedLine
	asNobody := func(fn func(pgx.Tx) error) error { return db.AsAuth(t.Context(), fn) }
	s, err := ledger.ReadShared(t.Context(), asNobody, token, func(l ledger.SharedLine) error {
		lines = append(lines,
			l)
		return nil
	})
	return s, lines, err
}

func TestSharedStatement(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	p, other := addParty(t, db, u, "Ramesh"), addParty(t, db, u, "Nobody else")
	addEntry(t, db, u, other.ID, given(999, "2026-04-10"))
	addEntry(t, db, u, p.ID, given(1000, "2026-03-31"))
	inside := addEntry(t, db, u, p.ID, received(300, "2026-04-02"))
	addEntry(t, db, u, p.ID, given(50, "2026-04-30"))
	later := addEntry(t, db, u, p.ID, given(7, "2026-05-01"))
	april := ledger.Range{From: date("2026-04-01"), To: date("2026-04-30")}
	share, token := addShare(t, db, u, p.ID, april)
	if len(token) != 22 {
		t.Errorf("the token %q is not 128 bits", token)
	}
	s, lines, err := readShared(t, db, token)
	if err != nil {
		t.Fatal(err)
	}
	// The same figures as the khata's own statement.
	var own []ledger.Line
	st := must(t, db, u, func(tx *postgres.Tx) (ledger.Statement, error) {
		return ledger.WriteStatement(t.Context(), tx, p.ID, april, func(ledger.Statement) error { return nil },
			func(l ledger.Line) error { own = append(own, l); return nil })
	})
	if s.Opening != st.Opening || s.Closing != st.Closing || s.Given != st.Given || s.Received != st.Received ||
		len(lines) != len(own) || len(own) != 2 {
		t.Fatalf("shared %+v %v, own %+v %v", s, lines, st, own)
	}
	for i := range own {
		if lines[i].Line != own[i] || lines[i].Changed {
			t.Errorf("line %d is %+v, want %+v", i, lines[i], own[i])
		}
	}
	if s.Party != "Ramesh" || s.Changed || !s.Payable || s.Payee != (ledger.Payee{}) ||
		s.ExpiresAt.Sub(s.SharedAt) != ledger.ShareLife {
		t.Errorf("shared: %+v", s)
	}
	// What lies outside of its days changes nothing of it, but for the offer to pay when money came in since.
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, later.ID, 1, received(7, "2026-05-01"))
	})
	if s, _, err = readShared(t, db, token); err != nil || s.Changed || s.Payable || s.Closing != 750 {
		t.Errorf("after an edit beyond its days: %+v %v", s, err)
	}
	// An edit marks the statement and the line; undone, it is the same again.
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, inside.ID, 1, received(301, "2026-04-02"))
	})
	if s, lines, err = readShared(t, db, token); err != nil || !s.Changed || !lines[0].Changed || lines[1].Changed ||
		s.Closing != 749 {
		t.Errorf("after an edit: %+v %+v %v", s, lines, err)
	}
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, inside.ID, 2, received(300, "2026-04-02"))
	})
	if s, _, _ = readShared(t, db, token); s.Changed {
		t.Error("changed, although the figures are those that were shared")
	}
	// An entry before its days changes the opening balance.
	addEntry(t, db, u, p.ID, given(1, "2026-01-01"))
	if s, _, _ = readShared(t, db, token); !s.Changed || s.Opening != 1001 {
		t.Errorf("after an entry before its days: %+v", s)
	}
	// A party in the bin, an ended and an expired link: nothing, with the same words as of an unknown one.
	_, _, unknown := readShared(t, db, ledger.NewShareToken())
	same := func(what, token string) {
		t.Helper()
		if _, _, err := readShared(t, db, token); err == nil || fault.KindOf(err) != fault.NotFound ||
			fault.Of(err).Sentence() != fault.Of(unknown).Sentence() {
			t.Errorf("%s: %v, want the answer to an unknown token: %v", what, err, unknown)
		}
	}
	must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) { return ledger.DeleteParty(t.Context(), tx, p.ID, 1) })
	same("of a party in the bin", token)
	must(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) { return ledger.RestoreParty(t.Context(), tx, p.ID, 2) })
	if _, _, err := readShared(t, db, token); err != nil {
		t.Errorf("restored: %v", err)
	}
	for _, bad := range []string{
		"", "x", token + "A", token[:21], strings.ToUpper(token), token[:21] + "=",
		"../" + token, strings.Repeat("A", 5000), "\x00", string([]byte{0xff}),
	} {
		same("malformed", bad)
	}
	_, expired := addShare(t, db, u, p.ID, april)
	if _, err := db.Super.Exec(t.Context(),
		`update tijori.shares set expires_at = now() - interval '1 second' where id <> $1`, share.ID); err != nil {
		t.Fatal(err)
	}
	same("expired", expired)
	revoke := func(u *pgtest.User, party uuid.UUID) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			return ledger.RevokeShare(t.Context(), tx,
				share.ID, party)
		})
	}
	wantKind(t, "revoking the share of another party", revoke(u, other.ID), fault.NotFound)
	stranger := db.User(t, "stranger")
	wantKind(t, "a stranger revokes", revoke(stranger, p.ID), fault.NotFound)
	for range 2 {
		if err := revoke(u, p.ID); err != nil {
			t.Errorf("revoke: %v", err)
		}
	}
	same("revoked", token)
	// What has ended cannot be opened again, and nobody reads a hash.
	if _, err := as(t, db, u, func(tx *postgres.Tx) (int, error) {
		_, err := tx.Exec(t.Context(), `update tijori.shares set revoked_at = null`)
		return 0, err
	}); err != nil {
		t.Fatal(err)
	}
	same("revoked and set back", token)
	for _, sql := range []string{
		`select token_hash from tijori.shares`, `select digest from tijori.shares`,
		`select * from tijori_khata.shared_statement('\x00')`,
	} {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(),
				sql)
			return err
		})
		wantKind(t, sql, err, fault.Forbidden)
	}
}

func TestShareRoles(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	p := addParty(t, db, u, "Ramesh")
	id, token := newID(t), ledger.NewShareToken()
	add := func(u *pgtest.User, id uuid.UUID, r ledger.Range, life time.Duration) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := ledger.AddShare(t.Context(), tx, id, p.ID, token, r, life)
			return err
		})
	}
	days := ledger.Range{To: date("2026-04-30")}
	for _, role := range []string{"accountant", "counter"} {
		wantKind(t, role, add(db.Member(t, u, nil, role), newID(t), days, ledger.ShareLife), fault.Forbidden)
	}
	wantKind(t, "a stranger with the real party", add(db.User(t, "stranger"), newID(t), days, ledger.ShareLife),
		fault.NotFound)
	wantKind(t, "no last day", add(u, newID(t), ledger.Range{}, ledger.ShareLife), fault.Invalid)
	wantKind(t, "for ever", add(u, newID(t), days, 1000*24*time.Hour), fault.Invalid)
	wantKind(t, "the wrong way round", add(u, newID(t), ledger.Range{From: date("2026-05-01"), To: date("2026-04-01")},
		ledger.ShareLife), fault.Invalid)
	for range 2 { // a double tap
		if err := add(u, id, days, ledger.ShareLife); err != nil {
			t.Error(err)
		}
	}
	wantKind(t, "the same id with other days", add(u, id, ledger.Range{To: date("2026-04-29")}, ledger.ShareLife),
		fault.Conflict)
	if err := add(db.Member(t, u, nil, "manager"), newID(t), days, ledger.ShareLife); err != nil {
		t.Errorf("a manager: %v", err)
	}
}

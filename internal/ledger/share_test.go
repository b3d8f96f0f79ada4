package ledger_test

import (
	"slices"
	"strconv"
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
	asNobody := func(fn func(pgx.Tx) error) error { return db.AsLink(t.Context(), fn) }
	s, lines, err := ledger.ReadShared(t.Context(), asNobody, token, 0, 1000)
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
		`select * from tijori_khata.shared_statement('\x00')`, `select * from tijori_khata.shared_page('\x00', 0, 9)`,
	} {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(),
				sql)
			return err
		})
		wantKind(t, sql, err, fault.Forbidden)
	}
}

// A page is a part of the whole, with the balance before it, and the head of each page is the same. Only what has
// changed is said to have, whatever stands in the notes.
func TestSharedPages(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	p := addParty(t, db, u, "Ramesh")
	addEntry(t, db, u, p.ID, given(1000, "2026-03-31"))
	for i, note := range []string{"", "चीनी, 5 किलो", "10:2026-04-02", "'; -- \\", "tea\tand\nrice", "5:given"} {
		f := given(int64(100+i), "2026-04-0"+strconv.Itoa(1+i/2))
		if i%3 == 2 {
			f = received(int64(40+i), "2026-04-0"+strconv.Itoa(1+i/2))
		}
		f.Note = note
		addEntry(t, db, u, p.ID, f)
	}
	_, token := addShare(t, db, u, p.ID, ledger.Range{From: date("2026-04-01"), To: date("2026-04-30")})
	whole, lines, err := readShared(t, db, token)
	if err != nil || len(lines) != 6 || whole.Count != 6 || whole.Changed || whole.Brought != whole.Opening {
		t.Fatalf("the whole: %+v, %d lines, %v", whole, len(lines), err)
	}
	asNobody := func(fn func(pgx.Tx) error) error { return db.AsLink(t.Context(), fn) }
	for skip := range 8 {
		for most := range 4 {
			head, page, err := ledger.ReadShared(t.Context(), asNobody, token, skip, most)
			if err != nil {
				t.Fatal(err)
			}
			from := min(skip, len(lines))
			if want := lines[from:min(from+most, len(lines))]; !slices.Equal(page, want) {
				t.Errorf("%d lines after %d: %v, want %v", most, skip, page, want)
			}
			want := whole.Opening
			if skip > 0 && skip <= len(lines) {
				want = lines[skip-1].Balance
			}
			if head.Brought != want && skip <= len(lines) {
				t.Errorf("brought to line %d: %d, want %d", skip, head.Brought, want)
			}
			if head.Brought = whole.Brought; head != whole {
				t.Errorf("the head above line %d: %+v, want %+v", skip, head, whole)
			}
		}
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

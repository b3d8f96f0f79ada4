package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
	"github.com/tijorihq/tijori/internal/role"
)

// A shop is a business with its people, a party, an entry of the owner and one of the counter.
type shop struct {
	db                                  *pgtest.DB
	owner, manager, accountant, counter *pgtest.User
	party                               ledger.Party
	owners, counters                    ledger.Entry
}

func newShop(t *testing.T) *shop {
	t.Helper()
	db := pgtest.New(t)
	s := &shop{db: db, owner: db.Pro(t, db.User(t, "Asha"))}
	s.manager = db.Member(t, s.owner, &s.owner.BusinessID, "manager")
	s.accountant = db.Member(t, s.owner, nil, "accountant")
	s.counter = db.Member(t, s.owner, &s.owner.BusinessID, "counter")
	s.party = addParty(t, db, s.owner, "Ram")
	s.owners = addEntry(t, db, s.owner, s.party.ID, given(10000, "2026-04-01"))
	s.counters = addEntry(t, db, s.counter, s.party.ID, received(2500, "2026-04-02"))
	return s
}

// calls is every function of the ledger on the shop's real ids.
func (s *shop) calls(ctx context.Context) map[string]func(*postgres.Tx) error {
	party := ledger.PartyFields{Kind: ledger.Customer, Name: "Ram the second"}
	return map[string]func(*postgres.Tx) error{
		"AddParty": func(tx *postgres.Tx) error {
			_, err := ledger.AddParty(ctx, tx, uuid.New(),
				party)
			return err
		},
		"PartyByID": func(tx *postgres.Tx) error { _, err := ledger.PartyByID(ctx, tx, s.party.ID); return err },
		"EditParty": func(tx *postgres.Tx) error {
			_, err := ledger.EditParty(ctx, tx, s.party.ID, 1,
				party)
			return err
		},
		"DeleteParty": func(tx *postgres.Tx) error {
			_, err := ledger.DeleteParty(ctx, tx, s.party.ID,
				1)
			return err
		},
		"RestoreParty": func(tx *postgres.Tx) error {
			_, err := ledger.RestoreParty(ctx, tx, s.party.ID,
				1)
			return err
		},
		"ListParties": func(tx *postgres.Tx) error {
			list, err := listParties(ctx, tx, ledger.PartyFilter{})
			if err == nil && !tx.Scope.Rights.SeesTotals && (len(list.Rows) > 0 || list.Totals != ledger.Totals{}) {
				return fmt.Errorf("lists %+v to somebody who sees no totals", list)
			}
			return err
		},
		"PartyPage": func(tx *postgres.Tx) error {
			_, err := partyPageByID(ctx, tx, s.party.ID,
				"")
			return err
		},
		"BalanceOf": func(tx *postgres.Tx) error { _, err := ledger.BalanceOf(ctx, tx, s.party.ID); return err },
		"Timeline": func(tx *postgres.Tx) error {
			_, err := ledger.PartyTimeline(ctx, tx, s.party.ID,
				"")
			return err
		},
		"Statement": func(tx *postgres.Tx) error {
			_, err := ledger.WriteStatement(ctx, tx, s.party.ID, ledger.Range{},
				func(ledger.Statement) error { return nil }, func(ledger.Line) error { return nil })
			return err
		},
		"WriteBook": func(tx *postgres.Tx) error {
			return ledger.WriteBook(ctx, tx, func(ledger.BookLine) error { return nil })
		},
		"PartyName":  func(tx *postgres.Tx) error { _, err := ledger.PartyNameByID(ctx, tx, s.party.ID); return err },
		"PartyNames": func(tx *postgres.Tx) error { _, err := listPartyNames(ctx, tx, "", ""); return err },
		"OwnEntries": func(tx *postgres.Tx) error {
			_, err := listOwnEntries(ctx, tx, s.party.ID,
				"")
			return err
		},
		"Bin": func(tx *postgres.Tx) error { _, err := ledger.Bin(ctx, tx, ""); return err },
		"AddEntry": func(tx *postgres.Tx) error {
			_, err := ledger.AddEntry(ctx, tx, uuid.New(), s.party.ID, given(1, "2026-04-01"))
			return err
		},
		"entry owner": func(tx *postgres.Tx) error { _, err := ledger.EntryByID(ctx, tx, s.owners.ID); return err },
		"edit owner": func(tx *postgres.Tx) error {
			_, err := ledger.EditEntry(ctx, tx, s.owners.ID, 1, given(1, "2026-04-01"))
			return err
		},
		"delete owner": func(tx *postgres.Tx) error {
			_, err := ledger.DeleteEntry(ctx, tx, s.owners.ID,
				1)
			return err
		},
		"restore owner": func(tx *postgres.Tx) error {
			_, err := ledger.RestoreEntry(ctx, tx, s.owners.ID,
				1)
			return err
		},
		"entry own": func(tx *postgres.Tx) error { _, err := ledger.EntryByID(ctx, tx, s.counters.ID); return err },
		"edit own": func(tx *postgres.Tx) error {
			_, err := ledger.EditEntry(ctx, tx, s.counters.ID, 1, given(1, "2026-04-01"))
			return err
		},
	}
}

func TestEachRoleMayDoWhatItMay(t *testing.T) {
	t.Parallel()
	const ok = fault.Kind(-1)
	reads := []string{
		"PartyByID", "ListParties", "PartyPage", "BalanceOf", "Timeline", "Statement",
		"WriteBook", "entry owner", "entry own",
	}
	names := []string{"PartyName", "PartyNames", "OwnEntries", "Bin"}
	writes := []string{"AddParty", "EditParty", "DeleteParty", "AddEntry", "edit owner", "delete owner", "edit own"}
	all := func(kind fault.Kind, lists ...[]string) map[string]fault.Kind {
		m := map[string]fault.Kind{}
		for _, l := range lists {
			for _, n := range l {
				m[n] = kind
			}
		}
		return m
	}
	keeper := all(ok, reads, names, writes)
	keeper["RestoreParty"], keeper["restore owner"] = fault.Conflict, fault.Conflict // nothing is deleted
	accountant := all(ok, reads, names)
	for n := range all(0, writes, []string{"RestoreParty", "restore owner"}) {
		accountant[n] = fault.Forbidden
	}
	counter := all(fault.Forbidden, reads, writes, []string{"RestoreParty"})
	for n := range all(0, names, []string{"AddEntry", "entry own", "edit own"}) {
		counter[n] = ok
	}
	for _, n := range []string{"entry owner", "edit owner", "delete owner", "restore owner"} {
		counter[n] = fault.NotFound
	}
	counter["ListParties"], counter["PartyPage"] = ok, fault.NotFound // an empty list, and no party; routes refuse both
	stranger := all(fault.NotFound, reads, names, writes, []string{"RestoreParty", "restore owner"})
	for role, c := range map[string]struct {
		want map[string]fault.Kind
		who  func(*shop) *pgtest.User
	}{
		"owner":      {keeper, func(s *shop) *pgtest.User { return s.owner }},
		"manager":    {keeper, func(s *shop) *pgtest.User { return s.manager }},
		"accountant": {accountant, func(s *shop) *pgtest.User { return s.accountant }}, "counter": {
			counter,
			func(s *shop) *pgtest.User { return s.counter },
		},
		"stranger": {stranger, func(s *shop) *pgtest.User {
			u := s.db.User(t, "Ravi")
			u.Caller.Business = s.owner.BusinessID // the real one
			return u
		}},
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			u := c.who(s)
			calls := s.calls(t.Context())
			if len(calls) != len(c.want) {
				t.Errorf("%d calls, %d expectations", len(calls), len(c.want))
			}
			for name, call := range calls {
				tryAndRollBack(t, s.db, u, name, c.want[name], call)
			}
		})
	}
}

var errUndo = fault.New(fault.TooMany, "undo")

// tryAndRollBack makes one call and undoes it, so that each call meets the same shop.
func tryAndRollBack(t *testing.T, db *pgtest.DB, u *pgtest.User, name string, want fault.Kind,
	call func(*postgres.Tx) error,
) {
	t.Helper()
	err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		if err := call(tx); err != nil {
			return err
		}
		return errUndo
	})
	switch got := fault.KindOf(err); {
	case want == -1 && got != fault.TooMany:
		t.Errorf("%s: %v, want it to work", name, err)
	case want != -1 && got != want:
		t.Errorf("%s: %v, want a fault of kind %d", name, err, want)
	}
}

// A stranger in an own business who names real ids of others gets what an invented id gets.
func TestRealIDsOfOthersAreNotFound(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ravi := s.db.User(t, "Ravi")
	for name, call := range s.calls(t.Context()) {
		switch name {
		case "AddParty", "ListParties", "WriteBook", "PartyNames", "Bin":
			continue // about no id
		}
		tryAndRollBack(t, s.db, ravi, name, fault.NotFound, call)
	}
}

const insertEntry = `insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, request_hash, created_by)
	values ($1, $2, gen_random_uuid(), $3, 'given', 1, '2026-04-01', sha256('x'), $4)`

// The roles of package role are those of the database, and grant what its policies grant.
func TestRightsAreThoseOfTheDatabase(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	rows, err := s.db.Super.Query(t.Context(), `select role from tijori.roles`)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range role.All() {
		i := slices.Index(names, r.Name)
		if i < 0 {
			t.Errorf("the database has no role %q", r.Name)
			continue
		}
		names = slices.Delete(names, i, i+1)
		u := s.owner
		if r.Name != role.Owner {
			u = s.db.Member(t, s.owner, nil, r.Name)
		}
		var scope postgres.Scope
		may := func(sql string, args ...any) bool {
			t.Helper()
			var rows int64
			err := s.db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
				scope = tx.Scope
				tag, err := tx.Exec(t.Context(), sql, args...)
				if rows = tag.RowsAffected(); err == nil {
					err = errUndo
				}
				return err
			})
			if k := fault.KindOf(err); k != fault.TooMany && k != fault.Forbidden {
				t.Fatalf("%s: %s: %v", r.Name, sql, err)
			}
			return rows > 0
		}
		got := role.Rights{
			SeesTotals:  may("select id from parties"),
			AddsEntries: may(insertEntry, s.owner.AccountID, s.owner.BusinessID, s.party.ID, u.UserID),
			RunsKhata:   may("update parties set name = name"),
			Owns:        may("update accounts set name = name"),
		}
		if got != r.Rights {
			t.Errorf("the database grants the %s %+v, package role %+v", r.Name, got, r.Rights)
		}
		if scope.Role != r.Name || scope.Rights != r.Rights {
			t.Errorf("the scope of the %s is %q with %+v", r.Name, scope.Role, scope.Rights)
		}
	}
	if len(names) > 0 {
		t.Errorf("package role does not know the roles %q of the database", names)
	}
}

// What the program asks wrongly the database still refuses: raw statements as tijori_app, per role.
func TestTheDatabaseItselfKnowsTheRoles(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	count := func(u *pgtest.User, sql string) (n int) {
		t.Helper()
		if err := s.db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			return tx.QueryRow(t.Context(),
				sql).Scan(&n)
		}); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		return n
	}
	must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, s.owners.ID, 1, given(9000, "2026-04-01"))
	})
	must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, s.counters.ID, 1, received(2400, "2026-04-01"))
	})
	for _, c := range []struct {
		who                       string
		u                         *pgtest.User
		parties, entries, changes int
	}{
		{"owner", s.owner, 1, 2, 2},
		{"manager", s.manager, 1, 2, 2},
		{"accountant", s.accountant, 1, 2, 2},
		{"counter", s.counter, 0, 1, 1},
		{"stranger", s.db.User(t, "Ravi"), 0, 0, 0},
	} {
		if p, e, h := count(c.u, "select count(*) from parties"), count(c.u, "select count(*) from entries"), count(c.u,
			"select count(*) from changes"); p != c.parties || e != c.entries || h != c.changes {
			t.Errorf("%s sees %d parties, %d entries, %d changes, want %d, %d, %d", c.who, p, e, h, c.parties,
				c.entries, c.changes)
		}
	}
	exec := func(u *pgtest.User, sql string, args ...any) (rows int64, err error) {
		err = s.db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			tag, err := tx.Exec(t.Context(), sql, args...)
			if rows = tag.RowsAffected(); err == nil {
				err = errUndo
			}
			return err
		})
		return rows, err
	}
	const insertParty = `insert into parties (account_id, business_id, id, kind, name, name_key, request_hash, created_by)
		values ($1, $2, gen_random_uuid(), 'customer', 'x', 'x', sha256('x'), $3)`
	for who, u := range map[string]*pgtest.User{
		"accountant": s.accountant, "counter": s.counter,
		"stranger": s.db.User(t, "Kiran"),
	} {
		for _, sql := range []string{"update parties set name = 'x'", "update parties set deleted_at = now()"} {
			if n, _ := exec(u, sql); n != 0 {
				t.Errorf("%s: %s changed %d rows", who, sql, n)
			}
		}
		n, err := exec(u, "update entries set amount_minor = 1")
		if want := map[string]int64{"counter": 1}[who]; n != want {
			t.Errorf("%s: update entries changed %d rows (%v), want %d", who, n, err, want)
		}
		_, err = exec(u, insertParty, s.owner.AccountID, s.owner.BusinessID, u.UserID)
		wantKind(t, who+" inserts a party", err, fault.Forbidden)
		if who != "counter" {
			_, err = exec(u, insertEntry, s.owner.AccountID, s.owner.BusinessID, s.party.ID, u.UserID)
			wantKind(t, who+" inserts an entry", err, fault.Forbidden)
		}
	}
	_, err := exec(s.counter, insertEntry, s.owner.AccountID, s.owner.BusinessID, s.party.ID, s.owner.UserID)
	wantKind(t, "counter inserts in the owner's name", err, fault.Forbidden)
	for _, sql := range []string{
		"delete from parties", "delete from entries", "delete from changes", "truncate entries",
		"update changes set action = 'edit'",
		"update entries set version = 1", "update entries set created_by = gen_random_uuid()",
		"update entries set created_at = now()", "update entries set party_id = gen_random_uuid()",
		"update parties set deleted_by = gen_random_uuid()", "update parties set request_hash = sha256('x')",
		"insert into changes select * from changes", "alter table entries disable row level security",
		"set local role tijori_owner", "set local session_replication_role = replica",
	} {
		_, err := exec(s.owner, sql)
		wantKind(t, "owner: "+sql, err, fault.Forbidden)
	}
}

func TestACounterCorrectsForOneDay(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	id := s.counters.ID
	e := must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(),
			tx, id, 1)
	})
	bin := must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.BinPage, error) {
		return ledger.Bin(t.Context(), tx,
			"")
	})
	if len(bin.Items) != 1 || bin.Items[0].ID != id || bin.Items[0].PartyName != "Ram" ||
		bin.Items[0].DeletedBy != "counter" {
		t.Errorf("the counter's bin = %+v", bin.Items)
	}
	e = must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.RestoreEntry(t.Context(), tx, id, e.Version)
	})
	own := must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.OwnEntries, error) {
		return listOwnEntries(t.Context(), tx, s.party.ID, "")
	})
	if len(own.Rows) != 1 || own.Rows[0].ID != id || own.Name != "Ram" {
		t.Errorf("the counter's own entries = %+v", own)
	}
	if _, err := s.db.Super.Exec(t.Context(),
		"alter table entries disable trigger user; update entries set created_at = now() - interval '25 hours'; alter table entries enable trigger user", pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	_, err := as(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, id, e.Version, received(1, "2026-04-02"))
	})
	wantKind(t, "a day later", err, fault.Forbidden)
	_, err = as(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(), tx, id, e.Version)
	})
	wantKind(t, "a day later", err, fault.Forbidden)
	again := must(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddEntry(t.Context(), tx, id, s.party.ID, received(2500, "2026-04-02"))
	})
	if again.ID != id {
		t.Errorf("the late retry of an add = %+v, want the entry", again)
	}
	_, err = as(t, s.db, s.counter, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.AddEntry(t.Context(), tx, s.owners.ID, s.party.ID, received(2500, "2026-04-02"))
	})
	wantKind(t, "the id of a colleague's entry", err, fault.Conflict)
}

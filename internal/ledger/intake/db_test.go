package intake_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/intake"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func newID(t testing.TB) uuid.UUID {
	t.Helper()
	id, err := uuid.NewV7()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// bring plans a text and, when apply is set, brings it in.
func bring(t testing.TB, db *pgtest.DB, u *pgtest.User, upload uuid.UUID, text string,
	apply bool,
) (p *intake.Plan, err error) {
	t.Helper()
	table, err := intake.Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	o := intake.Options{Upload: upload, Mapping: intake.Guess(table), Desk: ledger.Desk{
		Currency: "INR",
		Today:    time.Now(),
	}, OpeningDate: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)}
	err = db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		if p, err = intake.Make(t.Context(), tx, table, o); err != nil || !apply {
			return err
		}
		return p.Apply(t.Context(), tx, upload, "khata.csv", []byte(text), func(int) {})
	})
	return p, err
}

func count(t testing.TB, db *pgtest.DB, sql string, u *pgtest.User) (n int) {
	t.Helper()
	if err := db.Super.QueryRow(t.Context(), sql, u.BusinessID).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

const livingEntries = `select count(*)::int from entries where business_id = $1 and deleted_at is null`

// What the plan says of balances is what the khata has afterwards; entries of a day stand in the order of the file.
func TestPlanIsWhatHappens(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	if _, err := bring(t, db, asha, newID(t), "Name,Phone,Balance\nRam,9876543210,100\nSita,,-50\n", true); err != nil {
		t.Fatal(err)
	}
	const text = "Date,Party,Gave,Got,Note\n5/4/2026,ram,10,,one\n5/4/2026,Ram,,20,two\n5/4/2026,RAM,30,,three\n6/4/2026,Mohan,,7,\n"
	p, err := bring(t, db, asha, newID(t), text, true)
	if err != nil || p.New != 1 || len(p.Parties) != 2 || p.Parties[0].Before != 10000 || p.Parties[0].After != 12000 ||
		p.Parties[1].After != -700 {
		t.Fatalf("plan = %+v, %v", p, err)
	}
	err = db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		for _, party := range p.Parties {
			got, err := ledger.BalanceOf(t.Context(), tx, party.ID)
			if err != nil || got != party.After {
				t.Errorf("balance of %s = %d, %v, want %d", party.Name, got, err, party.After)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var notes string
	if err := db.Super.QueryRow(t.Context(),
		`select string_agg(note, ' ' order by business_date, id) from entries where business_id = $1 and note <> ''
			and batch_id is not null`, asha.BusinessID).Scan(&notes); err != nil || notes != "one two three" {
		t.Errorf("the day reads %q, %v", notes, err)
	}
	if p, err = bring(t, db, asha, newID(t), text, false); err != nil {
		t.Fatal(err)
	}
	if err := db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		return p.FindTwins(t.Context(),
			tx)
	}); err != nil || len(p.Twins) != 4 {
		t.Errorf("the same file again has twins %v, %v, want 4", p.Twins, err)
	}
	if p, _ = bring(t, db, asha, newID(t), "Name,Balance\nRam,5\n", false); len(p.Problems) != 1 {
		t.Errorf("a second opening balance: %v", p.Problems)
	}
}

func TestImportIsForKeepersAndWithinThePlan(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	for _, role := range []string{"accountant", "counter"} {
		if _, err := bring(t, db, db.Member(t, asha, nil, role), newID(t), "Name\nRam\n",
			true); fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%s: %v", role, err)
		}
	}
	if _, err := bring(t, db, asha, newID(t), "Name,Balance\n"+strings.Repeat("x", 3)+",1\na,1\nb,1\nc,1\nd,1\ne,1\n",
		true); fault.KindOf(err) != fault.UpgradeRequired {
		t.Errorf("six parties on Free: %v", err)
	}
	if n := count(t, db, `select (select count(*) from parties where business_id = $1) + (select count(*) from batches
		where business_id = $1)`, asha); n != 0 {
		t.Errorf("%d rows were written", n)
	}
	upload := newID(t)
	if _, err := bring(t, db, asha, upload, "Name,Balance\na,1\nb,1\nc,1\nd,1\ne,1\n", true); err != nil {
		t.Errorf("five parties on Free: %v", err)
	}
	if p, err := bring(t, db, asha, upload, "Name,Balance\na,2\n", true); fault.KindOf(err) != fault.Invalid ||
		len(p.Entries) != 0 || len(p.Problems) != 1 {
		t.Errorf("a second opening balance under the same upload: %+v, %v", p, err)
	}
	if n := count(t, db, livingEntries, asha); n != 5 {
		t.Errorf("%d entries, want 5", n)
	}
}

// A month of a wholesaler goes in and comes out in one statement each, not row by row.
func TestManyRowsInAndOut(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	var text strings.Builder
	text.WriteString("Date,Party,Gave,Got,Note\n")
	for i := range 20_000 {
		fmt.Fprintf(&text, "%d/4/2026,Party %d,%d,,rice\n", i%28+1, i%4000, i+1)
	}
	upload := newID(t)
	start := time.Now()
	if _, err := bring(t, db, asha, upload, text.String(), true); err != nil {
		t.Fatal(err)
	}
	in := time.Since(start)
	err := db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		u, _, err := ledger.UndoBatch(t.Context(), tx, upload)
		if err == nil && (u.Entries != 20_000 || u.Parties != 4000 || len(u.Kept) != 0) {
			t.Errorf("undone = %+v", u)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("20,000 entries of 4,000 new parties: in after %v, out after %v", in, time.Since(start)-in)
	if n := count(t, db, livingEntries, asha); n != 0 {
		t.Errorf("%d entries left", n)
	}
	if n := count(t, db, `select count(*)::int from changes where business_id = $1 and action = 'delete'
		and changed_by_name = 'Asha'`, asha); n != 24_000 {
		t.Errorf("%d lines of history, want 24000", n)
	}
}

// A contact fills the phone that a party of the khata has not; the undo takes it away again, unless the party was
// changed since.
func TestContactsFillPhones(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	if _, err := bring(t, db, asha, newID(t), "Name,Balance\nRamesh Patel,1500\nSita,20\n", true); err != nil {
		t.Fatal(err)
	}
	upload := newID(t)
	const contacts = "BEGIN:VCARD\nFN:Ramesh Patel\nTEL:9876543210\nEND:VCARD\nBEGIN:VCARD\nFN:Sita\nTEL:9876500000\nEND:VCARD\n"
	if p, err := bring(t, db, asha, upload, contacts, true); err != nil || p.New != 0 || !p.Parties[0].Fills {
		t.Fatalf("plan = %+v, %v", p, err)
	}
	phones := func() (out string) {
		if err := db.Super.QueryRow(t.Context(),
			`select string_agg(phone, ' ' order by name) from parties
				where business_id = $1`, asha.BusinessID).Scan(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := phones(); got != "+919876543210 +919876500000" {
		t.Errorf("phones %q", got)
	}
	if p, err := bring(t, db, asha, newID(t), contacts, true); fault.KindOf(err) != fault.Invalid || p == nil ||
		!p.Nothing() {
		t.Errorf("the contacts once more: %v, want a refusal to bring in nothing", err)
	}
	var sita uuid.UUID
	if err := db.Super.QueryRow(t.Context(), `select id from parties where business_id = $1 and name = 'Sita'`,
		asha.BusinessID).Scan(&sita); err != nil {
		t.Fatal(err)
	}
	err := db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.EditParty(t.Context(), tx, sita, 2, ledger.PartyFields{
			Kind: ledger.Customer,
			Name: "Sita Devi", Phone: "+919876500000",
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.As(t.Context(), asha.Caller, func(tx *postgres.Tx) error {
		_, _, err := ledger.UndoBatch(t.Context(), tx, upload)
		return err
	})
	if got := phones(); err != nil || got != " +919876500000" {
		t.Errorf("after the undo, phones %q, %v", got, err)
	}
}

// Two people of one name stay two, whichever file comes first.
func TestTwoOfOneName(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	if _, err := bring(t, db, asha, newID(t), "Name,Phone,Balance\nRamesh,9876543210,1500\n", true); err != nil {
		t.Fatal(err)
	}
	p, err := bring(t, db, asha, newID(t), "Date,Name,Phone,Gave\n01/04/2026,Ramesh,9000000001,5000\n", true)
	if err != nil || p.New != 1 || len(p.Notes) != 1 {
		t.Fatalf("plan = %+v, %v", p, err)
	}
	if n := count(t, db, `select count(*)::int from parties where business_id = $1 and name = 'Ramesh'`, asha); n != 2 {
		t.Errorf("%d parties, want 2", n)
	}
}

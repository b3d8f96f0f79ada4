package ledger_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

var desk = ledger.Desk{Currency: "INR", Today: date("2026-11-22")}

func row(t testing.TB, party, given, received string) ledger.BatchRow {
	t.Helper()
	return ledger.BatchRow{ID: newID(t), Date: "21/11/2026", Party: party, Given: given, Received: received}
}

func saveBatch(t testing.TB, db *pgtest.DB, u *pgtest.User, id uuid.UUID, some bool,
	rows ...ledger.BatchRow,
) (ledger.BatchResult, error) {
	t.Helper()
	return as(t, db, u, func(tx *postgres.Tx) (ledger.BatchResult, error) {
		return ledger.SaveBatch(t.Context(), tx, id, rows, desk, some)
	})
}

// counts are the living entries and parties of a user's business.
func counts(t testing.TB, db *pgtest.DB, u *pgtest.User) (entries, parties int) {
	t.Helper()
	err := db.Super.QueryRow(t.Context(),
		`select (select count(*) from entries where business_id = $1 and deleted_at is null), (select count(*)
			from parties where business_id = $1 and deleted_at is null)`, u.BusinessID).Scan(&entries, &parties)
	if err != nil {
		t.Fatal(err)
	}
	return entries, parties
}

func TestBatchIsAllOrNothingOrTheGoodOnes(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	ram := addParty(t, db, asha, "Ram Lal")
	addParty(t, db, asha, "Twice")
	addParty(t, db, asha, "twice")
	rows := []ledger.BatchRow{
		row(t, "ram  LAL", "₹1,200", ""), // by name, whatever its letters
		{ID: newID(t), Date: "१/११/२०२६", PartyID: ram.ID, Received: "५००"}, // by id
		row(t, "Nobody", "10", ""),
		row(t, "Twice", "10", ""),
		row(t, "Ram Lal", "10", "20"),
		row(t, "Ram Lal", "", ""),
		row(t, "Ram Lal", "ten", ""),
		{ID: newID(t), Date: "32/1/2026", Party: "Ram Lal", Given: "1"},
		{ID: newID(t), Date: "1/1/2031", Party: "Ram Lal", Given: "1"}, // the database alone knows how far is too far
		{ID: newID(t), Date: "22/11/2026"},                             // blank
		{ID: newID(t), Party: "Sita", NewParty: true, PartyID: newID(t), Given: "250+90"},
		{ID: newID(t), Party: "SITA", NewParty: true, PartyID: newID(t), Received: "40"},
	}
	batch := newID(t)
	r, err := saveBatch(t, db, asha, batch, false, rows...)
	if err != nil || !r.Kept || r.Entries != 0 {
		t.Fatalf("all or nothing = %+v, %v, want nothing", r, err)
	}
	if e, p := counts(t, db, asha); e != 0 || p != 3 {
		t.Fatalf("%d entries and %d parties after a refused batch", e, p)
	}
	r, err = saveBatch(t, db, asha, batch, true, rows...)
	if err != nil || r.Entries != 4 || r.Wrong != 7 || r.Parties != 1 || len(r.Left()) != 7 {
		t.Fatalf("the good ones: %d saved, %d wrong, %d parties, %d left, %v", r.Entries, r.Wrong, r.Parties,
			len(r.Left()), err)
	}
	for i, column := range map[int]string{
		2: "party", 3: "party", 4: "received", 5: "given", 6: "given", 7: "date",
		8: "date",
	} {
		if r.Rows[i].Problems[column] == nil || r.Rows[i].Saved {
			t.Errorf("row %d: %v, want a problem with %s", i, r.Rows[i].Problems, column)
		}
	}
	if !r.Rows[2].Unknown || r.Rows[10].PartyID != r.Rows[11].PartyID {
		t.Error("a new name is one party, an unknown one is called so")
	}
	balance := must(t, db, asha, func(tx *postgres.Tx) (int64, error) {
		return ledger.BalanceOf(t.Context(), tx, r.Rows[10].PartyID)
	})
	if balance != 30000 {
		t.Errorf("Sita's balance = %d, want 30000", balance)
	}
}

func TestBatchCountsOnce(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	addParty(t, db, asha, "Ram")
	batch := newID(t)
	rows := []ledger.BatchRow{row(t, "Ram", "10", ""), row(t, "Ram", "", "20"), {
		ID: newID(t), Date: "1/11/2026",
		Party: "New", NewParty: true, Given: "5",
	}}
	var wg sync.WaitGroup
	for range 8 { // a nervous finger
		wg.Go(func() {
			if r, err := saveBatch(t, db, asha, batch, false, rows...); err != nil || r.Entries != 3 {
				t.Errorf("save = %d entries, %v", r.Entries, err)
			}
		})
	}
	wg.Wait()
	if e, p := counts(t, db, asha); e != 3 || p != 2 {
		t.Errorf("%d entries and %d parties, want 3 and 2", e, p)
	}
	rows[0].Given = "11"
	r, err := saveBatch(t, db, asha, batch, true, rows...)
	if err != nil || r.Wrong != 1 || r.Rows[0].Saved || r.Entries != 2 {
		t.Errorf("the same id with another amount: %+v, %v", r.Rows[0], err)
	}
	if e, _ := counts(t, db, asha); e != 3 {
		t.Errorf("%d entries, want 3", e)
	}
	// The same entry under other ids is a twin: told, and saved.
	twins := []ledger.BatchRow{row(t, "Ram", "7", ""), row(t, "Ram", "7", ""), {
		ID: newID(t), Date: "21/11/2026",
		Party: "Ram", Received: "20",
	}}
	r, err = saveBatch(t, db, asha, newID(t), false, twins...)
	if err != nil || r.Entries != 3 || r.Rows[0].Twin || !r.Rows[1].Twin || !r.Rows[2].Twin {
		t.Errorf("twins = %v %v %v, %d saved, %v", r.Rows[0].Twin, r.Rows[1].Twin, r.Rows[2].Twin, r.Entries, err)
	}
	if _, err := saveBatch(t, db, asha, newID(t), true,
		make([]ledger.BatchRow, ledger.MaxBatchRows+1)...); fault.KindOf(err) != fault.TooLarge {
		t.Errorf("too many rows: %v", err)
	}
}

func TestBatchNeedsThePlanAndTheRole(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	rows := []ledger.BatchRow{row(t, "Ram", "10", "")}
	for who, u := range map[string]*pgtest.User{"counter": s.counter, "accountant": s.accountant} {
		_, err := saveBatch(t, s.db, u, newID(t), true, rows...)
		wantKind(t, who+" saves a batch", err, fault.Forbidden)
		_, err = as(t, s.db, u, func(tx *postgres.Tx) (int, error) {
			return ledger.SaveDraft(t.Context(), tx, newID(t), ledger.Draft{Rows: rows})
		})
		wantKind(t, who+" saves a draft", err, fault.Forbidden)
		_, err = as(t, s.db, u, func(tx *postgres.Tx) (ledger.BatchResult, error) {
			return ledger.CheckBatch(t.Context(), tx, newID(t), rows, desk)
		})
		wantKind(t, who+" checks a batch", err, fault.Forbidden)
		_, err = as(t, s.db, u, func(tx *postgres.Tx) (any, error) {
			return tx.Exec(t.Context(),
				`insert into batches (account_id, business_id, id, kind, created_by)
					values ($1, $2, $3, 'import', $4)`, u.AccountID, u.BusinessID, newID(t), u.UserID)
		})
		wantKind(t, who+" inserts a batch by hand", err, fault.Forbidden)
	}
	if r, err := saveBatch(t, s.db, s.manager, newID(t), false, rows...); err != nil || r.Entries != 1 {
		t.Errorf("a manager saves %d, %v", r.Entries, err)
	}
	free := s.db.User(t, "Free")
	addParty(t, s.db, free, "Ram")
	_, err := saveBatch(t, s.db, free, newID(t), true, rows...)
	wantKind(t, "a free account", err, fault.UpgradeRequired)
	_, err = as(t, s.db, free, func(tx *postgres.Tx) (any, error) { // past the program
		return tx.Exec(t.Context(),
			`insert into batches (account_id, business_id, id, kind, created_by)
				values ($1, $2, $3, 'grid', $4)`, free.AccountID, free.BusinessID, newID(t), free.UserID)
	})
	wantKind(t, "a free account by hand", err, fault.UpgradeRequired)
	if e, _ := counts(t, s.db, free); e != 0 {
		t.Errorf("%d entries in the free account", e)
	}
	_, err = saveBatch(t, s.db, &pgtest.User{Caller: postgres.Caller{
		Credential: free.Caller.Credential,
		Business:   s.owner.BusinessID,
	}}, newID(t), true, rows...)
	wantKind(t, "a stranger", err, fault.NotFound)
}

// A batch that was begun with Pro takes no rows when Pro has ended, not even past the program; an import does.
func TestLapsedPlanFillsNoBatch(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	ram := addParty(t, db, asha, "Ram")
	batch := newID(t)
	if _, err := saveBatch(t, db, asha, batch, false, row(t, "Ram", "10", "")); err != nil {
		t.Fatal(err)
	}
	insert := func(batch uuid.UUID) error {
		_, err := as(t, db, asha, func(tx *postgres.Tx) (any, error) {
			return tx.Exec(t.Context(),
				`insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, request_hash, created_by, batch_id)
				values ($1, $2, $3, $4, 'given', 100, '2026-04-01', sha256('x'), $5, $6)`, asha.AccountID, asha.BusinessID, newID(t), ram.ID, asha.UserID, batch)
		})
		return err
	}
	if err := insert(batch); err != nil {
		t.Errorf("with Pro: %v", err)
	}
	if _, err := db.Super.Exec(t.Context(),
		`update subscriptions set status = 'canceled', access_until = now() - interval '1 day', ended_at = now()
			where account_id = $1`, asha.AccountID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, "a row more", insert(batch), fault.UpgradeRequired)
	_, err := saveBatch(t, db, asha, batch, false, row(t, "Ram", "11", ""))
	wantKind(t, "the program", err, fault.UpgradeRequired)
	imported := newID(t)
	must(t, db, asha, func(tx *postgres.Tx) (any, error) {
		return nil, ledger.OpenBatch(t.Context(), tx, imported, ledger.ImportBatch, "a.csv")
	})
	if err := insert(imported); err != nil {
		t.Errorf("an import without Pro: %v", err)
	}
	if e, _ := counts(t, db, asha); e != 3 {
		t.Errorf("%d entries, want 3", e)
	}
	if out, err := undo(t, db, asha, batch); err != nil || out.Entries != 2 {
		t.Errorf("what was paid for is taken back: %+v, %v", out, err)
	}
}

func undo(t testing.TB, db *pgtest.DB, u *pgtest.User, id uuid.UUID) (ledger.Undone, error) {
	t.Helper()
	return as(t, db, u, func(tx *postgres.Tx) (ledger.Undone, error) {
		out, _, err := ledger.UndoBatch(t.Context(), tx, id)
		return out, err
	})
}

func TestUndoLeavesWhatWasChanged(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	old := addParty(t, db, asha, "Old")
	batch := newID(t)
	r, err := saveBatch(t, db, asha, batch, false,
		row(t, "Old", "1", ""), row(t, "Old", "2", ""), row(t, "Old", "3", ""),
		ledger.BatchRow{ID: newID(t), Party: "New", NewParty: true, Given: "4"},
		ledger.BatchRow{ID: newID(t), Party: "Newer", NewParty: true, Given: "5"})
	if err != nil {
		t.Fatal(err)
	}
	must(t, db, asha, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, r.Rows[1].ID, 1, given(222, "2026-11-21"))
	})
	must(t, db, asha, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.DeleteEntry(t.Context(), tx, r.Rows[2].ID, 1)
	})
	addEntry(t, db, asha, r.Rows[4].PartyID, given(100, "2026-11-22"))
	out, err := undo(t, db, asha, batch)
	if err != nil || out.Entries != 3 || out.Parties != 1 || len(out.Kept) != 2 {
		t.Fatalf("undo = %+v, %v, want 3 entries, 1 party, 2 kept", out, err)
	}
	if out.Kept[0].EntryID != r.Rows[1].ID || out.Kept[0].Entry.AmountMinor != 222 ||
		out.Kept[1].PartyName != "Newer" || out.Kept[1].EntryID != uuid.Nil {
		t.Errorf("kept = %+v", out.Kept)
	}
	if e, p := counts(t, db, asha); e != 2 || p != 2 {
		t.Errorf("%d entries and %d parties left, want 2 and 2", e, p)
	}
	again, err := undo(t, db, asha, batch)
	if err != nil || again.Entries != 0 || len(again.Kept) != 2 {
		t.Errorf("undone twice = %+v, %v", again, err)
	}
	_, err = saveBatch(t, db, asha, batch, false, row(t, "Old", "9", ""))
	wantKind(t, "a row more for a batch that is undone", err, fault.Conflict)
	history := must(t, db, asha, func(tx *postgres.Tx) ([]ledger.Change[ledger.EntryFields], error) {
		return entryHistory(t.Context(), tx, r.Rows[0].ID)
	})
	if len(history) != 2 || history[0].Action != ledger.Deleted || history[0].ByName != "Asha" {
		t.Errorf("history of an undone entry = %+v", history)
	}
	if b := must(t, db, asha, func(tx *postgres.Tx) (int64, error) {
		return ledger.BalanceOf(t.Context(), tx,
			old.ID)
	}); b != 222 {
		t.Errorf("balance = %d, want 222", b)
	}
	stranger := db.User(t, "Ravi")
	_, err = undo(t, db, stranger, batch)
	wantKind(t, "a stranger undoes", err, fault.NotFound)
	_, err = undo(t, db, db.Member(t, asha, nil, "counter"), batch)
	wantKind(t, "a counter undoes", err, fault.Forbidden)
}

func TestUndoEndsAfterADay(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	addParty(t, db, asha, "Ram")
	batch := newID(t)
	if _, err := saveBatch(t, db, asha, batch, false, row(t, "Ram", "1", "")); err != nil {
		t.Fatal(err)
	}
	list := func() (all []ledger.BatchInfo) {
		t.Helper()
		if _, err := db.Read(t.Context(), asha.Caller, func(s postgres.Scope, b *pgx.Batch) {
			ledger.QueueBatches(s, b,
				ledger.GridBatch, &all)
		}); err != nil {
			t.Fatal(err)
		}
		return all
	}
	if l := list(); len(l) != 1 || !l[0].CanUndo || l[0].Entries != 1 || l[0].ByName != "Asha" {
		t.Errorf("batches = %+v", l)
	}
	if _, err := db.Super.Exec(t.Context(),
		`alter table batches disable trigger user; update batches set created_at = now() - interval '25 hours'; alter table batches enable trigger user`, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	_, err := undo(t, db, asha, batch)
	wantKind(t, "a day later", err, fault.Conflict)
	if l := list(); len(l) != 0 {
		t.Errorf("batches a day later = %+v", l)
	}
}

func TestFiveHundredRowsInOneGo(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.Pro(t, db.User(t, "Asha"))
	for i := range 50 {
		addParty(t, db, asha, fmt.Sprintf("Party %d", i))
	}
	var rows []ledger.BatchRow
	for i := range 500 {
		r := row(t, fmt.Sprintf("Party %d", i%50), fmt.Sprint(i+1), "")
		if i%100 == 7 {
			r.Date = "1/1/2031" // refused by the database, one by one
		}
		rows = append(rows, r)
	}
	r, err := saveBatch(t, db, asha, newID(t), true, rows...)
	if err != nil || r.Entries != 495 || r.Wrong != 5 {
		t.Fatalf("%d saved, %d wrong, %v", r.Entries, r.Wrong, err)
	}
}

func TestDraftIsKeptAndOnesOwn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	load := func(u *pgtest.User) (d ledger.Draft) {
		t.Helper()
		if _, err := s.db.Read(t.Context(), u.Caller,
			func(scope postgres.Scope, b *pgx.Batch) { ledger.QueueDraft(scope, b, &d) }); err != nil {
			t.Fatal(err)
		}
		return d
	}
	save := func(writer uuid.UUID, d ledger.Draft) (int, error) {
		t.Helper()
		return as(t, s.db, s.owner, func(tx *postgres.Tx) (int, error) {
			return ledger.SaveDraft(t.Context(), tx,
				writer, d)
		})
	}
	tab, other := newID(t), newID(t)
	d := ledger.Draft{Batch: newID(t), Rows: []ledger.BatchRow{row(t, "श्री कृष्ण", "१००", "")}}
	v, err := save(tab, d)
	if err != nil || v != 1 {
		t.Fatalf("first draft = %d, %v", v, err)
	}
	got := load(s.owner)
	if got.Batch != d.Batch || len(got.Rows) != 1 || got.Rows[0] != d.Rows[0] || got.Version != 1 {
		t.Errorf("draft = %+v, want %+v", got, d)
	}
	if m := load(s.manager); len(m.Rows) != 0 {
		t.Errorf("the manager sees the owner's draft: %+v", m)
	}
	if v, err = save(tab, d); err != nil || v != 2 { // its answer was lost: version 0 again, the same tab
		t.Errorf("the same tab again = %d, %v", v, err)
	}
	_, err = save(other, d)
	wantKind(t, "another tab with an old version", err, fault.Conflict)
	d.Version = 2
	if v, err = save(other, d); err != nil || v != 3 {
		t.Errorf("another tab with the newest version = %d, %v", v, err)
	}
	_, err = save(tab, d)
	wantKind(t, "the first tab, which knows nothing of it", err, fault.Conflict)
	d.Rows = nil
	if _, err = save(uuid.Nil, d); err != nil {
		t.Errorf("the form without script: %v", err)
	}
}

func TestReadDate(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"31/3/26": "2026-03-31", "31-Mar-26": "2026-03-31", "1 march 2026": "2026-03-01", "३१-०३-२०२६": "2026-03-31",
		"2026-03-31": "2026-03-31", "31.3.2026": "2026-03-31", "2026/3/31": "2026-03-31",
		"3/31/2026": "", "31/2/2026": "", "yesterday": "", "": "", "1/1/1999": "", "45000": "",
	} {
		got, err := ledger.ReadDate(in)
		if want == "" && err == nil || want != "" && (err != nil || got.Format(time.DateOnly) != want) {
			t.Errorf("ReadDate(%q) = %v, %v, want %q", in, got, err, want)
		}
	}
}

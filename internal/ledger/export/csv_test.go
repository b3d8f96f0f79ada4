package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

var update = flag.Bool("update", false, "write the golden files")

func TestMain(m *testing.M) { pgtest.Main(m) }

var options = export.Options{Currency: "INR", Allow: func(context.Context, *postgres.Tx) error { return nil }}

// A line is an entry to add: its sign is its side.
type line struct {
	day   string
	minor int64
	note  string
}

func date(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

func addParty(t testing.TB, db *pgtest.DB, u *pgtest.User, f ledger.PartyFields, lines ...line) uuid.UUID {
	t.Helper()
	id := uuid.Must(uuid.NewV7())
	err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		if _, err := ledger.AddParty(t.Context(), tx, id, f); err != nil {
			return err
		}
		for _, l := range lines {
			e := ledger.EntryFields{Side: ledger.Given, AmountMinor: l.minor, Date: date(l.day), Note: l.note}
			if l.minor < 0 {
				e.Side, e.AmountMinor = ledger.Received, -l.minor
			}
			if _, err := ledger.AddEntry(t.Context(), tx, uuid.Must(uuid.NewV7()), id, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// golden compares the file that write makes with testdata/name.
func golden(t *testing.T, db *pgtest.DB, u *pgtest.User, name string, write func(*postgres.Tx, *bytes.Buffer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error { return write(tx, &got) }); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%s:\n%q\nwant\n%q", name, got.Bytes(), want)
	}
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	ram := addParty(t, db, u, ledger.PartyFields{
		Kind: ledger.Customer, Name: "राम \"Ram\", किराना",
		Phone: "98200 12345",
	},
		line{"2026-03-30", 123456789, "चीनी 50 kg"},
		line{"2026-04-01", -5, "=HYPERLINK(\"http://evil.example\";\"click\")"},
		line{"2026-04-01", 100, "+91 98200"},
		line{"2026-04-02", -200000000, "-1+1"},
		line{"2026-04-03", 7, "@SUM(A1)"},
		line{"2026-04-04", 1000000, "two lines,\nand a \"quote\""},
		line{"2026-04-05", 1, "'already"})
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Supplier, Name: "=1+1"}, line{"2026-04-09", -250, ""})
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "Nothing yet"})
	golden(t, db, u, "party.csv", func(tx *postgres.Tx, w *bytes.Buffer) error {
		return export.PartyCSV(t.Context(), tx, w, ram, ledger.Range{}, options)
	})
	golden(t, db, u, "party_range.csv", func(tx *postgres.Tx, w *bytes.Buffer) error {
		return export.PartyCSV(t.Context(), tx, w, ram, ledger.Range{From: date("2026-04-01"), To: date("2026-04-03")},
			options)
	})
	golden(t, db, u, "party_empty_range.csv", func(tx *postgres.Tx, w *bytes.Buffer) error {
		return export.PartyCSV(t.Context(), tx, w, ram, ledger.Range{From: date("2027-04-01")}, options)
	})
	golden(t, db, u, "book.csv", func(tx *postgres.Tx, w *bytes.Buffer) error {
		return export.BookCSV(t.Context(), tx,
			w, options)
	})
	hindi := options
	hindi.Labels = export.Labels{
		Party: "पार्टी", Kind: "प्रकार", Phone: "फ़ोन", Date: "तारीख", Details: "विवरण", Gave: "आपने दिया",
		Got:     "आपको मिला",
		Balance: "बाकी", Opening: "शुरुआती बाकी", Closing: "अंतिम बाकी", Customer: "ग्राहक", Supplier: "सप्लायर",
	}
	golden(t, db, u, "book_hindi.csv", func(tx *postgres.Tx, w *bytes.Buffer) error {
		return export.BookCSV(t.Context(),
			tx, w, hindi)
	})
}

// Refusals come before the first byte, so that the answer can still be a page.
func TestRefusalsWriteNothing(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	party := addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"}, line{"2026-04-01", 100, ""})
	counter := db.Member(t, u, &u.BusinessID, "counter")
	upgrade := options
	upgrade.Allow = func(context.Context, *postgres.Tx) error {
		return fault.New(fault.UpgradeRequired, "Exports are part of Pro.")
	}
	nobody := options
	nobody.Allow = nil
	for _, c := range []struct {
		name  string
		u     *pgtest.User
		party uuid.UUID
		r     ledger.Range
		o     export.Options
		want  fault.Kind
	}{
		{"counter", counter, party, ledger.Range{}, options, fault.Forbidden},
		{"free", u, party, ledger.Range{}, upgrade, fault.UpgradeRequired},
		{"nobody asked for the plan", u, party, ledger.Range{}, nobody, fault.UpgradeRequired},
		{"no such party", u, uuid.New(), ledger.Range{}, options, fault.NotFound},
		{"another account's party", db.User(t, "Ravi"), party, ledger.Range{}, options, fault.NotFound},
		{
			"range backwards", u, party,
			ledger.Range{From: date("2026-04-02"), To: date("2026-04-01")},
			options,
			fault.Invalid,
		},
	} {
		var w bytes.Buffer
		err := db.As(t.Context(), c.u.Caller, func(tx *postgres.Tx) error {
			return export.PartyCSV(t.Context(), tx, &w,
				c.party, c.r, c.o)
		})
		if err == nil || fault.KindOf(err) != c.want || w.Len() != 0 {
			t.Errorf("%s: %v and %d bytes, want a fault of kind %d and none", c.name, err, w.Len(), c.want)
		}
		if c.want == fault.NotFound || c.want == fault.Invalid {
			continue
		}
		err = db.As(t.Context(), c.u.Caller, func(tx *postgres.Tx) error {
			return export.BookCSV(t.Context(), tx, &w,
				c.o)
		})
		if err == nil || fault.KindOf(err) != c.want || w.Len() != 0 {
			t.Errorf("%s, whole book: %v and %d bytes, want a fault of kind %d and none", c.name, err, w.Len(), c.want)
		}
	}
}

// A fullWriter takes so many bytes and then fails, like a client that has gone.
type fullWriter struct{ room int }

var errGone = errors.New("the client has gone")

func (w *fullWriter) Write(p []byte) (int, error) {
	if w.room -= len(p); w.room < 0 {
		return 0, errGone
	}
	return len(p), nil
}

func TestAnErrorInMidStreamIsReturned(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	party := addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"})
	addEntries(t, db, u, 20_000)
	for room := range 4 {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			return export.BookCSV(t.Context(), tx, &fullWriter{room * 100_000}, options)
		})
		if !errors.Is(err, errGone) {
			t.Errorf("book with room for %d: %v, want %v", room*100_000, err, errGone)
		}
		err = db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			return export.PartyCSV(t.Context(), tx, &fullWriter{room * 100_000}, party, ledger.Range{}, options)
		})
		if !errors.Is(err, errGone) {
			t.Errorf("party with room for %d: %v, want %v", room*100_000, err, errGone)
		}
	}
	// The client's connection ends while the database still sends: no end of the file is written.
	ctx, cancel := context.WithCancel(t.Context())
	var w cancelWriter
	w.after, w.cancel = 3, cancel
	err := db.As(ctx, u.Caller, func(tx *postgres.Tx) error {
		return export.PartyCSV(ctx, tx, &w, party, ledger.Range{}, options)
	})
	if err == nil || strings.Contains(w.String(), "Closing balance") {
		t.Errorf("canceled: %v, and the file has its end: %v", err, strings.Contains(w.String(), "Closing balance"))
	}
	if err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.PartyByID(t.Context(), tx, party)
		return err
	}); err != nil {
		t.Errorf("the next caller: %v", err)
	}
}

// A cancelWriter cancels the request after so many writes.
type cancelWriter struct {
	bytes.Buffer
	after  int
	cancel func()
}

func (w *cancelWriter) Write(p []byte) (int, error) {
	if w.after--; w.after == 0 {
		w.cancel()
	}
	return w.Buffer.Write(p)
}

// addEntries gives every party of the user n entries, as the superuser.
func addEntries(t testing.TB, db *pgtest.DB, u *pgtest.User, n int) {
	t.Helper()
	if _, err := db.Super.Exec(t.Context(), `
		insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
		    request_hash, created_by)
		select p.account_id, p.business_id, gen_random_uuid(), p.id, 'given', 1 + i % 1000, date '2026-01-01' + i % 300,
		    'rice and dal ' || i, sha256('x'), p.created_by
		from parties p, generate_series(1, $2::int) i where p.account_id = $1`, u.AccountID, n); err != nil {
		t.Fatal(err)
	}
}

func FuzzNoCellIsAFormula(f *testing.F) {
	for _, s := range []string{
		"=1+1", "+1", "-1", "@x", "\t=1", "\r=1", "a,b", "a\"b", "a\nb", "राम", "'=1", "＝1+1",
		"＠x", ";=1+1",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		row, err := export.TextRow(s, "end")
		if err != nil {
			t.Fatal(err)
		}
		got, err := csv.NewReader(strings.NewReader(row)).ReadAll()
		if err != nil || len(got) != 1 || len(got[0]) != 2 || got[0][1] != "end" {
			t.Fatalf("TextRow(%q) = %q, read as %q, %v", s, row, got, err)
		}
		cell := got[0][0]
		if cell != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(cell)[0]) {
			t.Fatalf("TextRow(%q) has the cell %q", s, cell)
		}
		// where ; or a tab parts columns, what follows would be a cell
		if strings.ContainsAny(s, ";\t") && row[0] != '"' {
			t.Fatalf("TextRow(%q) = %q is not quoted", s, row)
		}
		// encoding/csv reads \r\n inside a cell as \n; all else is as it was.
		if want := strings.ReplaceAll(s, "\r\n", "\n"); cell != want && cell != "'"+want {
			t.Fatalf("TextRow(%q) has the cell %q", s, cell)
		}
	})
}

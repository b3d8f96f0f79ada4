package export_test

import (
	"bytes"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func plainINR(minor int64) string { return money.Plain(minor, "INR") }

// pdfText is the text of a PDF in the order in which it was written.
func pdfText(t testing.TB, file []byte) string {
	t.Helper()
	cmd := exec.Command("pdftotext", "-raw", "-", "-")
	cmd.Stdin = bytes.NewReader(file)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pdftotext: %v (the tests of PDFs need poppler-utils)", err)
	}
	return string(out)
}

func TestPartyPDF(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	party := addParty(t, db, u, ledger.PartyFields{
		Kind: ledger.Customer, Name: "Sharma & Sons शर्मा %s",
		Phone: "98200 12345",
	},
		line{"2026-03-30", -123456789, "before"}, line{
			"2026-04-01", 12345678900,
			"द्वितीय क्षत्रिय\nहिन्दी %d (x) \\",
		}, line{"2026-04-02", -10, ""})
	statement := func(r ledger.Range, o export.Options) []byte {
		return write(t, db, u, func(tx *postgres.Tx, w io.Writer) error {
			return export.PartyPDF(t.Context(), tx, w,
				party, r, o)
		})
	}
	file := statement(ledger.Range{From: date("2026-04-01"), To: date("2026-04-30")}, shopOptions())
	want := []string{
		"Page 1 of 1", "Made with Tijori on 22 Nov 2026", "Statement of account", "श्री कृष्ण किराना स्टोर",
		"1 Apr 2026 – 30 Apr 2026", "Sharma & Sons शर्मा %s", "Customer · +919820012345",
		"Opening balance\n-₹12,34,567.89", "Gave\n₹12,34,56,789.00", "Got\n₹0.10", "Closing balance\n₹12,22,22,221.01",
		"1 Apr 2026", "₹12,34,56,789.00", "₹12,22,22,221.11", "द्वितीय क्षत्रिय\nहिन्दी %d (x) \\", "₹0.10",
		"Sharma & Sons शर्मा %s owes श्री कृष्ण किराना स्टोर ₹12,22,22,221.01.",
		"A balance with a minus is what श्री कृष्ण किराना स्टोर owes.",
	}
	text := pdfText(t, file)
	for _, s := range want {
		if !strings.Contains(text, s) {
			t.Errorf("the statement does not say %q:\n%s", s, text)
		}
	}
	if !bytes.Equal(file, statement(ledger.Range{From: date("2026-04-01"), To: date("2026-04-30")}, shopOptions())) {
		t.Error("the same statement has other bytes")
	}
	if text := pdfText(t, statement(ledger.Range{To: date("2026-03-31")}, shopOptions())); !strings.Contains(text,
		"श्री कृष्ण किराना स्टोर owes Sharma & Sons शर्मा %s ₹12,34,567.89.") ||
		!strings.Contains(text, "Up to 31 Mar 2026") {
		t.Errorf("what the shop owes:\n%s", text)
	}
	if text := pdfText(t, statement(ledger.Range{To: date("2026-03-01")}, shopOptions())); !strings.Contains(text,
		"Settled") {
		t.Errorf("nothing owed:\n%s", text)
	}
}

// Five thousand entries, with notes that wrap, take less than 3 s and little memory.
func TestPDFOfFiveThousandRows(t *testing.T) {
	const rows = 5000
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	party := addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "राम Ram"})
	if _, err := db.Super.Exec(t.Context(), `
		insert into entries (account_id, business_id, id, party_id, side, amount_minor, business_date, note,
		    request_hash, created_by)
		select p.account_id, p.business_id, gen_random_uuid(), p.id, case i % 3 when 0 then 'received' else 'given' end,
		    1 + i * 7919, date '2026-01-01' + i % 300,
			case i % 4 when 0 then 'चावल ' || i || ' किलो, दाल और चीनी, बाकी अगले हफ़्ते दीवाली के बाद देंगे ऐसा कहा' else 'rice and dal ' || i end, sha256('x'), p.created_by
		from parties p, generate_series(1, $2::int) i where p.account_id = $1`, u.AccountID, rows); err != nil {
		t.Fatal(err)
	}
	var size int
	peak, took := watched(t, func(io.Writer) {
		size = len(write(t, db, u, func(tx *postgres.Tx, w io.Writer) error {
			return export.PartyPDF(t.Context(), tx, w, party, ledger.Range{}, shopOptions())
		}))
	})
	t.Logf("%d rows: %v, %d MB above idle, %d KB", rows, took, peak>>20, size>>10)
	if peak > 64<<20 {
		t.Errorf("%d MB above idle", peak>>20)
	}
}

func TestBookPDF(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	var lines []line
	for range 60 {
		lines = append(lines, line{"2026-04-01", 100, "tea"})
	}
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Customer, Name: "क्षत्रिय"}, lines...)
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Supplier, Name: "Sita"}, line{"2026-04-01", -700, ""})
	addParty(t, db, u, ledger.PartyFields{Kind: ledger.Supplier, Name: "Nobody yet"})
	text := pdfText(t, write(t, db, u, func(tx *postgres.Tx, w io.Writer) error {
		return export.BookPDF(t.Context(), tx,
			w, shopOptions())
	}))
	for _, s := range []string{
		"You'll get\n₹60.00", "You'll give\n₹7.00", "Page 2 of 2",
		"श्री कृष्ण किराना स्टोर · क्षत्रिय", "Nobody yet", "₹0.00",
	} {
		if !strings.Contains(text, s) {
			t.Errorf("the book does not say %q:\n%s", s, text)
		}
	}
	if n := strings.Count(text, "tea"); n != 60 {
		t.Errorf("%d entries, want 60", n)
	}
}

package ledger_test

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestRemind(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	p := addParty(t, db, u, "Ramesh")
	remind := func(u *pgtest.User, id uuid.UUID, channel string) (ledger.Reminder, error) {
		return as(t, db, u, func(tx *postgres.Tx) (ledger.Reminder, error) {
			return ledger.Remind(t.Context(), tx, id, p.ID, channel, "hi")
		})
	}
	_, err := remind(u, newID(t), ledger.SMS)
	wantKind(t, "of nothing", err, fault.Conflict)
	addEntry(t, db, u, p.ID, given(5000, "2026-04-01"))
	e := addEntry(t, db, u, p.ID, received(1500, "2026-04-02"))
	id := newID(t)
	r, err := remind(u, id, ledger.WhatsApp)
	if err != nil || r.Balance != 3500 || r.ByName == "" {
		t.Fatalf("Remind = %+v, %v", r, err)
	}
	addEntry(t, db, u, p.ID, given(1, "2026-04-03"))
	if again, err := remind(u, id, ledger.WhatsApp); err != nil || again.Balance != 3500 {
		t.Errorf("a double tap: %+v, %v", again, err)
	}
	_, err = remind(u, newID(t), "pigeon")
	wantKind(t, "by pigeon", err, fault.Invalid)
	for _, role := range []string{"accountant", "counter"} {
		_, err = remind(db.Member(t, u, nil, role), newID(t), ledger.SMS)
		wantKind(t, role, err, fault.Forbidden)
	}
	_, err = remind(db.User(t, "stranger"), newID(t), ledger.SMS)
	wantKind(t, "a stranger", err, fault.NotFound)
	// Whom the business owes is not reminded; the sign is right.
	must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(t.Context(), tx, e.ID, 1, received(9000, "2026-04-02"))
	})
	_, err = remind(u, newID(t), ledger.Copy)
	wantKind(t, "whom we owe", err, fault.Conflict)
	var n int
	if err := db.Super.QueryRow(t.Context(), `select count(*) from tijori.reminders`).Scan(&n); err != nil || n != 1 {
		t.Errorf("the log has %d lines (%v), want 1", n, err)
	}
	for _, sql := range []string{"update tijori.reminders set balance = 1", "delete from tijori.reminders"} {
		err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := tx.Exec(t.Context(),
				sql)
			return err
		})
		wantKind(t, sql, err, fault.Forbidden)
	}
}

func TestPayee(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "owner")
	set := func(u *pgtest.User, id uuid.UUID, upi string) error {
		return db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
			_, err := ledger.SetPayee(t.Context(), tx, id, ledger.Payee{UPI: upi, Name: "Shop"})
			return err
		})
	}
	id := newID(t)
	for range 2 {
		if err := set(u, id, " Asha.Shop-1@OkAxis "); err != nil {
			t.Fatal(err)
		}
	}
	wantKind(t, "the same id with another payee", set(u, id, "thief@upi"), fault.Conflict)
	for _, role := range []string{"manager", "accountant", "counter"} {
		wantKind(t, role, set(db.Member(t, u, nil, role), newID(t), "thief@upi"), fault.Forbidden)
	}
	for _, bad := range []string{
		"asha", "asha@", "@upi", "asha@gmail.com", "a@upi", "asha @upi", "आशा@upi",
		"asha@upi&am=1", "asha@9bank", "asha@upi\n",
	} {
		if err := set(u, newID(t), strings.ReplaceAll(bad, "\n", "\nx")); fault.KindOf(err) != fault.Invalid {
			t.Errorf("UPI id %q: %v, want an Invalid fault", bad, err)
		}
	}
	if err := set(u, newID(t), ""); err != nil {
		t.Error(err)
	}
	all := must(t, db, u, func(tx *postgres.Tx) ([]ledger.PayeeChange, error) {
		return ledger.ListPayees(t.Context(),
			tx)
	})
	if len(all) != 2 || all[0].UPI != "" || all[1].UPI != "asha.shop-1@okaxis" || all[1].ByName == "" {
		t.Errorf("the log is %+v", all)
	}
	for _, x := range []money.Amount{
		{Minor: 100, Currency: "USD"},
		{Minor: 0, Currency: "INR"},
		{Minor: -100, Currency: "INR"},
	} {
		if link := (ledger.Payee{UPI: "asha@upi", Name: "Asha"}).Link(x, ""); link != "" {
			t.Errorf("a link to pay %v: %s", x, link)
		}
	}
	want := "upi://pay?pa=asha@upi&pn=Asha%20%26%20Sons&am=12345.50&cu=INR&tn=tea%2B"
	if got := (ledger.Payee{UPI: "asha@upi", Name: "Asha & Sons"}).Link(money.Amount{Minor: 1234550, Currency: "INR"},
		"tea+"); got != want {
		t.Errorf("Link = %s, want %s", got, want)
	}
}

// FuzzUPI: whatever is typed, a payee that is accepted makes a link with exactly the fields that were meant.
func FuzzUPI(f *testing.F) {
	for _, s := range []string{
		"asha@upi", "a.b-c_d@okhdfcbank", "x@y&am=1", "asha@upi?pa=thief@upi", "ASHA@UPI",
		" asha@upi\t", "asha%40upi@upi", "आशा@upi", "",
	} {
		f.Add(s, "Asha & Sons", "tea #5", int64(12345))
	}
	f.Fuzz(func(t *testing.T, upi, name, note string, minor int64) {
		p, err := ledger.Payee{UPI: upi, Name: name}.Clean()
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("Clean(%q, %q): %v", upi, name, err)
			}
			return
		}
		if again, err := p.Clean(); err != nil || again != p {
			t.Errorf("Clean is not stable: %+v, then %+v, %v", p, again, err)
		}
		link := p.Link(money.Amount{Minor: minor, Currency: "INR"}, strings.ToValidUTF8(note, ""))
		if (link == "") != (p.UPI == "" || minor <= 0) {
			t.Fatalf("Link of %+v for %d = %q", p, minor, link)
		}
		if link == "" {
			return
		}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Scheme != "upi" || u.Host != "pay" || u.Fragment != "" || len(q["pa"]) != 1 || q.Get("pa") != p.UPI ||
			len(q["am"]) != 1 || q.Get("am") != money.Plain(minor, "INR") || q.Get("cu") != "INR" ||
			q.Get("pn") != p.Name || len(q) > 5 {
			t.Errorf("%q carries %v", link, q)
		}
	})
}

// FuzzReminderLinks: whatever stands in a phone or a text, the links lead where they should, with the text whole.
func FuzzReminderLinks(f *testing.F) {
	for _, s := range []string{
		"98765 43210", "+91-98765-43210", "०९८७६५४३२१०", "022 2345 6789", "+1 (212) 555-0100",
		"112", "1?text=x", "javascript:alert(1)", "",
	} {
		f.Add(s, "₹3,450 & more\n#1 + 2?")
	}
	f.Fuzz(func(t *testing.T, phone, text string) {
		if !utf8.ValidString(text) {
			return
		}
		fields, err := ledger.PartyFields{Kind: ledger.Customer, Name: "x", Phone: phone}.Clean()
		if err != nil {
			return
		}
		wa, err := url.Parse(ledger.WhatsAppLink(fields.Phone, text))
		if err != nil || wa.Scheme != "https" || wa.Host != "wa.me" || strings.Trim(wa.Path, "/0123456789") != "" ||
			wa.Query().Get("text") != text || len(wa.Query()) != 1 || strings.Contains(wa.RawQuery, "+") {
			t.Errorf("WhatsAppLink(%q, %q) = %v (%v)", fields.Phone, text, wa, err)
		}
		sms := ledger.SMSLink(fields.Phone, text)
		if (sms == "") != (fields.Phone == "") {
			t.Errorf("SMSLink(%q) = %q", fields.Phone, sms)
		}
		number, body, _ := strings.Cut(strings.TrimPrefix(sms, "sms:"), "?body=")
		if got, err := url.PathUnescape(body); sms != "" && (number != fields.Phone || err != nil || got != text) {
			t.Errorf("SMSLink(%q, %q) = %q", fields.Phone, text, sms)
		}
	})
}

package intake_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestFilesSayHowItWasPaid(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.Pro(t, db.User(t, "Asha"))
	p, err := bring(t, db, u, newID(t), "Date,Party,Details,Gave,Got,Paid by\n"+
		"03/04/2026,Ramesh,sugar,100,,माल\n04/04/2026,Ramesh,,,60,PhonePe\n05/04/2026,Ramesh,,,20,\n"+
		"06/04/2026,Ramesh,rent,,10,barter\n07/04/2026,Ramesh,,,5,Chq\n", true)
	if err != nil || len(p.Problems) > 0 || len(p.Entries) != 5 {
		t.Fatalf("%d entries, problems %+v, %v", len(p.Entries), p.Problems, err)
	}
	for i, want := range []struct {
		mode ledger.Mode
		note string
	}{{ledger.Goods, "sugar"}, {ledger.UPI, ""}, {"", ""}, {"", "rent, barter"}, {ledger.Cheque, ""}} {
		if e := p.Entries[i]; e.Mode != want.mode || e.Note != want.note {
			t.Errorf("line %d: %q, note %q; want %q, %q", i+2, e.Mode, e.Note, want.mode, want.note)
		}
	}
	if n := count(t, db, `select count(*)::int from entries where business_id = $1 and mode = 'upi'`,
		u); n != 1 {
		t.Errorf("%d entries by UPI, want 1", n)
	}
}

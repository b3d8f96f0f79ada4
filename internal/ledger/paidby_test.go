package ledger_test

import (
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

func TestReadMode(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]ledger.Mode{
		"": "", "  Cash ": ledger.Cash, "नकद": ledger.Cash, "Google  Pay": ledger.UPI, "UPI": ledger.UPI,
		"NEFT": ledger.Bank, "बैंक": ledger.Bank, "chq": ledger.Cheque, "चेक": ledger.Cheque, "माल": ledger.Goods,
		"Goods": ledger.Goods, "barter": "", "cash or upi": "",
	} {
		if got := ledger.ReadMode(said); got != want {
			t.Errorf("ReadMode(%q) = %q, want %q", said, got, want)
		}
	}
}

func TestGridKeepsHowItWasPaid(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	ids := []uuid.UUID{newID(t), newID(t), newID(t), newID(t)}
	rows := []ledger.BatchRow{
		{ID: ids[0], PartyID: s.party.ID, Date: "3/4/2026", Received: "10", Mode: "GPay"},
		{ID: ids[1], PartyID: s.party.ID, Date: "3/4/2026", Received: "20"},
		{ID: ids[2], PartyID: s.party.ID, Date: "3/4/2026", Received: "30", Mode: "cheque"},
		{ID: ids[3], PartyID: s.party.ID, Date: "3/4/2026", Received: "40", Mode: "barter"},
	}
	batch := newID(t)
	out := must(t, s.db, s.owner, func(tx *postgres.Tx) (ledger.BatchResult, error) {
		return ledger.SaveBatch(t.Context(), tx, batch, rows, ledger.Desk{Currency: "INR"}, true)
	})
	for i, want := range []ledger.Mode{ledger.UPI, "", ledger.Cheque} {
		e := entryByID(t, s.db, s.owner, ids[i])
		if e.Mode != want {
			t.Errorf("row %d is kept as %q, want %q", i, e.Mode, want)
		}
		if want == ledger.Cheque && e.ChequeState != ledger.ChequeReceived {
			t.Errorf("a cheque of the grid is %q", e.ChequeState)
		}
	}
	if p := out.Rows[3].Problems[ledger.ColumnMode]; p == nil {
		t.Errorf("unknown words: %+v", out.Rows[3])
	}
}

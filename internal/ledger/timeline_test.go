package ledger_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestTimelineTellsEverythingOfAParty(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	asha := db.User(t, "Asha")
	ctx := t.Context()
	party := addParty(t, db, asha, "Ramesh")
	entry := addEntry(t, db, asha, party.ID, given(25000, "2026-04-01"))
	must(t, db, asha, func(tx *postgres.Tx) (ledger.Entry, error) {
		return ledger.EditEntry(ctx, tx, entry.ID, 1, given(30000, "2026-04-01"))
	})
	must(t, db, asha, func(tx *postgres.Tx) (ledger.Entry, error) { return ledger.DeleteEntry(ctx, tx, entry.ID, 2) })
	must(t, db, asha, func(tx *postgres.Tx) (ledger.Party, error) {
		return ledger.EditParty(ctx, tx, party.ID, 1, ledger.PartyFields{Kind: ledger.Customer, Name: "Ramesh Kumar"})
	})
	line := must(t, db, asha, func(tx *postgres.Tx) (ledger.Timeline, error) {
		return ledger.PartyTimeline(ctx, tx,
			party.ID, "")
	})
	if len(line.Items) != 5 || line.Next != "" {
		t.Fatalf("timeline has %d items and next %q, want 5 and none", len(line.Items), line.Next)
	}
	newest := line.Items[0].Party
	if newest == nil || newest.Before.Name != "Ramesh" || newest.After.Name != "Ramesh Kumar" ||
		newest.ByName != "Asha" {
		t.Errorf("newest = %+v, want Asha's new name for Ramesh", newest)
	}
	deleted, edited := line.Items[1].Entry, line.Items[2].Entry
	if deleted == nil || deleted.Action != "delete" || edited == nil || edited.Before.AmountMinor != 25000 ||
		edited.After.AmountMinor != 30000 {
		t.Errorf("then %+v and %+v, want the entry deleted, before that edited from 25000 to 30000", deleted, edited)
	}
	for _, h := range line.Items[3:] {
		if h.Entry != nil && (h.Entry.Action != ledger.Created || h.Entry.After.AmountMinor != 25000) {
			t.Errorf("the entry's creation = %+v, want 25000 as first written", h.Entry)
		}
	}
}

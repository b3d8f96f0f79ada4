package ledger_test

import (
	"testing"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestPartyLife(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	id := newID(t)
	f := ledger.PartyFields{
		Kind: ledger.Customer, Name: "  श्री  कृष्ण ", Phone: "098200 12345",
		Note: "near temple\r\nsecond lane",
	}
	add := func(f ledger.PartyFields) (ledger.Party, error) {
		return as(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.AddParty(t.Context(), tx, id,
				f)
		})
	}
	p, err := add(f)
	if err != nil {
		t.Fatal(err)
	}
	want := ledger.PartyFields{
		Kind: ledger.Customer, Name: "श्री कृष्ण", Phone: "+919820012345",
		Note: "near temple\nsecond lane",
	}
	if p.PartyFields != want || p.Version != 1 || p.CreatedBy != u.UserID {
		t.Errorf("AddParty = %+v, want fields %+v", p, want)
	}
	if again, err := add(f); err != nil || again.ID != p.ID || again.Version != 1 {
		t.Errorf("the same again = %+v, %v, want the first", again, err)
	}
	other := f
	other.Name = "Ram"
	_, err = add(other)
	wantKind(t, "same id, other body", err, fault.Conflict)

	edit := func(version int, f ledger.PartyFields) (ledger.Party, error) {
		return as(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.EditParty(t.Context(), tx, id,
				version, f)
		})
	}
	if p, err = edit(1, other); err != nil || p.Name != "Ram" || p.Version != 2 {
		t.Fatalf("EditParty = %+v, %v", p, err)
	}
	if p, err = edit(1, other); err != nil || p.Version != 2 {
		t.Errorf("the same edit again = %+v, %v, want version 2", p, err)
	}
	_, err = edit(1, f)
	wantKind(t, "edit of an old version", err, fault.Conflict)
	if p, err = add(f); err != nil || p.Name != "Ram" {
		t.Errorf("a late retry of the first add = %+v, %v, want the party as it is now", p, err)
	}

	del := func(version int) (ledger.Party, error) {
		return as(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.DeleteParty(t.Context(), tx, id,
				version)
		})
	}
	restore := func(version int) (ledger.Party, error) {
		return as(t, db, u, func(tx *postgres.Tx) (ledger.Party, error) {
			return ledger.RestoreParty(t.Context(), tx,
				id, version)
		})
	}
	for range 2 {
		if p, err = del(2); err != nil || p.DeletedAt == nil || p.Version != 3 {
			t.Fatalf("DeleteParty = %+v, %v", p, err)
		}
	}
	_, err = edit(3, f)
	wantKind(t, "edit in the bin", err, fault.Conflict)
	for range 2 {
		if p, err = restore(3); err != nil || p.DeletedAt != nil || p.Version != 4 {
			t.Fatalf("RestoreParty = %+v, %v", p, err)
		}
	}
	_, err = del(2)
	wantKind(t, "a late retry of the delete, after the undo", err, fault.Conflict)

	h := must(t, db, u, func(tx *postgres.Tx) ([]ledger.Change[ledger.PartyFields], error) {
		return partyHistory(t.Context(), tx, id)
	})
	var actions []string
	for _, c := range h {
		actions = append(actions, c.Action)
		if c.ByName != "Asha" || c.By != u.UserID || c.At.IsZero() {
			t.Errorf("%s by %q (%s) at %v, want Asha", c.Action, c.ByName, c.By, c.At)
		}
	}
	if got := len(h); got != 4 || h[3].After != want || h[2].Before != want || h[2].After.Name != "Ram" ||
		actions[0] != ledger.Restored || actions[1] != ledger.Deleted || actions[2] != ledger.Edited ||
		actions[3] != ledger.Created {
		t.Errorf("history = %+v", h)
	}
}

func TestPartyFieldsAreRefusedKindly(t *testing.T) {
	t.Parallel()
	long := make([]rune, 501)
	for i := range long {
		long[i] = 'क'
	}
	for _, c := range []struct {
		field string
		f     ledger.PartyFields
	}{
		{"kind", ledger.PartyFields{Kind: "friend", Name: "A"}},
		{"name", ledger.PartyFields{Kind: ledger.Customer, Name: " \u200d "}},
		{"name", ledger.PartyFields{Kind: ledger.Customer, Name: string(long[:121])}},
		{"name", ledger.PartyFields{Kind: ledger.Customer, Name: "A\x00B"}},
		{"name", ledger.PartyFields{Kind: ledger.Customer, Name: "A\nB"}},
		{"name", ledger.PartyFields{Kind: ledger.Customer, Name: "A\xffB"}},
		{"name", ledger.PartyFields{Kind: ledger.Customer, Name: "A\u202eB"}},
		{"phone", ledger.PartyFields{Kind: ledger.Customer, Name: "A", Phone: "call me"}},
		{"phone", ledger.PartyFields{Kind: ledger.Customer, Name: "A", Phone: "12"}},
		{"phone", ledger.PartyFields{Kind: ledger.Customer, Name: "A", Phone: "+1234567890123456"}},
		{"note", ledger.PartyFields{Kind: ledger.Customer, Name: "A", Note: string(long)}},
		{"note", ledger.PartyFields{Kind: ledger.Customer, Name: "A", Note: "a\x07"}},
	} {
		_, err := c.f.Clean()
		if f := fault.Of(err); f == nil || f.Kind != fault.Invalid || f.Field != c.field {
			t.Errorf("Clean(%q) = %v, want an invalid %s", c.f, err, c.field)
		}
	}
}

func TestPhoneNumbersAsPeopleWriteThem(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": "", "98200 12345": "+919820012345", "098200-12345": "+919820012345", "+91 98200 12345": "+919820012345",
		"919820012345": "+919820012345",
		"९८२०० १२३४५":  "+919820012345", "(022) 2345 6789": "+912223456789", "+1 (212) 555-0100": "+12125550100",
		"100": "100", "00447700900123": "+447700900123",
	} {
		f, err := ledger.PartyFields{Kind: ledger.Customer, Name: "A", Phone: in}.Clean()
		if err != nil || f.Phone != want {
			t.Errorf("phone %q = %q, %v, want %q", in, f.Phone, err, want)
		}
	}
}

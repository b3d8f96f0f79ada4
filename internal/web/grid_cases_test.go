package web

import (
	"fmt"
	"maps"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

func init() {
	maps.Copy(trials, gridTrials)
	maps.Copy(trials, importTrials)
	maps.Copy(trials, taskTrials)
}

var gridTrials = map[string]trial{
	"GET /b/{business}/grid": {
		ask: func(i ids) ask { return ask{path: i.shop() + "/grid"} }, status: 200,
		shows: `role="grid"`,
	},
	"POST /b/{business}/grid": {status: 303, shows: "/grid", ask: func(i ids) ask {
		return form(i.shop()+"/grid", "id", newIDText(), "add_new", "yes", "then", "all",
			"row-0", newIDText(), "date-0", "1/4/2026", "party-0", "Mohan", "given-0", "250+90", "received-0", "",
			"note-0", "rice",
			"row-1", newIDText(), "date-1", "1/4/2026")
	}},
	"POST /b/{business}/batches/{batch}/undo": {ask: func(i ids) ask {
		return form(i.shop() + "/batches/" +
			i.get("batch") + "/undo")
	}, status: 303, shows: "/grid?undone="},
	"POST /api/businesses/{business}/entries/batch": {status: 201, shows: `"saved":1`, ask: func(i ids) ask {
		return ask{
			path: "/api/businesses/" + i.get("business") + "/entries/batch",
			json: gridJSON(gridRow("", "Mohan", "₹1,200", "")),
		}
	}},
	"POST /api/businesses/{business}/grid/draft": {status: 200, shows: `"draft_version":1`, ask: func(i ids) ask {
		return ask{
			path: "/api/businesses/" + i.get("business") + "/grid/draft",
			json: gridJSON(gridRow("", "Mohan", "", "5")),
		}
	}},
}

func gridRow(party, name, given, received string) map[string]any {
	row := map[string]any{
		"id": newIDText(), "date": "1/4/2026", "party": name, "new_party": party == "",
		"given": given, "received": received, "note": "tea",
	}
	if party != "" {
		row["party_id"] = party
	}
	return row
}

func gridJSON(rows ...map[string]any) map[string]any {
	return map[string]any{"id": newIDText(), "writer": newIDText(), "version": 0, "some": false, "rows": rows}
}

// seedBatch saves one entry of a side as a batch of the grid.
func (w *world) seedBatch(s *side) {
	w.Helper()
	batch := fresh()
	s.ids["batch"] = batch.String()
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		_, err := ledger.SaveBatch(w.Context(), tx, batch,
			[]ledger.BatchRow{{
				ID: fresh(), PartyID: uuid.MustParse(s.ids["party"]), Date: "30/3/2026", Given: "1",
				Note: s.word + "note",
			}},
			ledger.Desk{Currency: "INR"}, false)
		return err
	}))
}

// A free account is refused by the API and by the form, whatever the page shows, and nothing is written.
func TestGridIsForPro(t *testing.T) {
	t.Parallel()
	w := owned(t)
	w.free(w.a)
	before := w.rowsOf(w.a)
	for pattern, x := range gridTrials {
		method, _, _ := strings.Cut(pattern, " ")
		if strings.Contains(pattern, "undo") {
			continue // what was paid for can be taken back
		}
		got := w.send(method, x.ask(newIDs(w.a.ids)), w.a.Token)
		if got.status != 403 || strings.Contains(pattern, "/api/") && !strings.Contains(got.body,
			`"error":"upgrade_required"`) {
			t.Errorf("%s on Free: %d %.200s, want 403 upgrade_required", pattern, got.status, got.body)
		}
	}
	w.unchanged(before, "the grid of a free account")
}

// An id of another account's party in a row answers as one that nobody has, and writes nothing.
func TestGridRowsTellNothingOfOthers(t *testing.T) {
	t.Parallel()
	w := owned(t)
	before, writer := w.rowsOf(w.a), newIDText()
	for _, path := range []string{"/entries/batch", "/grid/draft"} {
		say := func(party string) string {
			body := gridJSON(gridRow(party, wordOfA+"party living", "10", ""))
			body["writer"] = writer
			got := w.send("POST", ask{path: "/api/businesses/" + w.b.ids["business"] + path, json: body}, w.b.Token)
			if got.status >= 500 || got.status == 201 {
				t.Errorf("%s with a foreign party: %d", path, got.status)
			}
			if !strings.Contains(got.body, `"problems"`) {
				t.Fatalf("%s: %d %s", path, got.status, got.body)
			}
			problem := got.body[strings.Index(got.body, `"problems"`):]
			return fmt.Sprint(got.status, problem)
		}
		if there, not := say(w.a.ids["party"]), say(newIDText()); there != not {
			t.Errorf("%s: a party of A answers\n%s\nand one of nobody\n%s", path, there, not)
		}
	}
	w.unchanged(before, "a row with a foreign party")
}

// What is typed comes back after a reload, with what is wrong with it; the good rows can be saved alone; and the batch
// undone.
func TestGridWithoutScript(t *testing.T) {
	t.Parallel()
	w := owned(t)
	at := "/b/" + w.a.ids["business"]
	entries := func() int {
		return one[int](w, `select count(*) from entries where business_id = $1 and deleted_at is null`, w.a.BusinessID)
	}
	had := entries()
	f := url.Values{"id": {newIDText()}, "then": {"all"}}
	for n, line := range [][]string{
		{"1/4/2026", wordOfA + "party living", "100", ""},
		{"2/4/2026", "Nobody", "", "50"},
		{"", "", "", ""},
	} {
		for i, column := range []string{"date", "party", "given", "received"} {
			f.Set(fmt.Sprintf("%s-%d", column, n), line[i])
		}
		f.Set(fmt.Sprintf("row-%d", n), newIDText())
	}
	got := w.send("POST", ask{path: at + "/grid", form: f}, w.a.Token)
	if got.status != 422 || !strings.Contains(got.body, "There is no such party yet.") || !strings.Contains(got.body,
		`value="Nobody"`) || entries() != had {
		t.Fatalf("all or nothing: %d, %d entries more", got.status, entries()-had)
	}
	f.Set("then", "good")
	got = w.send("POST", ask{path: at + "/grid", form: f}, w.a.Token)
	if got.status != 303 || entries() != had+1 {
		t.Fatalf("the good row: %d, %d entries more", got.status, entries()-had)
	}
	got = w.send("GET", ask{path: at + "/grid"}, w.a.Token)
	if !strings.Contains(got.body, `value="Nobody"`) || !strings.Contains(got.body, "There is no such party yet.") ||
		!strings.Contains(got.body, "/batches/"+f.Get("id")+"/undo") {
		t.Error("what is left does not come back")
	}
	got = w.send("POST", form(at+"/batches/"+f.Get("id")+"/undo"), w.a.Token)
	if got.status != 303 || entries() != had {
		t.Fatalf("undo: %d, %d entries more", got.status, entries()-had)
	}
	if got = w.send("GET", ask{path: got.location()}, w.a.Token); got.status != 200 || !strings.Contains(got.body,
		"Undone.") {
		t.Errorf("after the undo: %d", got.status)
	}
}

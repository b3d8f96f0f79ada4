package web

import (
	"maps"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

func init() { maps.Copy(trials, mergeTrials) }

var mergeTrials = map[string]trial{
	"GET /b/{business}/p/{party}/merge": {
		ask:    func(i ids) ask { return ask{path: i.party() + "/merge", query: values("into", i.get("twin"))} },
		status: 200, shows: wordOfA + "party twin",
	},
	"POST /b/{business}/p/{party}/merge": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.party()+"/merge", "id", newIDText(), "into", i.get("twin"), "version", "2")
	}},
	"POST /b/{business}/merges/{merge}/undo": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.shop() + "/merges/" + i.get("merge") + "/undo")
	}},
	"GET /b/{business}/p/{party}/entries/{entry}/move": {
		own: true,
		ask: func(i ids) ask { return ask{path: i.entry() + "/move"} }, status: 200, shows: wordOfA + "party twin",
	},
	"POST /b/{business}/p/{party}/entries/{entry}/move": {status: 303, shows: "/p/", own: true, ask: func(i ids) ask {
		return form(i.entry()+"/move", "version", "1", "party", i.get("twin"))
	}},
}

// seedMerge gives a side a party that another one was merged into.
func (w *world) seedMerge(s *side) {
	w.Helper()
	twin, gone, merge := fresh(), fresh(), fresh()
	s.ids["twin"], s.ids["merge"] = twin.String(), merge.String()
	w.ok(w.db.As(w.Context(), s.Caller, func(tx *postgres.Tx) error {
		for id, name := range map[uuid.UUID]string{twin: "party twin", gone: "party merged"} {
			if _, err := ledger.AddParty(w.Context(), tx, id, ledger.PartyFields{
				Kind: ledger.Customer, Name: s.word + name, Note: s.word + "note",
			}); err != nil {
				return err
			}
		}
		_, err := ledger.MergeParties(w.Context(), tx, merge, gone, twin, 1)
		return err
	}))
}

package web

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
)

func init() { maps.Copy(trials, mergeTrials) }

var mergeTrials = map[string]trial{
	"POST /b/{business}/till": {status: 303, shows: "show=cash", ask: func(i ids) ask {
		return form(i.shop()+"/till", "id", newIDText(), "amount", "1,200+50", "date", "2026-03-31", "at", "close")
	}},
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
	"POST /b/{business}/p/{party}/entries/{entry}/cheque": {status: 303, shows: "/p/", ask: func(i ids) ask {
		return form(i.shop()+"/p/"+i.get("twin")+"/entries/"+i.get("cheque")+"/cheque", "state", "deposited", "version", "1")
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
		if _, err := ledger.MergeParties(w.Context(), tx, merge, gone, twin, 1); err != nil {
			return err
		}
		cheque := fresh()
		s.ids["cheque"] = cheque.String()
		_, err := ledger.AddEntry(w.Context(), tx, cheque, twin, ledger.EntryFields{
			Side: ledger.Received, AmountMinor: 1, Date: time.Now().AddDate(0, 0, 30), // in no sum
			Note: s.word + "note", Mode: ledger.Cheque,
		})
		return err
	}))
}

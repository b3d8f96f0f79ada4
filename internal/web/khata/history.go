package khata

import (
	"net/http"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/bin"
	"github.com/tijorihq/tijori/internal/web/page/history"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// memberNames are the names of those who share the business, by user.
type memberNames struct{ names map[uuid.UUID]string }

func (m *memberNames) queue(b *pgx.Batch) {
	m.names = map[uuid.UUID]string{}
	b.Queue(`select c.user_id, c.name from tijori_access.colleagues() c`).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id uuid.UUID
			var name string
			if err := rows.Scan(&id, &name); err != nil {
				return err
			}
			m.names[id] = name
		}
		return rows.Err()
	})
}

// of returns a name, "" for who has left the business since.
func (m *memberNames) of(user uuid.UUID) string { return m.names[user] }

func (h *Handlers) BinPage(w http.ResponseWriter, r *frame.Request) error {
	var page ledger.BinPage
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		page, err = ledger.Bin(r.Context(), tx, ledger.Cursor(r.URL.Query().Get("after")))
		return err
	})
	if err != nil {
		return err
	}
	view := bin.View{Shell: r.Shell(), After: string(page.Next)}
	for _, i := range page.Items {
		if i.Subject == "party" {
			view.Parties = append(view.Parties, bin.Party{
				ID: i.ID.String(), Name: i.PartyName, Deleted: i.DeletedAt,
				By: i.DeletedBy,
			})
			continue
		}
		view.Entries = append(view.Entries, bin.Entry{
			ID: i.ID.String(), PartyID: i.PartyID.String(), PartyName: i.PartyName, Side: string(i.Entry.Side),
			Amount: r.Amount(i.Entry.AmountMinor), Date: i.Entry.Date, Note: i.Entry.Note, Deleted: i.DeletedAt,
			By: i.DeletedBy,
		})
	}
	return r.Page(bin.Page(view))
}

// said are the words of the history page for what the ledger's changes did.
var said = map[string]string{
	ledger.Created: "added", ledger.Edited: "edited", ledger.Deleted: "deleted",
	ledger.Restored: "restored", ledger.Moved: "moved",
}

func (h *Handlers) HistoryPage(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	var p ledger.Party
	var line ledger.Timeline
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		if p, err = ledger.PartyByID(r.Context(), tx, id); err != nil {
			return err
		}
		line, err = ledger.PartyTimeline(r.Context(), tx, id, ledger.Cursor(r.URL.Query().Get("after")))
		return err
	})
	if err != nil {
		return err
	}
	view := history.View{Shell: r.Shell(), PartyID: id.String(), PartyName: p.Name, After: string(line.Next)}
	for _, item := range line.Items {
		if m := item.Merge; m != nil {
			view.Changes = append(view.Changes, mergeChange(r, item.SubjectID, m))
			continue
		}
		if c := item.Party; c != nil {
			view.Changes = append(view.Changes, history.Change{
				When: c.At, Who: c.ByName, Subject: "party",
				What: said[c.Action], Diff: differences(partyDiff(r, c.Before), partyDiff(r, c.After)),
			})
			continue
		}
		c := item.Entry
		view.Changes = append(view.Changes, history.Change{
			When: c.At, Who: c.ByName, Subject: "entry", EntryID: item.SubjectID.String(), What: said[c.Action],
			Side: string(c.After.Side),
			Diff: append(movedDiff(r, item), differences(entryDiff(r, c.Before), entryDiff(r, c.After))...),
		})
	}
	return r.Page(history.Page(view))
}

func mergeChange(r *frame.Request, id uuid.UUID, m *ledger.Merged) history.Change {
	c := history.Change{
		When: m.At, Who: m.ByName, Subject: "merge", What: "merged",
		Merge: history.Merge{Other: m.Other, Into: m.Into, Entries: m.Entries},
	}
	if m.Undone {
		c.What = "unmerged"
	}
	if m.CanUndo && r.Rights.RunsKhata {
		c.Merge.Undo = ui.MergePath(r.Caller.Business.String(), id.String()) + "/undo"
	}
	return c
}

// movedDiff is which entry was moved, from which party to which.
func movedDiff(r *frame.Request, item ledger.Happening) []history.Diff {
	if item.Entry.Action != ledger.Moved {
		return nil
	}
	amount := r.Amount(item.Entry.After.AmountMinor).Short()
	return []history.Diff{{Field: "party", Before: item.From, After: item.To, Of: amount}}
}

// word is a field of a change, ready to show.
type word struct{ field, text string }

func partyDiff(r *frame.Request, f ledger.PartyFields) []word {
	return []word{{"name", f.Name}, {"kind", kindWord(r, f.Kind)}, {"phone", f.Phone}, {"note", f.Note}}
}

func entryDiff(r *frame.Request, f ledger.EntryFields) []word {
	amount, date := "", ""
	if f.AmountMinor > 0 {
		amount, date = r.Amount(f.AmountMinor).Short(), r.Shell().Date(f.Date)
	}
	chequeDate := ""
	if !f.ChequeDate.IsZero() {
		chequeDate = r.Shell().Date(f.ChequeDate)
	}
	return []word{
		{"amount", amount},
		{"date", date},
		{"side", sideWord(r, f.Side)},
		{"mode", r.Shell().Mode(string(f.Mode))},
		{"cheque", r.Shell().Cheque(string(f.Side), string(f.ChequeState))},
		{"cheque_date", chequeDate},
		{"note", f.Note},
	}
}

func kindWord(r *frame.Request, k ledger.Kind) string {
	switch k {
	case ledger.Customer:
		return r.T("Customer")
	case ledger.Supplier:
		return r.T("Supplier")
	}
	return ""
}

func sideWord(r *frame.Request, s ledger.Side) string {
	switch s {
	case ledger.Given:
		return r.T("Gave")
	case ledger.Received:
		return r.T("Got")
	}
	return ""
}

func differences(before, after []word) []history.Diff {
	var out []history.Diff
	for i, b := range before {
		if a := after[i]; a.text != b.text {
			out = append(out, history.Diff{Field: a.field, Before: b.text, After: a.text})
		}
	}
	return out
}

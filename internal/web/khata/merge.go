package khata

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/merge"
	"github.com/tijorihq/tijori/internal/web/page/pick"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// otherParty reads which party a form or its address chooses.
func otherParty(r *frame.Request, field string) (uuid.UUID, error) {
	id, err := uuid.Parse(ui.Or(r.PostFormValue(field), r.URL.Query().Get(field)))
	if err != nil {
		return uuid.Nil, fault.New(fault.Invalid, "Choose another party.").Coded("same_party")
	}
	return id, nil
}

// readPicks fills a page of parties to choose from, all but one.
func readPicks(r *frame.Request, query string, but uuid.UUID, view *pick.View) error {
	filter := ledger.PartyFilter{Query: query, Sort: ledger.SortName, After: ledger.Cursor(r.URL.Query().Get("after"))}
	if len(query) > 500 {
		filter.Query = ""
	}
	list, names, err := readParties(r, filter)
	if err != nil {
		return err
	}
	view.Shell, view.Query, view.After, view.Parties = r.Shell(), filter.Query, string(list.Next), nil
	if !r.Rights.SeesTotals {
		view.After = string(names.Next)
	}
	for _, p := range list.Rows {
		balance := r.Amount(p.Balance)
		view.Parties = append(view.Parties, pick.Party{
			ID: p.ID.String(), Name: p.Name, Kind: string(p.Kind), Phone: p.Phone, Balance: &balance,
		})
	}
	for _, p := range names.Rows {
		view.Parties = append(view.Parties, pick.Party{ID: p.ID.String(), Name: p.Name, Kind: string(p.Kind)})
	}
	for i, p := range view.Parties {
		if p.ID == but.String() {
			view.Parties = append(view.Parties[:i], view.Parties[i+1:]...)
			break
		}
	}
	return nil
}

// MoveEntryForm shows the parties that an entry can move to.
func (h *Handlers) MoveEntryForm(w http.ResponseWriter, r *frame.Request) error {
	var e ledger.Entry
	var name ledger.PartyName
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		if e, err = entryOfPath(r, tx); err != nil {
			return err
		}
		name, err = ledger.PartyNameByID(r.Context(), tx, e.PartyID)
		return err
	})
	if err != nil {
		return err
	}
	business, party := r.Caller.Business.String(), e.PartyID.String()
	path := ui.EntryPath(business, party, e.ID.String())
	view := pick.View{
		Title: r.T("Move to another party"), Hint: r.T("Choose the party that this entry belongs to."),
		Back: path + "/edit", Path: path + "/move", Version: e.Version,
	}
	if err := readPicks(r, r.URL.Query().Get("q"), e.PartyID, &view); err != nil {
		return err
	}
	view.Sub = strings.Join([]string{
		name.Name, sideWord(r, e.Side), r.Amount(e.AmountMinor).Short(), view.Shell.Date(e.Date),
	}, " · ")
	return r.Page(pick.Page(view))
}

// MoveEntry moves an entry, and offers to move it back.
func (h *Handlers) MoveEntry(w http.ResponseWriter, r *frame.Request) error {
	to, err := otherParty(r, "party")
	if err != nil {
		return err
	}
	var e ledger.Entry
	from := r.PathID("party")
	err = r.As(func(tx *postgres.Tx) (err error) {
		// A form that is sent twice finds the entry where it has moved to.
		if e, err = ledger.EntryByID(r.Context(), tx, r.PathID("entry")); err != nil {
			return err
		}
		if e.PartyID != from && e.PartyID != to {
			return fault.New(fault.NotFound, "There is no such entry.")
		}
		e, err = ledger.MoveEntry(r.Context(), tx, e.ID, r.FormVersion(), to)
		return err
	})
	if err != nil {
		return err
	}
	business := r.Caller.Business.String()
	back := url.Values{"party": {from.String()}, "version": {strconv.Itoa(e.Version)}}
	h.SetFlash(w, "entry_moved", ui.EntryPath(business, to.String(), e.ID.String())+"/move?"+back.Encode())
	return h.Redirect(w, r, ui.PartyPath(business, to.String()))
}

// MergePage shows the parties to merge with, those whose name begins the same first; or, with into, what a merge does.
func (h *Handlers) MergePage(w http.ResponseWriter, r *frame.Request) error {
	if r.URL.Query().Get("into") != "" {
		into, err := otherParty(r, "into")
		if err != nil {
			return err
		}
		view, err := h.mergeView(r, frame.NewID(), into)
		if err != nil {
			return err
		}
		return r.Page(merge.Page(view))
	}
	id := r.PathID("party")
	var p ledger.Party
	err := r.AsPage(func(tx *postgres.Tx) (err error) { p, err = ledger.PartyByID(r.Context(), tx, id); return err })
	if err != nil {
		return err
	}
	path := ui.PartyPath(r.Caller.Business.String(), id.String())
	view := pick.View{
		Title: r.T("Merge parties"), Sub: p.Name, Hint: r.T("Choose the party that is the same person or shop."),
		Back: path + "/edit", Path: path + "/merge",
	}
	query, asked := r.URL.Query().Get("q"), r.URL.Query().Has("q") || r.URL.Query().Has("after")
	if first := strings.Fields(p.Name); !asked && len(first) > 0 {
		query = first[0]
	}
	if err := readPicks(r, query, id, &view); err != nil {
		return err
	}
	if !asked && len(view.Parties) == 0 {
		if err := readPicks(r, "", id, &view); err != nil {
			return err
		}
	}
	return r.Page(pick.Page(view))
}

// mergeView is the question whether the party of the path goes into another one.
func (h *Handlers) mergeView(r *frame.Request, id string, into uuid.UUID) (merge.View, error) {
	var goes, stays ledger.PartyPage
	from := r.PathID("party")
	if from == into {
		return merge.View{}, fault.New(fault.Invalid, "Choose another party.").Coded("same_party")
	}
	err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePartyPage(scope, b, from, "", &goes)
		ledger.QueuePartyPage(scope, b, into, "", &stays)
	})
	if err != nil {
		return merge.View{}, err
	}
	of := func(p ledger.PartyPage) merge.Party {
		return merge.Party{
			ID: p.ID.String(), Name: p.Name, Phone: p.Phone, Balance: r.Amount(p.Balance), Entries: p.Entries,
		}
	}
	return merge.View{
		Shell: r.Shell(), Form: ui.Form{ID: id}, Goes: of(goes), Stays: of(stays), Version: goes.Version,
		Sum: r.Amount(goes.Balance + stays.Balance),
	}, nil
}

func (h *Handlers) MergeParties(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	into, err := otherParty(r, "into")
	if err != nil {
		return err
	}
	err = r.As(func(tx *postgres.Tx) error {
		_, err := ledger.MergeParties(r.Context(), tx, id, r.PathID("party"), into, r.FormVersion())
		return err
	})
	if err != nil {
		return err
	}
	business := r.Caller.Business.String()
	h.SetFlash(w, "merged", ui.MergePath(business, id.String())+"/undo")
	return h.Redirect(w, r, ui.PartyPath(business, into.String()))
}

func (h *Handlers) UndoMerge(w http.ResponseWriter, r *frame.Request) error {
	var m ledger.Merge
	err := r.As(func(tx *postgres.Tx) (err error) {
		m, err = ledger.UndoMerge(r.Context(), tx, r.PathID("merge"))
		return err
	})
	if err != nil {
		return err
	}
	h.SetFlash(w, "unmerged", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), m.From.String()))
}

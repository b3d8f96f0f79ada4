package khata

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/parties"
	"github.com/tijorihq/tijori/internal/web/page/partyform"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func timeOf(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

// filterOf reads the query of the party list. What no page of ours asks for is the plain list.
func filterOf(q map[string][]string) (parties.Filter, ledger.PartyFilter) {
	get := func(name string) string {
		if v := q[name]; len(v) > 0 && len(v[0]) <= 500 {
			return v[0]
		}
		return ""
	}
	shown := parties.Filter{
		Query: get("q"), Show: get("show"), Kind: get("kind"), Sort: get("sort"),
		After: get("after"),
	}
	return shown, ledger.PartyFilter{
		Query: shown.Query, Kind: ledger.Kind(shown.Kind), Show: shown.Show,
		Sort: shown.Sort, After: ledger.Cursor(shown.After),
	}
}

// readParties reads the list of parties: with balances for whoever sees totals, else the names alone.
func readParties(
	r *frame.Request, filter ledger.PartyFilter,
) (list ledger.PartyList, names ledger.PartyNames, err error) {
	if err := filter.Check(); err != nil {
		return list, names, err
	}
	err = r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		list, names = ledger.PartyList{}, ledger.PartyNames{}
		if scope.Rights.SeesTotals {
			ledger.QueueParties(scope, b, filter, &list)
		} else {
			ledger.QueuePartyNames(b, filter.Query, filter.After, &names)
		}
	})
	return list, names, err
}

func (h *Handlers) PartiesPage(w http.ResponseWriter, r *frame.Request) error {
	shown, filter := filterOf(r.URL.Query())
	list, names, err := readParties(r, filter)
	if err != nil {
		return err
	}
	view := parties.View{
		Shell: r.Shell(), Filter: shown, Get: r.Amount(list.Get), Give: r.Amount(list.Give), Count: list.Parties,
		After: string(list.Next), Limit: r.Plan().PartiesMax, Roomier: r.Roomier(), ExportLocked: !r.MayExport(),
	}
	for _, p := range list.Rows {
		row := parties.Row{
			ID: p.ID.String(), Name: p.Name, Phone: p.Phone, Kind: string(p.Kind),
			Last: timeOf(p.LastDate), Due: timeOf(p.OldestDue), Balance: r.Amount(p.Balance),
		}
		if p.Balance > 0 && view.Rights().RunsKhata {
			row.RemindID, row.Token = frame.NewID(), ledger.NewShareToken()
		}
		view.Rows = append(view.Rows, row)
	}
	for _, p := range names.Rows {
		view.Rows = append(view.Rows, parties.Row{ID: p.ID.String(), Name: p.Name, Kind: string(p.Kind)})
	}
	if !r.Rights.SeesTotals {
		view.Count, view.After = len(names.Rows), string(names.Next)
	}
	letRemind(w)
	return r.Page(parties.Page(view))
}

func partyFields(r *frame.Request) ledger.PartyFields {
	return ledger.PartyFields{
		Kind: ledger.Kind(r.PostFormValue("kind")), Name: r.PostFormValue("name"),
		Phone: r.PostFormValue("phone"), Note: r.PostFormValue("note"),
	}
}

// partyFormView is the form with what was typed.
func (h *Handlers) partyFormView(r *frame.Request, party, id string, version int, f ledger.PartyFields) partyform.View {
	return partyform.View{
		Shell: r.Shell(), Form: ui.Form{ID: id}, PartyID: party, Version: version, Kind: string(f.Kind), Name: f.Name,
		Phone: f.Phone, Note: f.Note,
		Opening: r.PostFormValue("opening"), OpeningSide: r.PostFormValue("opening_side"),
		OpeningDate: r.PostFormValue("opening_date"),
	}
}

// NewPartyForm does not let anybody fill in a form that can only be refused.
func (h *Handlers) NewPartyForm(w http.ResponseWriter, r *frame.Request) error {
	err := r.AsPage(func(tx *postgres.Tx) error {
		room := r.Plan().PartiesMax
		if room == 0 {
			return nil
		}
		used, err := ledger.CountParties(r.Context(), tx)
		if err == nil && used >= room {
			err = fault.Upgrade(fault.PartiesMax, "Your plan has room for %d parties.", room)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.Page(partyform.Page(h.partyFormView(r, "", frame.NewID(), 0, ledger.PartyFields{Kind: ledger.Customer})))
}

func (h *Handlers) NewParty(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	fields := partyFields(r)
	err = openingField(r.AsPage(func(tx *postgres.Tx) error {
		if err := sameUser(r); err != nil {
			return err
		}
		opening, err := openingOf(r)
		if err != nil {
			return err
		}
		_, err = addParty(r, tx, id, fields, opening)
		return err
	}))
	if err != nil {
		return h.partyFormAgain(w, r, err, "", id.String(), 0, fields)
	}
	h.SetFlash(w, "party_added", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), id.String()))
}

// partyFormAgain shows the form with what is to be mended; other errors pass.
func (h *Handlers) partyFormAgain(
	w http.ResponseWriter, r *frame.Request, cause error, party, id string, version int, fields ledger.PartyFields,
) error {
	if !frame.Mendable(cause) {
		return cause
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	view := h.partyFormView(r, party, id, version, fields)
	return frame.Again(r, cause, &view, &view.Form, partyform.Page)
}

func (h *Handlers) EditPartyForm(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	var p ledger.Party
	if err := r.AsPage(func(tx *postgres.Tx) (err error) {
		p, err = ledger.PartyByID(r.Context(), tx,
			id)
		return err
	}); err != nil {
		return err
	}
	return r.Page(partyform.Page(h.partyFormView(r, id.String(), "", p.Version, p.PartyFields)))
}

func (h *Handlers) EditParty(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	fields := partyFields(r)
	version := r.FormVersion()
	err := r.AsPage(func(tx *postgres.Tx) error {
		if err := sameUser(r); err != nil {
			return err
		}
		_, err := ledger.EditParty(r.Context(), tx, id, version, fields)
		return err
	})
	if err != nil {
		return h.partyFormAgain(w, r, err, id.String(), "", version, fields)
	}
	h.SetFlash(w, "party_saved", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), id.String()))
}

func (h *Handlers) DeleteParty(w http.ResponseWriter, r *frame.Request) error {
	p, err := h.changeParty(r, ledger.DeleteParty)
	if err != nil {
		return err
	}
	h.SetFlash(w, "party_deleted",
		ui.PartyPath(r.Caller.Business.String(), p.ID.String())+"/restore?version="+strconv.Itoa(p.Version))
	return h.Redirect(w, r, ui.BusinessPath(r.Caller.Business.String()))
}

func (h *Handlers) RestoreParty(w http.ResponseWriter, r *frame.Request) error {
	p, err := h.changeParty(r, ledger.RestoreParty)
	if err != nil {
		return err
	}
	h.SetFlash(w, "party_restored", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), p.ID.String()))
}

type partyChange = func(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int) (ledger.Party, error)

// changeParty runs one button of a party for the version the form names, or as it stands when it names none.
func (h *Handlers) changeParty(r *frame.Request, change partyChange) (p ledger.Party, err error) {
	id := r.PathID("party")
	err = r.As(func(tx *postgres.Tx) error {
		version := r.FormVersion()
		if version == 0 {
			now, err := ledger.PartyByID(r.Context(), tx, id)
			if err != nil {
				return err
			}
			version = now.Version
		}
		p, err = change(r.Context(), tx, id, version)
		return err
	})
	return p, err
}

package khata

import (
	"context"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/entryform"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// entryForm is what the form posts, as typed.
type entryForm struct {
	side, amount, date, note, mode, cheque string
}

func readEntryForm(r *frame.Request) entryForm {
	return entryForm{
		side: r.PostFormValue("side"), amount: r.PostFormValue("amount"), date: r.PostFormValue("date"),
		note: r.PostFormValue("note"), mode: r.PostFormValue("mode"),
		cheque: r.PostFormValue("cheque_date"),
	}
}

// fields turns what was typed into an entry's fields, in the currency and at the time of the business.
func (f entryForm) fields(r *frame.Request) (ledger.EntryFields, error) {
	out := ledger.EntryFields{Side: ledger.Side(f.side), Note: f.note, Mode: ledger.Mode(f.mode)}
	var err error
	if out.AmountMinor, err = ledger.ReadAmount(f.amount, r.Person.Business.Currency); err != nil {
		return out, err
	}
	if err = chequeDate(&out, f.cheque); err != nil {
		return out, err
	}
	if f.date == "" {
		out.Date = r.Today
	} else {
		out.Date, err = ledger.ParseDate(f.date)
	}
	return out, err
}

// renderEntryForm shows the form; cause, when not nil, says what is to be mended.
func (h *Handlers) renderEntryForm(w http.ResponseWriter, r *frame.Request, view entryform.View, cause error) error {
	partyID := r.PathID("party")
	var name ledger.PartyName
	var balance int64
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		if view.Mode == "" && view.EntryID == "" && !view.Opening {
			var mode ledger.Mode
			if mode, err = ledger.UsualMode(r.Context(), tx, ledger.Side(view.Side)); err != nil {
				return err
			}
			view.Mode = string(mode)
		}
		if name, err = ledger.PartyNameByID(r.Context(), tx, partyID); err != nil || !tx.Scope.Rights.SeesTotals {
			return err
		}
		balance, err = ledger.BalanceOf(r.Context(), tx, partyID)
		return err
	})
	if err != nil {
		return err
	}
	view.Shell, view.PartyID, view.PartyName, view.Balance = r.Shell(), partyID.String(), name.Name, r.Amount(balance)
	offerSending(w, r, &view.Shell, partyID.String(), name.Name)
	if view.CanSettle() && cause == nil && r.URL.Query().Has("settle") {
		view.Amount = money.Plain(max(balance, -balance), r.Person.Business.Currency)
	}
	status := http.StatusOK
	if cause != nil {
		if err := r.FormFault(&view.Form, cause); err != nil {
			return err
		}
		status = frame.FormStatus(cause)
	}
	h.Render(w, r, status, entryform.Page(view))
	return nil
}

func (h *Handlers) NewEntryForm(w http.ResponseWriter, r *frame.Request) error {
	side := r.URL.Query().Get("side")
	if side != string(ledger.Received) {
		side = string(ledger.Given)
	}
	return h.renderEntryForm(w, r, entryform.View{Form: ui.Form{ID: frame.NewID()}, Side: side}, nil)
}

func (h *Handlers) NewEntry(w http.ResponseWriter, r *frame.Request) error {
	partyID := r.PathID("party")
	id, err := r.FormID()
	if err != nil {
		return err
	}
	if err := r.Read(nil); err != nil {
		return err
	}
	form := readEntryForm(r)
	fields, err := form.fields(r)
	if err == nil {
		err = sameUser(r)
	}
	if err == nil {
		_, err = addEntry(r, id, partyID, fields)
	}
	if err != nil {
		if !frame.Mendable(err) {
			return err
		}
		view := entryform.View{
			Form: ui.Form{ID: id.String()}, Side: form.side, Amount: form.amount, Date: form.date,
			Note: form.note, Mode: form.mode, ChequeDate: form.cheque,
		}
		return h.renderEntryForm(w, r, view, err)
	}
	business := r.Caller.Business.String()
	h.SetEntryFlash(w, savedFlash(r, "entry_added", fields), ui.EntryPath(business, partyID.String(),
		id.String())+"/delete", id)
	if r.PostFormValue("then") == "another" {
		return h.Redirect(w, r, ui.NewEntryPath(business, partyID.String(), form.side))
	}
	return h.Redirect(w, r, ui.PartyPath(business, partyID.String()))
}

// sameUser refuses a form that was opened by another user than is signed in now. The request knows who that is.
func sameUser(r *frame.Request) error {
	if whose := r.PostFormValue("user"); whose != "" && whose != frame.MarkOf(r.Person.UserID) {
		return fault.New(fault.Conflict,
			"Somebody else has signed in here since this page was opened. Check it again before you save.")
	}
	return nil
}

// savedFlash is code, unless the entry that was saved is dated ahead.
func savedFlash(r *frame.Request, code string, f ledger.EntryFields) string {
	if f.Date.After(r.Today) {
		return "entry_ahead"
	}
	return code
}

// addEntry adds an entry in one round trip where all is well. Anything else is
// asked again in the caller's transaction, which knows why; the entry's id makes
// that safe.
func addEntry(r *frame.Request, id, party uuid.UUID, fields ledger.EntryFields) (e ledger.Entry, err error) {
	err = r.WriteAtOnce(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueueAddEntry(scope, b, id, party, fields,
			&e)
	})
	if err == nil && e.ID != uuid.Nil {
		return e, nil
	}
	err = r.As(func(tx *postgres.Tx) (err error) {
		e, err = ledger.AddEntry(r.Context(), tx, id, party, fields)
		return err
	})
	return e, err
}

// entryOfPath is the entry that the path names, of the party that it names.
func entryOfPath(r *frame.Request, tx *postgres.Tx) (ledger.Entry, error) {
	partyID := r.PathID("party")
	id := r.PathID("entry")
	e, err := ledger.EntryByID(r.Context(), tx, id)
	if err == nil && e.PartyID != partyID {
		err = fault.New(fault.NotFound, "There is no such entry.")
	}
	return e, err
}

func (h *Handlers) EditEntryForm(w http.ResponseWriter, r *frame.Request) error {
	var e ledger.Entry
	if err := r.AsPage(func(tx *postgres.Tx) (err error) { e, err = entryOfPath(r, tx); return err }); err != nil {
		return err
	}
	return h.renderEntryForm(w, r, entryform.View{
		EntryID: e.ID.String(), Opening: e.Opening, Version: e.Version, Side: string(e.Side),
		Amount: money.Plain(e.AmountMinor, r.Person.Business.Currency),
		Date:   e.Date.Format("2006-01-02"), Note: e.Note, Mode: string(e.PaidBy()),
		ChequeDate: inputDate(e.ChequeDate), Cheque: string(e.ChequeState),
	}, nil)
}

func (h *Handlers) EditEntry(w http.ResponseWriter, r *frame.Request) error {
	form, version := readEntryForm(r), r.FormVersion()
	var e, saved ledger.Entry
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		if e, err = entryOfPath(r, tx); err != nil {
			return err
		}
		if err := sameUser(r); err != nil {
			return err
		}
		fields, err := form.fields(r)
		if err != nil {
			return err
		}
		saved, err = ledger.EditEntry(r.Context(), tx, e.ID, version, fields)
		return err
	})
	if err != nil {
		if !frame.Mendable(err) {
			return err
		}
		view := entryform.View{
			EntryID: r.PathValue("entry"), Opening: e.Opening, Version: version, Side: form.side,
			Amount: form.amount, Date: form.date, Note: form.note, Mode: form.mode,
			ChequeDate: form.cheque, Cheque: string(e.ChequeState),
		}
		return h.renderEntryForm(w, r, view, err)
	}
	h.SetFlash(w, savedFlash(r, "entry_saved", saved.EntryFields), "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), saved.PartyID.String()))
}

type entryChange = func(ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int) (ledger.Entry, error)

// changeEntry runs one button of an entry for the version the form names, or as it stands when it names none.
func (h *Handlers) changeEntry(r *frame.Request, change entryChange) (e ledger.Entry, err error) {
	err = r.As(func(tx *postgres.Tx) error {
		if e, err = entryOfPath(r, tx); err != nil {
			return err
		}
		version := r.FormVersion()
		if version == 0 {
			version = e.Version
		}
		e, err = change(r.Context(), tx, e.ID, version)
		return err
	})
	return e, err
}

func (h *Handlers) DeleteEntry(w http.ResponseWriter, r *frame.Request) error {
	e, err := h.changeEntry(r, ledger.DeleteEntry)
	if err != nil {
		return err
	}
	business := r.Caller.Business.String()
	h.SetFlash(w, "entry_deleted",
		ui.EntryPath(business, e.PartyID.String(), e.ID.String())+"/restore?version="+strconv.Itoa(e.Version))
	return h.Redirect(w, r, ui.PartyPath(business, e.PartyID.String()))
}

func (h *Handlers) RestoreEntry(w http.ResponseWriter, r *frame.Request) error {
	e, err := h.changeEntry(r, ledger.RestoreEntry)
	if err != nil {
		return err
	}
	h.SetFlash(w, "entry_restored", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), e.PartyID.String()))
}

// SetCheque writes down what has become of a cheque.
func (h *Handlers) SetCheque(w http.ResponseWriter, r *frame.Request) error {
	state := ledger.ChequeState(r.PostFormValue("state"))
	e, err := h.changeEntry(r, func(
		ctx context.Context, tx *postgres.Tx, id uuid.UUID, version int,
	) (ledger.Entry, error) {
		return ledger.SetCheque(ctx, tx, id, version, state, r.T("Cheque bounced"))
	})
	if err != nil {
		return err
	}
	code := "cheque_saved"
	if e.ChequeState == ledger.ChequeBounced {
		code = "cheque_bounced"
	}
	h.SetFlash(w, code, "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), e.PartyID.String()))
}

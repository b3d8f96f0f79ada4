package khata

import (
	"net/http"
	"strings"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/entryform"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// openingOf reads the opening balance in the form of a new party; without an amount there is none.
func openingOf(r *frame.Request) (ledger.EntryFields, error) {
	form := entryForm{
		side: r.PostFormValue("opening_side"), amount: r.PostFormValue("opening"),
		date: r.PostFormValue("opening_date"),
	}
	if strings.TrimSpace(form.amount) == "" {
		return ledger.EntryFields{}, nil
	}
	fields, err := form.fields(r)
	fields.Opening = true
	return fields, openingField(err)
}

// openingField puts a fault beside the field of that form which it is about.
func openingField(err error) error {
	f := fault.Of(err)
	if f == nil {
		return err
	}
	names := map[string]string{"amount": "opening", "side": "opening_side", "date": "opening_date"}
	if names[f.Field] == "" {
		return err
	}
	return f.About(names[f.Field])
}

func (h *Handlers) OpeningForm(w http.ResponseWriter, r *frame.Request) error {
	return h.renderEntryForm(w, r, entryform.View{
		Form: ui.Form{ID: ledger.NewOpeningID().String()},
		Side: string(ledger.Given), Opening: true,
	}, nil)
}

func (h *Handlers) AddOpening(w http.ResponseWriter, r *frame.Request) error {
	partyID := r.PathID("party")
	id, err := r.FormID()
	if err != nil {
		return err
	}
	form := readEntryForm(r)
	err = r.AsPage(func(tx *postgres.Tx) error {
		fields, err := form.fields(r)
		if err != nil {
			return err
		}
		_, err = ledger.AddOpening(r.Context(), tx, id, partyID, fields)
		return err
	})
	if err != nil {
		if !frame.Mendable(err) {
			return err
		}
		view := entryform.View{
			Form: ui.Form{ID: id.String()}, Side: form.side, Amount: form.amount, Date: form.date,
			Note: form.note, Opening: true,
		}
		return h.renderEntryForm(w, r, view, err)
	}
	h.SetFlash(w, "entry_added", "")
	return h.Redirect(w, r, ui.PartyPath(r.Caller.Business.String(), partyID.String()))
}

package khata

import (
	"net/http"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/statement"
)

func (h *Handlers) StatementPage(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	days, cause := readRange(r)
	view := statement.View{PartyID: id.String(), Part: partOf(r)}
	var st ledger.Statement
	var options export.Options
	err := r.AsPage(func(tx *postgres.Tx) (err error) {
		view.Shell, view.ExportLocked, options = r.Shell(), !r.MayExport(), exportOptions(r)
		if cause != nil { // the form again, with whose statement it is about
			st.Party, err = ledger.PartyByID(r.Context(), tx, id)
			return err
		}
		first, last := (view.Part-1)*maxLines, view.Part*maxLines
		st, err = ledger.WriteStatement(r.Context(), tx, id, days, func(ledger.Statement) error { return nil },
			func(l ledger.Line) error {
				switch {
				case view.Count < first:
					view.Brought = r.Amount(l.Balance)
				case view.Count < last:
					view.Lines = append(view.Lines, statement.Line{
						Date: l.Date, Note: options.Labels.DetailsOf(l.EntryFields), Side: string(l.Side),
						Amount: r.Amount(l.AmountMinor), Balance: r.Amount(l.Balance),
					})
				}
				view.Count++
				return nil
			})
		return err
	})
	if err != nil {
		return err
	}
	view.Name = st.Party.Name
	if cause != nil {
		return h.statementAgain(w, r, view, cause)
	}
	view.Parts = max(1, (view.Count+maxLines-1)/maxLines)
	if view.Part > view.Parts {
		return fault.New(fault.NotFound, "Page not found.")
	}
	view.Kind, view.Phone = string(st.Party.Kind), st.Party.Phone
	view.Opening, view.Closing = r.Amount(st.Opening), r.Amount(st.Closing)
	view.Gave, view.Got = r.Amount(st.Given), r.Amount(st.Received)
	view.FirstDay, view.LastDay = st.Range.From, st.Range.To
	view.From, view.To, view.Ahead = inputDate(days.From), inputDate(days.To), aheadOf(r, st.Ahead)
	view.Period = options.Period(st.Range)
	view.Chips = chips(view.Shell, view.From, view.To)
	view.Send = sending(r, id.String(), st.Party.Name)
	letRemind(w)
	return r.Page(statement.Page(view))
}

// statementAgain shows the form with what is wrong with the days.
func (h *Handlers) statementAgain(w http.ResponseWriter, r *frame.Request, view statement.View, cause error) error {
	if err := r.FormFault(&view.Form, cause); err != nil {
		return err
	}
	view.WithoutFigures = true
	view.From, view.To = typedDate(r, "from"), typedDate(r, "to")
	view.Chips = chips(view.Shell, view.From, view.To)
	h.Render(w, r, frame.FormStatus(cause), statement.Page(view))
	return nil
}

package khata

import (
	"net/http"
	"net/url"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/reports"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// CountTill writes down what is in the till, and leads to the cash book of that month.
func (h *Handlers) CountTill(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	when := r.PostFormValue("at")
	if when != "open" && when != "close" { // before or after the day's entries; it cannot be guessed
		return fault.InvalidField("at", "Say when the till was counted.")
	}
	count := ledger.TillCount{Closing: when == "close"}
	if count.Date, err = formDate(r, "date"); err != nil {
		return err
	}
	err = r.AsPage(func(tx *postgres.Tx) (err error) {
		count.AmountMinor, err = ledger.ReadCount(r.PostFormValue("amount"), r.Person.Business.Currency)
		if err != nil {
			return err
		}
		if count.Date.IsZero() {
			count.Date = r.Today
		}
		return ledger.CountTill(r.Context(), tx, id, count)
	})
	if err != nil {
		return err
	}
	first := time.Date(count.Date.Year(), count.Date.Month(), 1, 0, 0, 0, 0, time.UTC)
	q := url.Values{
		"show": {reports.CashBook}, "from": {inputDate(first)}, "to": {inputDate(first.AddDate(0, 1, -1))},
	}
	h.SetFlash(w, "till_counted", "")
	return h.Redirect(w, r, ui.BusinessPath(r.Caller.Business.String())+"/reports?"+q.Encode())
}

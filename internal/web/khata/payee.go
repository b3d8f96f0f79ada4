package khata

import (
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/payee"
	"github.com/tijorihq/tijori/internal/web/page/remind"
	"github.com/tijorihq/tijori/internal/web/ui"
)

func (h *Handlers) PayeePage(w http.ResponseWriter, r *frame.Request) error {
	view, err := h.payeeView(r)
	if err != nil {
		return err
	}
	return r.Page(payee.Page(view))
}

func (h *Handlers) payeeView(r *frame.Request) (payee.View, error) {
	var all []ledger.PayeeChange
	err := r.AsPage(func(tx *postgres.Tx) (err error) { all, err = ledger.ListPayees(r.Context(), tx); return err })
	if err != nil {
		return payee.View{}, err
	}
	view := payee.View{
		Shell: r.Shell(), Form: ui.Form{ID: frame.NewID()}, Payee: r.Person.Business.Name,
		Other: r.Person.Business.Currency != "INR",
	}
	if len(all) > 0 {
		view.InForce, view.UPI, view.Payee = all[0].UPI, all[0].UPI, ui.Or(all[0].Name, view.Payee)
	}
	for _, c := range all {
		view.Changes = append(view.Changes, payee.Change{UPI: c.UPI, Payee: c.Name, By: c.ByName, When: c.At})
	}
	return view, nil
}

func (h *Handlers) SetPayee(w http.ResponseWriter, r *frame.Request) error {
	id, err := r.FormID()
	if err != nil {
		return err
	}
	p := ledger.Payee{UPI: r.PostFormValue("upi"), Name: r.PostFormValue("payee")}
	err = r.As(func(tx *postgres.Tx) error {
		_, err := ledger.SetPayee(r.Context(), tx, id, p)
		return err
	})
	if err != nil {
		if !frame.Mendable(err) {
			return err
		}
		view, e := h.payeeView(r)
		if e != nil {
			return e
		}
		view.UPI, view.Payee = p.UPI, p.Name
		return frame.Again(r, err, &view, &view.Form, payee.Page)
	}
	h.SetFlash(w, "saved", "")
	return h.Redirect(w, r, r.URL.Path)
}

// PayPage is the code that a party scans: what it owes now.
func (h *Handlers) PayPage(w http.ResponseWriter, r *frame.Request) error {
	id := r.PathID("party")
	var page ledger.PartyPage
	var to ledger.Payee
	err := r.Read(func(scope postgres.Scope, b *pgx.Batch) {
		ledger.QueuePartyPage(scope, b, id, "", &page)
		ledger.QueuePayee(scope, b, &to)
	})
	if err != nil {
		return err
	}
	view := remind.PayView{Shell: r.Shell(), PartyID: id.String(), Name: page.Name, Balance: r.Amount(page.Balance)}
	if view.Pay, err = payBy(to, view.Balance, r.Person.Business.Name); err != nil {
		return err
	}
	switch {
	case view.Pay.Link != "":
	case view.Balance.Currency != "INR":
		view.Why = r.T("UPI pays rupees only; this business counts in another currency.")
	case to.UPI == "" && view.Rights().Owns:
		view.Why = r.T("Enter your UPI ID first. Then customers can pay you.")
	case to.UPI == "":
		view.Why = r.T("The owner has to enter a UPI ID first.")
	default:
		view.Why = r.T("%s owes nothing now.", page.Name)
	}
	return r.Page(remind.PayPage(view))
}

// payBy is how an amount is paid to a payee by UPI; without a link when it is not.
func payBy(to ledger.Payee, owed money.Amount, shop string) (remind.Pay, error) {
	return remind.NewPay(to.Link(owed, shop), to.UPI, to.Name, owed)
}

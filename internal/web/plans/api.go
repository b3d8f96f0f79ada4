package plans

import (
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// meJSON is GET /api/billing/me.
type meJSON struct {
	AccountID          string   `json:"account_id"`
	Tier               string   `json:"tier"`
	SubscriptionStatus string   `json:"subscription_status,omitempty"`
	PeriodEnd          string   `json:"period_end,omitempty"`
	CancelAtPeriodEnd  bool     `json:"cancel_at_period_end,omitempty"`
	Entitlements       []string `json:"entitlements"`
	PartiesMax         *int     `json:"parties_max"` // null is without limit

	Credits map[string]int64 `json:"credits,omitempty"` // what can be spent, by meter; to owners only
}

// formJSON is a form that the browser posts to the provider.
type formJSON struct {
	Action string            `json:"action"`
	Fields map[string]string `json:"fields"`
}

type invoiceJSON struct {
	Number   string `json:"number"`
	Status   string `json:"status"`
	Amount   int64  `json:"amount"` // minor units
	Currency string `json:"currency"`
	IssuedAt string `json:"issued_at"`
	URL      string `json:"url,omitempty"`
}

func (h *Handlers) APIMe(w http.ResponseWriter, r *frame.Request) error {
	var balances []credits.Balance
	queue := func(_ postgres.Scope, b *pgx.Batch) { credits.QueueBalances(b, &balances) }
	caller := r.Caller
	var err error
	if caller.Business, err = named(r); err != nil {
		return err
	}
	me, err := h.Billing.Me(r.Context(), caller, queue)
	if err == nil && me.AccountID == uuid.Nil {
		if caller.Business, err = soleAccount(r); err == nil {
			me, err = h.Billing.Me(r.Context(), caller, queue)
		}
	}
	if err != nil {
		return err
	}
	if err := r.Admit(postgres.Scope{AccountID: me.AccountID, Rights: me.Rights}); err != nil {
		return err
	}
	body := meJSON{
		AccountID: me.AccountID.String(), Tier: me.Entitlements.Plan, Entitlements: me.Entitlements.Rights,
		CancelAtPeriodEnd: me.CancelAtPeriodEnd,
	}
	if me.Entitlements.PartiesMax > 0 {
		body.PartiesMax = &me.Entitlements.PartiesMax
	}
	for _, b := range balances {
		if body.Credits == nil {
			body.Credits = map[string]int64{}
		}
		body.Credits[b.Meter] = b.Available
	}
	if me.Rights.Owns {
		body.SubscriptionStatus = string(me.Status)
		if !me.PeriodEnd.IsZero() {
			body.PeriodEnd = me.PeriodEnd.UTC().Format(time.RFC3339)
		}
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

// named is the business that the query names, or else the one that the request is about.
func named(r *frame.Request) (uuid.UUID, error) {
	name := r.URL.Query().Get("business")
	if name == "" {
		return r.Caller.Business, nil
	}
	id, err := uuid.Parse(name)
	if err != nil || len(name) != 36 || id == uuid.Nil {
		return uuid.Nil, fault.New(fault.NotFound, "Page not found.")
	}
	return id, nil
}

// soleAccount is one of the businesses of a caller who is a member of single ones and of no whole account: all of them
// must be of one account.
func soleAccount(r *frame.Request) (uuid.UUID, error) {
	if err := r.Read(nil); !r.Known || len(r.Person.Businesses) == 0 {
		return r.Caller.Business, err
	}
	for _, b := range r.Person.Businesses {
		if b.AccountID != r.Person.Businesses[0].AccountID {
			return uuid.Nil, fault.InvalidField("business", "Name one of your businesses.")
		}
	}
	return r.Person.Businesses[0].BusinessID, nil
}

func (h *Handlers) APICheckout(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	var in struct {
		Plan     string `json:"plan"`
		Interval string `json:"interval"`
		Provider string `json:"provider"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	c, err := h.Billing.StartCheckout(r.Context(), r.Caller, in.Plan, in.Interval, facts.Provider(in.Provider))
	if err != nil {
		return err
	}
	body := struct {
		URL     string `json:"url"`
		Account string `json:"account"`
		Amount  int64  `json:"amount"` // minor units
		Money   string `json:"currency"`
		// when it begins and is charged for, where that is later: what is paid for already has run out then
		Starts *time.Time `json:"starts,omitempty"`
		Form   *formJSON  `json:"form,omitempty"`
	}{URL: c.URL, Account: c.Account, Amount: c.Price.Amount.Minor, Money: c.Price.Amount.Currency}
	if !c.Starts.IsZero() {
		body.Starts = &c.Starts
	}
	if c.Form != nil {
		body.Form = &formJSON{Action: c.Form.Action, Fields: map[string]string{}}
		for _, f := range c.Form.Fields {
			body.Form.Fields[f.Name] = f.Value
		}
	}
	return h.WriteJSON(w, r, http.StatusOK, body)
}

func (h *Handlers) APIVerify(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	var in struct {
		Provider       string `json:"provider"`
		SessionID      string `json:"session_id"`
		PaymentID      string `json:"payment_id"`
		SubscriptionID string `json:"subscription_id"`
		Signature      string `json:"signature"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	err := h.Billing.Verify(r.Context(), r.Caller, billing.Return{
		Provider: facts.Provider(in.Provider), SessionID: in.SessionID, PaymentID: in.PaymentID,
		SubscriptionID: in.SubscriptionID, Signature: in.Signature,
	})
	if err != nil {
		return err
	}
	return h.APIMe(w, r)
}

func (h *Handlers) APIPortal(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	target, err := h.Billing.Portal(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]string{"url": target})
}

func (h *Handlers) APIInvoices(w http.ResponseWriter, r *frame.Request) error {
	if err := r.CheckAccess(); err != nil {
		return err
	}
	list, err := h.Billing.Invoices(r.Context(), r.Caller)
	if err != nil {
		return err
	}
	out := []invoiceJSON{}
	for _, in := range list {
		out = append(out, invoiceJSON{
			Number: in.Number, Status: in.Status, Amount: in.Amount.Minor,
			Currency: in.Amount.Currency, IssuedAt: in.IssuedAt.UTC().Format(time.RFC3339),
			URL: h.Absolute(invoicePath(in.Provider, in.ID)),
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{"invoices": out})
}

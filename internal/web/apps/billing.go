package apps

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/strictjson"
	"github.com/tijorihq/tijori/internal/text"
	"github.com/tijorihq/tijori/internal/web/frame"
)

// buyer is the customer for whom something is bought or changed. Each asks a provider, so that it counts against the
// limit of the customer and of the app.
func (h *Handlers) buyer(r *frame.Request, needed, back string) (platform.Purse, error) {
	p, err := h.Platform.Payer(r.Context(), r.Holder(), needed, back)
	if err != nil {
		return p, err
	}
	return p, r.Throttle(p.App.ID, p.Account)
}

func checkKey(key string) error {
	if strings.TrimSpace(key) == "" || utf8.RuneCountInString(key) > 200 || !utf8.ValidString(key) ||
		strings.ContainsFunc(key, text.Steers) {
		return fault.InvalidField("idempotency_key", "Send an idempotency key of up to %d characters.", 200)
	}
	return nil
}

// said is a request in one text, for its idempotency key.
func said(kind string, in any) (string, error) {
	b, err := json.Marshal(in)
	return kind + " " + string(b), err
}

// once answers what is done at most once for an idempotency key. The first answer is given again.
func (h *Handlers) once(
	w http.ResponseWriter, r *frame.Request, p platform.Purse, key, kind string, in any, do func() (any, error),
) error {
	request, err := said(kind, in)
	if err != nil {
		return err
	}
	answer, err := p.App.Billing.Once(r.Context(), p.Payer, key, request, func() (string, error) {
		out, err := do()
		if err != nil {
			return "", err
		}
		b, err := json.Marshal(out)
		return string(b), err
	})
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, json.RawMessage(answer))
}

type checkoutJSON struct {
	ID        string `json:"id"`
	URL       string `json:"url"`
	ExpiresAt string `json:"expires_at"`
	BeginsAt  string `json:"begins_at,omitempty"` // after a plan that is paid for already
}

func checkoutOf(c *billing.Checkout) checkoutJSON {
	out := checkoutJSON{ID: c.ID.String(), URL: c.URL, ExpiresAt: c.Expires.UTC().Format(time.RFC3339)}
	if !c.Starts.IsZero() {
		out.BeginsAt = c.Starts.UTC().Format(time.RFC3339)
	}
	return out
}

// Checkout opens the purchase of a plan. What it costs is the plan file's alone.
func (h *Handlers) Checkout(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Plan           string `json:"plan"`
		Interval       string `json:"interval"`
		Provider       string `json:"provider"`
		Seats          int64  `json:"seats,omitempty"`
		ReturnURL      string `json:"return_url"`
		IdempotencyKey string `json:"idempotency_key"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if err := checkKey(in.IdempotencyKey); err != nil {
		return err
	}
	if in.ReturnURL == "" {
		return fault.InvalidField("return_url", "Say where the customer comes back to.")
	}
	seats := in.Seats
	if seats == 0 {
		seats = 1
	}
	p, err := h.buyer(r, platform.WriteBilling, in.ReturnURL)
	if err != nil {
		return err
	}
	provider, err := providerFor(p.App, in.Plan, in.Interval, in.Provider)
	if err != nil {
		return err
	}
	return h.once(w, r, p, in.IdempotencyKey, "checkout", in, func() (any, error) {
		c, err := p.App.Billing.CheckoutFor(r.Context(), p.Payer, in.Plan, in.Interval, provider, seats)
		if err != nil {
			return nil, err
		}
		return checkoutOf(c), nil
	})
}

// providerFor is the provider that is named, or the first that sells a plan.
func providerFor(app *platform.App, plan, interval, name string) (facts.Provider, error) {
	if name != "" {
		p := facts.Provider(name)
		if !p.Known() {
			return "", fault.InvalidField("provider", "A provider is stripe or razorpay.")
		}
		return p, nil
	}
	for _, p := range []facts.Provider{facts.Razorpay, facts.Stripe} {
		if _, sold := app.Plans.Price(plan, interval, p); sold && app.Billing.Sells(p) {
			return p, nil
		}
	}
	return "", fault.New(fault.Invalid, "This plan is not for sale that way.")
}

type moneyJSON struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

type quoteJSON struct {
	Quote    string    `json:"quote"` // what change takes
	DueNow   moneyJSON `json:"due_now"`
	BeginsAt string    `json:"begins_at"`
	Provider string    `json:"provider"`
	Seats    int64     `json:"seats"`
	// Razorpay: the same, with the new plan beginning when what is paid has run out, and nothing due now.
	Later *quoteJSON `json:"later,omitempty"`
}

// A quoted change is what a quote says. It is no secret and carries no right: the amount is made again and compared.
type quoted struct {
	Plan     string `json:"p"`
	Interval string `json:"i"`
	Seats    int64  `json:"s,omitempty"`
	At       int64  `json:"a"`
	Due      int64  `json:"d"`
}

func (q quoted) String() string {
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // plain fields
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// PreviewChange says what another plan would cost now, and when it would begin.
func (h *Handlers) PreviewChange(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Plan     string `json:"plan"`
		Interval string `json:"interval"`
		Seats    int64  `json:"seats"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if in.Plan == "" {
		return fault.InvalidField("plan", "Say which plan.")
	}
	return h.quote(w, r, in.Plan, in.Interval, in.Seats)
}

// PreviewSeats says what another number of seats would cost now, and from when it holds.
func (h *Handlers) PreviewSeats(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Seats int64 `json:"seats"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if in.Seats < 1 {
		return fault.InvalidField("seats", "Say how many seats there are to be in all.")
	}
	return h.quote(w, r, "", "", in.Seats)
}

func (h *Handlers) quote(w http.ResponseWriter, r *frame.Request, plan, interval string, seats int64) error {
	p, err := h.buyer(r, platform.WriteBilling, "")
	if err != nil {
		return err
	}
	q, err := p.App.Billing.QuoteFor(r.Context(), p.Payer, plan, interval, seats)
	if err != nil {
		return err
	}
	out := quoteOf(q, q.Due.Minor, q.Starts)
	if q.CanWait {
		later := quoteOf(q, 0, q.Keeps)
		out.Later = &later
	}
	return h.WriteJSON(w, r, http.StatusOK, out)
}

func quoteOf(q *billing.Quote, due int64, begins time.Time) quoteJSON {
	return quoteJSON{
		Quote: quoted{q.To.Plan, q.To.Interval, q.Seats, q.At.Unix(), due}.String(), Seats: q.Seats,
		DueNow: moneyJSON{due, q.Due.Currency}, BeginsAt: begins.UTC().Format(time.RFC3339),
		Provider: string(q.Provider),
	}
}

// Change does what a quote says, of another plan or another number of seats: at once, or on the page that it answers
// with.
func (h *Handlers) Change(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		Quote          string `json:"quote"`
		ReturnURL      string `json:"return_url"`
		IdempotencyKey string `json:"idempotency_key"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if err := checkKey(in.IdempotencyKey); err != nil {
		return err
	}
	var q quoted
	text, err := base64.RawURLEncoding.DecodeString(in.Quote)
	if err == nil {
		err = strictjson.Decode(text, &q)
	}
	if err != nil || len(in.Quote) > 500 {
		return fault.InvalidField("quote", "This is no quote of ours.")
	}
	p, err := h.buyer(r, platform.WriteBilling, in.ReturnURL)
	if err != nil {
		return err
	}
	return h.once(w, r, p, in.IdempotencyKey, "change", in, func() (any, error) {
		c, err := p.App.Billing.ChangeFor(r.Context(), p.Payer, q.Plan, q.Interval, q.Seats,
			time.Unix(q.At, 0).UTC(), q.Due)
		switch {
		case err != nil:
			return nil, err
		case c == nil:
			return map[string]any{"done": true}, nil
		}
		return map[string]any{"done": false, "url": c.URL}, nil
	})
}

// Cancel ends collection; what is paid is kept.
func (h *Handlers) Cancel(w http.ResponseWriter, r *frame.Request) error {
	return h.act(w, r, platform.WriteBilling, func(p platform.Purse) error {
		_, err := p.App.Billing.CancelFor(r.Context(), p.Payer)
		return err
	})
}

// Resume takes back that a subscription ends.
func (h *Handlers) Resume(w http.ResponseWriter, r *frame.Request) error {
	return h.act(w, r, platform.WriteBilling, func(p platform.Purse) error {
		return p.App.Billing.ResumeFor(r.Context(), p.Payer)
	})
}

// Refresh asks the providers what the customer has paid for, credits too, and gives what a new plan brings: for the
// page to which one comes back from paying.
func (h *Handlers) Refresh(w http.ResponseWriter, r *frame.Request) error {
	return h.act(w, r, platform.ReadCustomers, func(p platform.Purse) error {
		if err := p.App.Billing.RefreshFor(r.Context(), p.Payer); err != nil {
			return err
		}
		return p.App.Credits.Begin(r.Context(), p.Account)
	})
}

// act does something for a customer and answers with what they have then.
func (h *Handlers) act(
	w http.ResponseWriter, r *frame.Request, needed string, do func(platform.Purse) error,
) error {
	p, err := h.buyer(r, needed, "")
	if err != nil {
		return err
	}
	if err := do(p); err != nil {
		return err
	}
	state, err := h.Platform.Customer(r.Context(), r.Holder())
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, state)
}

// TopUp opens a purchase of credits.
func (h *Handlers) TopUp(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		TopUp          string `json:"top_up"`
		Provider       string `json:"provider"`
		ReturnURL      string `json:"return_url"`
		IdempotencyKey string `json:"idempotency_key"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if err := checkKey(in.IdempotencyKey); err != nil {
		return err
	}
	if in.ReturnURL == "" {
		return fault.InvalidField("return_url", "Say where the customer comes back to.")
	}
	p, err := h.buyer(r, platform.WriteBilling, in.ReturnURL)
	if err != nil {
		return err
	}
	provider := facts.Provider(in.Provider)
	if in.Provider == "" {
		t, _ := p.App.Plans.TopUp(in.TopUp)
		for _, price := range t.Prices {
			if p.App.Billing.Sells(price.Provider) {
				provider = price.Provider
			}
		}
	}
	return h.once(w, r, p, in.IdempotencyKey, "top-up", in, func() (any, error) {
		url, err := p.App.Billing.TopUpFor(r.Context(), p.Payer, in.TopUp, provider)
		return map[string]string{"url": url}, err
	})
}

// Portal makes a link to a page of ours where the customer sees what they have bought. It works once.
func (h *Handlers) Portal(w http.ResponseWriter, r *frame.Request) error {
	var in struct {
		ReturnURL string `json:"return_url"`
	}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if in.ReturnURL == "" {
		return fault.InvalidField("return_url", "Say where the customer comes back to.")
	}
	l, err := h.Platform.MakePortalLink(r.Context(), r.Holder(), in.ReturnURL)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]string{
		"url": h.Absolute(l.URL), "expires_at": l.ExpiresAt.UTC().Format(time.RFC3339),
	})
}

type invoiceJSON struct {
	ID          string `json:"id"`
	Provider    string `json:"provider"`
	Number      string `json:"number"`
	Status      string `json:"status"`
	Amount      int64  `json:"amount"`
	Currency    string `json:"currency"`
	IssuedAt    string `json:"issued_at"`
	PaidAt      string `json:"paid_at,omitempty"`
	PeriodStart string `json:"period_start,omitempty"`
	PeriodEnd   string `json:"period_end,omitempty"`
	URL         string `json:"url,omitempty"`
}

// Invoices lists what was billed, the newest first.
func (h *Handlers) Invoices(w http.ResponseWriter, r *frame.Request) error {
	p, err := h.Platform.Payer(r.Context(), r.Holder(), platform.ReadCustomers, "")
	if err != nil {
		return err
	}
	list, err := p.App.Billing.InvoicesFor(r.Context(), p.Account)
	if err != nil {
		return err
	}
	out := []invoiceJSON{}
	stamp := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	for _, in := range list {
		out = append(out, invoiceJSON{
			in.ID, string(in.Provider), in.Number, in.Status, in.Amount.Minor, in.Amount.Currency, stamp(in.IssuedAt),
			stamp(in.PaidAt), stamp(in.PeriodStart), stamp(in.PeriodEnd), in.URL,
		})
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]any{"invoices": out})
}

// MakeToken makes a token for the browser of a customer.
func (h *Handlers) MakeToken(w http.ResponseWriter, r *frame.Request) error {
	in := struct {
		May       string `json:"may"`
		Origin    string `json:"origin"`
		ExpiresIn int64  `json:"expires_in"`
	}{ExpiresIn: int64(platform.MaxToken / time.Second)}
	if err := frame.DecodeJSON(r, &in); err != nil {
		return err
	}
	if in.ExpiresIn < 0 || in.ExpiresIn > int64(platform.MaxToken/time.Second) {
		in.ExpiresIn = 0 // refused with the words of the service
	}
	life := time.Duration(in.ExpiresIn) * time.Second
	t, err := h.Platform.MakeToken(r.Context(), r.Holder(), in.May, in.Origin, life)
	if err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusCreated, map[string]string{
		"token": t.Token, "expires_at": t.ExpiresAt.UTC().Format(time.RFC3339),
	})
}

// EndTokens ends every token of a customer.
func (h *Handlers) EndTokens(w http.ResponseWriter, r *frame.Request) error {
	if err := h.Platform.EndCustomerTokens(r.Context(), r.Holder()); err != nil {
		return err
	}
	return h.WriteJSON(w, r, http.StatusOK, map[string]bool{"ended": true})
}

package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// A Customer is one of an app's customers, by the app's own id. Its methods need a server key of the app.
//
//	org := c.Customer("org-7")
//	err := org.Gate(ctx, client.Spend{Amount: 10, Feature: "render", Key: job.ID}, render)
//
// A customer whom Check, Consume or Hold finds missing is made then, so that sign-up needs no step of its own.
type Customer struct {
	client *Client
	id     string
}

// Customer returns the customer of an id. It asks nothing yet.
func (c *Client) Customer(id string) *Customer { return &Customer{c, id} }

// A Profile is what is said of a customer. What is empty stays as it is.
type Profile struct {
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"` // where the provider writes to; nobody is found by it
	TimeZone string `json:"time_zone,omitempty"`
}

// A Meter is what a customer has of a kind of credit.
type Meter struct {
	Meter         string     `json:"meter"`
	Balance       int64      `json:"balance"` // what can be spent
	Held          int64      `json:"held"`
	NextAllowance *Allowance `json:"next_allowance"`
}

// A State is what a customer has. Of two keep the one with the higher revision.
type State struct {
	ID           string           `json:"id"`
	Revision     int64            `json:"revision"`
	Plan         string           `json:"plan"`
	Status       string           `json:"status"` // to show, not to gate by
	Interval     string           `json:"interval"`
	Provider     string           `json:"provider"` // through whom it is paid
	Until        *time.Time       `json:"until"`
	EndsAt       *time.Time       `json:"ends_at"` // nil while it is not cancelled
	Entitlements []string         `json:"entitlements"`
	Limits       map[string]int64 `json:"limits"`
	Meters       []Meter          `json:"meters"`
	Snapshot     string           `json:"snapshot"` // see VerifySnapshot
}

// A Checked is the answer to whether a customer may do something now.
type Checked struct {
	Allowed   bool   `json:"allowed"`
	Reason    string `json:"reason"`
	Kind      string `json:"kind"` // feature, limit or meter
	Plan      string `json:"plan"`
	Limit     *int64 `json:"limit"`
	Balance   *int64 `json:"balance"`
	UpgradeTo string `json:"upgrade_to"`
	Revision  int64  `json:"revision"`
}

// A Purchase names what is bought, never what it costs. Key is made once for what is bought once.
type Purchase struct {
	Plan      string `json:"plan,omitempty"`
	Interval  string `json:"interval,omitempty"` // month or year
	TopUp     string `json:"top_up,omitempty"`
	Provider  string `json:"provider,omitempty"` // stripe or razorpay; empty is the first that sells it
	Seats     int64  `json:"seats,omitempty"`    // of a plan that is sold by the seat; 0 is one
	ReturnURL string `json:"return_url"`
	Key       string `json:"idempotency_key"`
}

// A Checkout is an open purchase of a plan. Lead the browser to its URL.
type Checkout struct {
	ID        string     `json:"id"`
	URL       string     `json:"url"`
	ExpiresAt time.Time  `json:"expires_at"`
	BeginsAt  *time.Time `json:"begins_at"` // nil is at once
}

// Money is an amount in minor units.
type Money struct {
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
}

// A Quote is what another plan would cost now. Change takes it for half an hour.
type Quote struct {
	Quote    string    `json:"quote"`
	DueNow   Money     `json:"due_now"`
	BeginsAt time.Time `json:"begins_at"`
	Provider string    `json:"provider"`
	Seats    int64     `json:"seats"` // that there are then in all
	Later    *Quote    `json:"later"` // the same, when what is paid has run out; nil where that cannot be
}

// A Changed says whether the plan is changed. Otherwise the customer confirms it at the URL.
type Changed struct {
	Done bool   `json:"done"`
	URL  string `json:"url"`
}

// An Invoice is what was billed.
type Invoice struct {
	ID          string     `json:"id"`
	Provider    string     `json:"provider"`
	Number      string     `json:"number"`
	Status      string     `json:"status"`
	Amount      int64      `json:"amount"`
	Currency    string     `json:"currency"`
	IssuedAt    time.Time  `json:"issued_at"`
	PaidAt      *time.Time `json:"paid_at"`
	PeriodStart *time.Time `json:"period_start"`
	PeriodEnd   *time.Time `json:"period_end"`
	URL         string     `json:"url"`
}

// A Token shows a customer to their browser. It spends nothing.
type Token struct {
	Token     string    `json:"token"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Put makes the customer, or changes what is said of them, in one step.
func (u *Customer) Put(ctx context.Context, p Profile) (*State, error) {
	return answer[State](ctx, u, http.MethodPut, "", p)
}

// State returns what the customer has now.
func (u *Customer) State(ctx context.Context) (*State, error) {
	return answer[State](ctx, u, http.MethodGet, "", nil)
}

// Check says whether the customer may use a feature, has room for need of what the plan limits, or has need credits of
// a meter. Need 0 is 1. It writes nothing and sets nothing aside.
func (u *Customer) Check(ctx context.Context, feature string, need int64) (*Checked, error) {
	in := map[string]any{"feature": feature, "need": max(need, 1)}
	return made(ctx, u, func() (*Checked, error) { return answer[Checked](ctx, u, http.MethodPost, "/check", in) })
}

// Consume takes credits at once, for what is done already. For work that is still to be done, use Gate.
func (u *Customer) Consume(ctx context.Context, s Spend) (*Spent, error) {
	return made(ctx, u, func() (*Spent, error) { return answer[Spent](ctx, u, http.MethodPost, "/consume", s) })
}

// Hold sets credits aside, as Client.Hold does.
func (u *Customer) Hold(ctx context.Context, s Spend, life time.Duration) (Hold, error) {
	in, err := newHold(s, life)
	if err != nil {
		return Hold{}, err
	}
	h, err := made(ctx, u, func() (*Hold, error) { return answer[Hold](ctx, u, http.MethodPost, "/holds", in) })
	if err != nil {
		return Hold{}, err
	}
	return *h, nil
}

// Capture takes amount of a hold; the rest comes back.
func (u *Customer) Capture(ctx context.Context, hold string, amount int64) (Settled, error) {
	return value(answer[Settled](ctx, u, http.MethodPost, "/holds/"+url.PathEscape(hold)+"/capture",
		map[string]int64{"amount": amount}))
}

// Release gives a hold back.
func (u *Customer) Release(ctx context.Context, hold string) (Settled, error) {
	return value(answer[Settled](ctx, u, http.MethodPost, "/holds/"+url.PathEscape(hold)+"/release", nil))
}

// Gate does the work for a key once and takes what it cost, as Client.Gate does.
func (u *Customer) Gate(ctx context.Context, s Spend, work func(context.Context) (cost int64, err error)) error {
	return gate(ctx, u, s, work)
}

// Entries lists changes of a meter, the newest first, and the cursor of the next page, "" at the end.
func (u *Customer) Entries(ctx context.Context, meter, cursor string, limit int) ([]Entry, string, error) {
	q := url.Values{"meter": {meter}, "limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	out, err := answer[entryPage](ctx, u, http.MethodGet, "/entries?"+q.Encode(), nil)
	if err != nil {
		return nil, "", err
	}
	return out.Entries, out.next(), nil
}

// Checkout opens the purchase of a plan.
func (u *Customer) Checkout(ctx context.Context, p Purchase) (*Checkout, error) {
	return answer[Checkout](ctx, u, http.MethodPost, "/checkout", p)
}

// TopUp opens a purchase of credits and returns the provider's page.
func (u *Customer) TopUp(ctx context.Context, p Purchase) (address string, err error) {
	return u.page(ctx, "/top-ups", p)
}

// Portal returns a link to a page of Tijori's with what the customer has bought: plan, invoices, payment method, cancel
// and resume. It works once, for ten minutes.
func (u *Customer) Portal(ctx context.Context, returnURL string) (address string, err error) {
	return u.page(ctx, "/portal", map[string]string{"return_url": returnURL})
}

func (u *Customer) page(ctx context.Context, path string, in any) (string, error) {
	out, err := answer[struct {
		URL string `json:"url"`
	}](ctx, u, http.MethodPost, path, in)
	if err != nil {
		return "", err
	}
	return out.URL, nil
}

// PreviewChange says what another plan would cost now, and when it would begin.
func (u *Customer) PreviewChange(ctx context.Context, plan, interval string) (*Quote, error) {
	in := map[string]string{"plan": plan, "interval": interval}
	return answer[Quote](ctx, u, http.MethodPost, "/change/preview", in)
}

// Change does what a quote says: at once, or on the page that it answers with.
func (u *Customer) Change(ctx context.Context, quote, returnURL, key string) (*Changed, error) {
	in := map[string]string{"quote": quote, "return_url": returnURL, "idempotency_key": key}
	return answer[Changed](ctx, u, http.MethodPost, "/change", in)
}

// PreviewSeats says what another number of seats would cost now, and from when it holds.
func (u *Customer) PreviewSeats(ctx context.Context, seats int64) (*Quote, error) {
	return answer[Quote](ctx, u, http.MethodPost, "/seats/preview", map[string]int64{"seats": seats})
}

// SetSeats does what a quote of PreviewSeats says: at once, or on the page that it answers with.
func (u *Customer) SetSeats(ctx context.Context, quote, returnURL, key string) (*Changed, error) {
	in := map[string]string{"quote": quote, "return_url": returnURL, "idempotency_key": key}
	return answer[Changed](ctx, u, http.MethodPut, "/seats", in)
}

// Cancel ends collection; what is paid is kept.
func (u *Customer) Cancel(ctx context.Context) (*State, error) {
	return u.turn(ctx, "/cancel", func(s *State) bool { return s.EndsAt != nil })
}

// Resume takes back that a subscription ends.
func (u *Customer) Resume(ctx context.Context) (*State, error) {
	return u.turn(ctx, "/resume", func(s *State) bool { return s.EndsAt == nil && s.Status == "active" })
}

// turn does what is done once. When the answer was lost and it is refused the second time, the state says why.
func (u *Customer) turn(ctx context.Context, path string, done func(*State) bool) (*State, error) {
	once := *u.client
	once.Retries = 0
	v := &Customer{&once, u.id}
	state, lost := answer[State](ctx, v, http.MethodPost, path, nil)
	var e *Error
	if lost == nil || errors.As(lost, &e) && e.Status < 500 {
		return state, lost
	}
	state, err := answer[State](ctx, v, http.MethodPost, path, nil)
	if errors.As(err, &e) && e.Status == http.StatusConflict {
		if now, failed := u.State(ctx); failed == nil && done(now) {
			return now, nil
		}
	}
	return state, err
}

// Refresh asks the providers what the customer has: on the page to which they come back from paying.
func (u *Customer) Refresh(ctx context.Context) (*State, error) {
	return answer[State](ctx, u, http.MethodPost, "/refresh", nil)
}

// Invoices lists what was billed, the newest first.
func (u *Customer) Invoices(ctx context.Context) ([]Invoice, error) {
	out, err := answer[struct {
		Invoices []Invoice `json:"invoices"`
	}](ctx, u, http.MethodGet, "/invoices", nil)
	if err != nil {
		return nil, err
	}
	return out.Invoices, nil
}

// Token makes a token for pages of an origin: may is read, or pay to buy as well.
func (u *Customer) Token(ctx context.Context, may, origin string) (*Token, error) {
	return answer[Token](ctx, u, http.MethodPost, "/tokens", map[string]string{"may": may, "origin": origin})
}

// EndTokens ends the customer's tokens at once.
func (u *Customer) EndTokens(ctx context.Context) error {
	_, err := answer[struct{}](ctx, u, http.MethodDelete, "/tokens", nil)
	return err
}

// answer asks about a customer. An id that an address reads in another way is refused before it is sent.
func answer[T any](ctx context.Context, u *Customer, method, path string, in any) (*T, error) {
	if u.id == "" || u.id == "." || u.id == ".." {
		return nil, fmt.Errorf("tijori: %q is no customer's id", u.id)
	}
	out := new(T)
	if err := u.client.do(ctx, method, "/api/v1/customers/"+url.PathEscape(u.id)+path, in, out); err != nil {
		return nil, err
	}
	return out, nil
}

// made asks about a customer, whom it makes when there is none.
func made[T any](ctx context.Context, u *Customer, ask func() (*T, error)) (*T, error) {
	out, err := ask()
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusNotFound {
		return out, err
	}
	if _, err := u.Put(ctx, Profile{}); err != nil {
		return nil, err
	}
	return ask()
}

func value[T any](p *T, err error) (T, error) {
	if err != nil {
		var none T
		return none, err
	}
	return *p, nil
}

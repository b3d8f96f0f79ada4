package razorpay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/strictjson"
	"github.com/tijorihq/tijori/internal/tracing"
)

// Config is how Razorpay is reached and believed.
type Config struct {
	KeyID     string // rzp_test_… or rzp_live_…
	KeySecret string
	Secrets   []facts.Secret // webhook secrets, all of which count; not the key secret
	AccountID string         // acc_…; events of another account are ignored. Empty accepts any
	URL       string         // the API's address; empty means https://api.razorpay.com

	OnlyReads bool // it believes no webhook, so that it needs no secret of one
}

// A Client speaks with Razorpay as one merchant account.
type Client struct {
	c    Config
	http *http.Client
}

// New returns a client, or one sentence on what is wrong with the set-up. It
// never accepts an empty secret.
func New(c Config) (*Client, error) {
	switch {
	case !strings.HasPrefix(c.KeyID, "rzp_live_") && !strings.HasPrefix(c.KeyID, "rzp_test_"):
		return nil, errors.New("the Razorpay key id begins with neither rzp_live_ nor rzp_test_")
	case len(c.KeySecret) < 8:
		return nil, errors.New("the Razorpay key secret is empty or shorter than 8 characters")
	}
	if err := facts.CheckSecrets(facts.Razorpay, c.Secrets); err != nil && !c.OnlyReads {
		return nil, err
	}
	if c.URL == "" {
		c.URL = "https://api.razorpay.com"
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 8
	return &Client{c: c, http: &http.Client{
		Timeout: 20 * time.Second, Transport: tracing.Transport(transport),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Provider is facts.Razorpay.
func (c *Client) Provider() facts.Provider { return facts.Razorpay }

// Live reports whether the client's key moves real money.
func (c *Client) Live() bool { return strings.HasPrefix(c.c.KeyID, "rzp_live_") }

// SecretsEnd is when the last webhook secret ends; zero when one stays.
func (c *Client) SecretsEnd() time.Time { return facts.SecretsEnd(c.c.Secrets) }

// KeyID is the public half of the key, which the checkout form carries.
func (c *Client) KeyID() string { return c.c.KeyID }

// CheckoutURL is where the hosted checkout form is posted to.
func (c *Client) CheckoutURL() string { return c.c.URL + "/v1/checkout/embedded" }

// Verify is the package's Verify with the client's secrets.
func (c *Client) Verify(h http.Header, body []byte, now time.Time) (string, error) {
	return Verify(h, body, c.c.Secrets, now)
}

// VerifyReturn is the package's VerifyReturn with the client's key secret.
func (c *Client) VerifyReturn(paymentID, subscriptionID, signature string) bool {
	return VerifyReturn(c.c.KeySecret, paymentID, subscriptionID, signature)
}

// Decode is the package's Decode.
func (c *Client) Decode(h http.Header, body []byte) (*facts.Event, error) { return Decode(h, body) }

// Foreign says why an event does not belong to this deployment, or "".
func (c *Client) Foreign(ev *facts.Event) string {
	if c.c.AccountID != "" && ev.Account != c.c.AccountID {
		return "account_mismatch"
	}
	return ""
}

// SubscriptionRequest is what a subscription is made from.
type SubscriptionRequest struct {
	PlanID     string
	Quantity   int64 // of the plan; 0 is one
	TotalCount int   // cycles; Razorpay knows no open end
	AccountID  string
	CheckoutID string
	ExpireBy   time.Time // until when the first payment can be made
	Follows    bool      // it takes the place of one that is paid until StartAt
	// of the first cycle; zero means with the first payment. Until then only the mandate is asked for
	StartAt time.Time
}

// CreateSubscription makes a subscription that waits for its first payment.
// Our ids ride in its notes. Razorpay knows no idempotency key here: after an
// unclear answer, look for the checkout with FindByCheckout before repeating.
func (c *Client) CreateSubscription(ctx context.Context, r SubscriptionRequest) (*facts.Subscription, error) {
	body := map[string]any{
		"plan_id": r.PlanID, "total_count": r.TotalCount, "quantity": max(r.Quantity, 1), "customer_notify": true,
		"expire_by": r.ExpireBy.Unix(), "notes": map[string]string{
			"account_id":  r.AccountID,
			"checkout_id": r.CheckoutID,
		},
	}
	if !r.StartAt.IsZero() {
		body["start_at"] = r.StartAt.Unix()
	}
	if r.Follows {
		body["notes"] = map[string]string{"account_id": r.AccountID, "checkout_id": r.CheckoutID, "follows": "yes"}
	}
	var s subscription
	if err := c.call(ctx, http.MethodPost, "/v1/subscriptions", body, &s); err != nil {
		return nil, fmt.Errorf("create subscription: %w", err)
	}
	return checked(&s)
}

// Subscription fetches a subscription as it is now.
func (c *Client) Subscription(ctx context.Context, id string) (*facts.Subscription, error) {
	var s subscription
	if err := c.call(ctx, http.MethodGet, "/v1/subscriptions/"+url.PathEscape(id), nil, &s); err != nil {
		return nil, fmt.Errorf("fetch subscription: %w", err)
	}
	return checked(&s)
}

// FindByCheckout looks through the subscriptions of a plan made since a time
// for the one whose notes carry our checkout, and returns nil when Razorpay
// has none.
func (c *Client) FindByCheckout(
	ctx context.Context, planID, checkoutID string, since time.Time,
) (*facts.Subscription, error) {
	for skip := 0; skip < 1000; skip += 100 {
		q := url.Values{
			"plan_id": {planID}, "from": {strconv.FormatInt(since.Unix(), 10)}, "count": {"100"},
			"skip": {strconv.Itoa(skip)},
		}
		var page struct {
			Items []subscription `json:"items"`
		}
		if err := c.call(ctx, http.MethodGet, "/v1/subscriptions?"+q.Encode(), nil, &page); err != nil {
			return nil, fmt.Errorf("list subscriptions: %w", err)
		}
		for _, s := range page.Items {
			if s.Notes["checkout_id"] == checkoutID {
				return checked(&s)
			}
		}
		if len(page.Items) < 100 {
			break
		}
	}
	return nil, nil
}

// Payment fetches a payment. Its SubscriptionID is found by its invoice.
func (c *Client) Payment(ctx context.Context, id string) (*facts.Payment, error) {
	var p payment
	if err := c.call(ctx, http.MethodGet, "/v1/payments/"+url.PathEscape(id), nil, &p); err != nil {
		return nil, fmt.Errorf("fetch payment: %w", err)
	}
	sub := ""
	if p.InvoiceID != "" {
		var err error
		if sub, err = c.subscriptionOf(ctx, p.InvoiceID); err != nil {
			return nil, err
		}
	}
	f := p.facts(sub, time.Time{})
	return f, checkIDs(&facts.Event{Type: "payment", Payment: f})
}

// Invoices lists a subscription's invoices, a hundred at most.
func (c *Client) Invoices(ctx context.Context, subscriptionID string) ([]facts.Invoice, error) {
	var page struct {
		Items []invoice `json:"items"`
	}
	q := url.Values{"subscription_id": {subscriptionID}, "count": {"100"}}
	if err := c.call(ctx, http.MethodGet, "/v1/invoices?"+q.Encode(), nil, &page); err != nil {
		return nil, fmt.Errorf("list invoices: %w", err)
	}
	out := make([]facts.Invoice, 0, len(page.Items))
	for _, in := range page.Items {
		out = append(out, in.facts())
	}
	return out, nil
}

// Invoice fetches an invoice as it is now.
func (c *Client) Invoice(ctx context.Context, id string) (*facts.Invoice, error) {
	var in invoice
	if err := c.call(ctx, http.MethodGet, "/v1/invoices/"+url.PathEscape(id), nil, &in); err != nil {
		return nil, fmt.Errorf("fetch invoice: %w", err)
	}
	f := in.facts()
	return &f, nil
}

// Locate finds the subscription that an event is about where the event names
// only a payment: payment, to invoice, to subscription. It returns "" when the
// payment belongs to none. A refund whose event came without its payment is
// completed from the payment as it is now.
func (c *Client) Locate(ctx context.Context, ev *facts.Event) (string, error) {
	if s := ev.Subject(); s != "" {
		return s, nil
	}
	if r := ev.Refund; r != nil && r.Amount.Minor == 0 {
		now, err := c.Refunded(ctx, r.ChargeID)
		if err != nil {
			return "", err
		}
		if now.Failed = r.Failed; !r.Failed {
			now.Refunded = max(now.Refunded, r.Refunded)
		}
		ev.Refund = now
	}
	switch {
	case ev.Payment != nil && ev.Payment.InvoiceID != "":
		return c.subscriptionOf(ctx, ev.Payment.InvoiceID)
	case ev.Refund != nil && ev.Refund.InvoiceID != "":
		return c.subscriptionOf(ctx, ev.Refund.InvoiceID)
	case ev.Dispute != nil && ev.Dispute.ChargeID != "":
		p, err := c.Payment(ctx, ev.Dispute.ChargeID)
		if err != nil {
			return "", err
		}
		return p.SubscriptionID, nil
	}
	return "", nil
}

func (c *Client) subscriptionOf(ctx context.Context, invoiceID string) (string, error) {
	var in invoice
	if err := c.call(ctx, http.MethodGet, "/v1/invoices/"+url.PathEscape(invoiceID), nil, &in); err != nil {
		return "", fmt.Errorf("fetch invoice: %w", err)
	}
	return in.SubscriptionID, nil
}

// Cancel ends a subscription now or at the end of its cycle. A cancellation at
// cycle end is silent: no event, no field says so, and it cannot be undone.
func (c *Client) Cancel(ctx context.Context, id string, atCycleEnd bool) error {
	body := map[string]any{"cancel_at_cycle_end": atCycleEnd}
	if err := c.call(ctx, http.MethodPost, "/v1/subscriptions/"+url.PathEscape(id)+"/cancel", body, nil); err != nil {
		return fmt.Errorf("cancel subscription: %w", err)
	}
	return nil
}

func checked(s *subscription) (*facts.Subscription, error) {
	f := s.facts()
	return f, checkIDs(&facts.Event{Type: "subscription", Subscription: f, Customer: f.CustomerID})
}

// attempts is how often a call is made in all when Razorpay says 429, or, for
// reads, when it fails.
const attempts = 4

// call makes one request. 429 is repeated with jittered backoff, as the
// documentation asks; 5xx and silence only for reads, because nothing says
// whether a write was done.
func (c *Client) call(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return err
		}
	}
	for n := 1; ; n++ {
		err := c.once(ctx, method, path, body, out)
		var e *facts.APIError
		if err == nil || n == attempts || !errors.As(err, &e) || ctx.Err() != nil ||
			(e.Status != 429 && (method != http.MethodGet || (e.Status != 0 && e.Status < 500))) {
			return err
		}
		wait := time.Duration(100<<n) * time.Millisecond
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait/2 + rand.N(wait/2)):
		}
	}
}

func (c *Client) once(ctx context.Context, method, path string, body []byte, out any) error {
	req, err := http.NewRequestWithContext(ctx, method, c.c.URL+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.SetBasicAuth(c.c.KeyID, c.c.KeySecret)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return &facts.APIError{Provider: facts.Razorpay, Cause: err}
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, 4<<20))
	if err != nil {
		return &facts.APIError{Provider: facts.Razorpay, Cause: err}
	}
	if res.StatusCode/100 != 2 {
		return refusal(res, b)
	}
	if out == nil {
		return nil
	}
	if err := strictjson.DecodeOpen(b, out); err != nil {
		return fmt.Errorf("decode answer: %w", err)
	}
	return nil
}

func refusal(res *http.Response, body []byte) error {
	var e struct {
		Error struct {
			Code        string `json:"code"`
			Description string `json:"description"`
		} `json:"error"`
	}
	_ = strictjson.DecodeOpen(body, &e) // a proxy's page is no JSON; the status says enough
	out := &facts.APIError{
		Provider: facts.Razorpay, Status: res.StatusCode, Code: e.Error.Code, Text: e.Error.Description,
		RequestID: res.Header.Get("X-Request-Id"),
	}
	if res.StatusCode == 400 && strings.Contains(out.Text, "does not exist") {
		out.Status = 404 // Razorpay answers 400 for an id that it does not know
	}
	return out
}

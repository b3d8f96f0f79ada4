package stripe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"
	"github.com/stripe/stripe-go/v85/rawrequest"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/strictjson"
	"github.com/tijorihq/tijori/internal/tracing"
)

// Config is how Stripe is reached and believed.
type Config struct {
	Key     string         // sk_test_…, sk_live_… or a restricted key
	Secrets []facts.Secret // webhook signing secrets, all of which count
	URL     string         // the API's address; empty means https://api.stripe.com

	OnlyReads bool // it believes no webhook, so that it needs no secret of one
}

// A Client speaks with Stripe as one Stripe account.
type Client struct {
	api     *stripe.Client
	raw     rawrequest.Client // for what the library would decode into shapes of one version
	secrets []facts.Secret
	live    bool
	url     string // where the API is simulated, or ""
}

// New returns a client, or one sentence on what is wrong with the set-up. It
// never accepts an empty webhook secret.
func New(c Config) (*Client, error) {
	if !strings.HasPrefix(c.Key, "sk_") && !strings.HasPrefix(c.Key, "rk_") {
		return nil, errors.New("the Stripe key does not begin with sk_ or rk_; use a secret key, not a publishable one")
	}
	if !Live(c.Key) && !strings.HasPrefix(c.Key[3:], "test_") {
		return nil, errors.New("the Stripe key says neither _live_ nor _test_, so whether it moves money cannot be told; " +
			"make a new one in the dashboard")
	}
	if err := facts.CheckSecrets(facts.Stripe, c.Secrets); err != nil && !c.OnlyReads {
		return nil, err
	}
	backend := &stripe.BackendConfig{
		HTTPClient: &http.Client{
			Timeout:       20 * time.Second,
			Transport:     tracing.Transport(nil),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		MaxNetworkRetries: stripe.Int64(2),
		EnableTelemetry:   stripe.Bool(false),
		LeveledLogger:     &stripe.LeveledLogger{Level: stripe.LevelNull},
	}
	if c.URL != "" {
		backend.URL = stripe.String(strings.TrimSuffix(c.URL, "/"))
	}
	backends := stripe.NewBackendsWithConfig(backend)
	raw, ok := backends.API.(stripe.RawRequestBackend)
	if !ok {
		return nil, errors.New("the Stripe library cannot make raw requests")
	}
	return &Client{
		api: stripe.NewClient(c.Key, stripe.WithBackends(backends)), raw: rawrequest.Client{B: raw, Key: c.Key},
		secrets: c.Secrets, live: Live(c.Key), url: strings.TrimSuffix(c.URL, "/"),
	}, nil
}

// Live reports whether a key moves real money.
func Live(key string) bool {
	return strings.HasPrefix(key, "sk_live_") || strings.HasPrefix(key, "rk_live_")
}

// Provider is facts.Stripe.
func (c *Client) Provider() facts.Provider { return facts.Stripe }

// Live reports whether the client's key moves real money.
func (c *Client) Live() bool { return c.live }

// SecretsEnd is when the last webhook secret ends; zero when one stays.
func (c *Client) SecretsEnd() time.Time { return facts.SecretsEnd(c.secrets) }

// AccountID asks for the account that the key belongs to: acct_…. A restricted key may not be allowed to.
func (c *Client) AccountID(ctx context.Context) (string, error) {
	var a struct {
		ID string `json:"id"`
	}
	if err := c.get(ctx, "/v1/account", nil, &a); err != nil {
		return "", fmt.Errorf("fetch the account: %w", err)
	}
	if !facts.ValidID(a.ID) {
		return "", fmt.Errorf("fetch the account: %.40q is no id", a.ID)
	}
	return a.ID, nil
}

// PageURLs are addresses whose origins serve the pages that customers are sent to.
func (c *Client) PageURLs() []string {
	if c.url != "" {
		return []string{c.url}
	}
	return []string{"https://checkout.stripe.com", "https://billing.stripe.com", "https://invoice.stripe.com"}
}

// Verify is the package's Verify with the client's secrets.
func (c *Client) Verify(h http.Header, body []byte, now time.Time) (string, error) {
	return Verify(h, body, c.secrets, now)
}

// Decode is the package's Decode; the header tells nothing more.
func (c *Client) Decode(_ http.Header, body []byte) (*facts.Event, error) { return Decode(body) }

// Connected is the reason not to act on events of accounts that are connected to ours (Stripe Connect): what they sell
// is theirs.
const Connected = "connected_account"

// Foreign says why an event does not belong to this deployment, or "".
func (c *Client) Foreign(ev *facts.Event) string {
	if ev.Account != "" {
		return Connected
	}
	if ev.Live != nil && *ev.Live != c.live {
		return "livemode_mismatch"
	}
	return ""
}

// CreateCustomer makes a customer for an account. The key makes every repeat
// of the call answer with the same customer.
func (c *Client) CreateCustomer(ctx context.Context, key, accountID, email string) (string, error) {
	p := &stripe.CustomerCreateParams{Email: stripe.String(email), Metadata: map[string]string{"account_id": accountID}}
	p.SetIdempotencyKey(key)
	cus, err := c.api.V1Customers.Create(ctx, p)
	if err != nil {
		return "", fmt.Errorf("create customer: %w", apiError(err))
	}
	return cus.ID, nil
}

// SessionRequest is what a Checkout session is made from.
type SessionRequest struct {
	Key        string // idempotency key
	CustomerID string
	AccountID  string
	CheckoutID string
	PriceID    string
	Quantity   int64  // of the price; 0 is one
	SuccessURL string // with {CHECKOUT_SESSION_ID}
	CancelURL  string
	ExpiresAt  time.Time
	Locale     string
	Bought     facts.Bought // of a one-time payment
}

// CreateSession opens a hosted Checkout page for a subscription. Our ids ride
// on the session and, by subscription_data, on the subscription. On the page the
// customer may give a tax id (a GSTIN) and the address for the bill; Stripe keeps
// both with the customer and prints them on the invoices.
func (c *Client) CreateSession(ctx context.Context, r SessionRequest) (*facts.Session, error) {
	ours := map[string]string{"account_id": r.AccountID, "checkout_id": r.CheckoutID}
	p := &stripe.CheckoutSessionCreateParams{
		Mode: stripe.String("subscription"), Customer: stripe.String(r.CustomerID),
		ClientReferenceID: stripe.String(r.AccountID),
		SuccessURL:        stripe.String(r.SuccessURL), CancelURL: stripe.String(r.CancelURL), Metadata: ours,
		LineItems: []*stripe.CheckoutSessionCreateLineItemParams{{
			Price:    stripe.String(r.PriceID),
			Quantity: stripe.Int64(max(r.Quantity, 1)),
		}},
		SubscriptionData: &stripe.CheckoutSessionCreateSubscriptionDataParams{Metadata: ours},
		ExpiresAt:        stripe.Int64(r.ExpiresAt.Unix()),
		TaxIDCollection:  &stripe.CheckoutSessionCreateTaxIDCollectionParams{Enabled: stripe.Bool(true)},
		CustomerUpdate: &stripe.CheckoutSessionCreateCustomerUpdateParams{
			Name: stripe.String("auto"), Address: stripe.String("auto"), // Stripe asks for both where a customer exists
		},
	}
	if r.Locale != "" {
		p.Locale = stripe.String(r.Locale)
	}
	p.SetIdempotencyKey(r.Key)
	s, err := c.api.V1CheckoutSessions.Create(ctx, p)
	if err != nil {
		return nil, fmt.Errorf("create checkout session: %w", apiError(err))
	}
	return decodeSession(s.LastResponse)
}

// Session fetches a Checkout session.
func (c *Client) Session(ctx context.Context, id string) (*facts.Session, error) {
	s, err := c.api.V1CheckoutSessions.Retrieve(ctx, id, nil)
	if err != nil {
		return nil, fmt.Errorf("fetch checkout session: %w", apiError(err))
	}
	return decodeSession(s.LastResponse)
}

// ExpireSession closes an open session, so that it cannot be paid any more. A
// session that is complete already is refused by Stripe.
func (c *Client) ExpireSession(ctx context.Context, id string) error {
	if _, err := c.api.V1CheckoutSessions.Expire(ctx, id, nil); err != nil {
		return fmt.Errorf("expire checkout session: %w", apiError(err))
	}
	return nil
}

// Subscription fetches a subscription as it is now, with its newest invoice:
// what it says of itself is not what is paid.
func (c *Client) Subscription(ctx context.Context, id string) (*facts.Subscription, error) {
	p := &stripe.SubscriptionRetrieveParams{}
	p.AddExpand("schedule")
	p.AddExpand("latest_invoice")
	s, err := c.api.V1Subscriptions.Retrieve(ctx, id, p)
	if err != nil {
		return nil, fmt.Errorf("fetch subscription: %w", apiError(err))
	}
	var raw subscription
	if err := strictjson.DecodeOpen(s.LastResponse.RawJSON, &raw); err != nil {
		return nil, fmt.Errorf("decode subscription: %w", err)
	}
	if in := raw.Latest.invoice; in != nil {
		if err := c.allLines(ctx, in); err != nil {
			return nil, err
		}
	}
	f := raw.facts()
	return f, checkIDs(&facts.Event{ID: "api", Type: "subscription", Subscription: f, Customer: f.CustomerID})
}

// Locate finds the subscription that an event is about where the event names
// only a payment: payment intent, to invoice, to subscription. It returns ""
// when the payment belongs to no subscription.
func (c *Client) Locate(ctx context.Context, ev *facts.Event) (string, error) {
	if s := ev.Subject(); s != "" {
		return s, nil
	}
	var intent, invoiceID string
	switch {
	case ev.Refund != nil:
		intent, invoiceID = ev.Refund.IntentID, ev.Refund.InvoiceID
	case ev.Dispute != nil:
		intent = ev.Dispute.IntentID
	}
	if invoiceID == "" && intent != "" {
		p := &stripe.InvoicePaymentListParams{Payment: &stripe.InvoicePaymentListPaymentParams{
			Type: stripe.String("payment_intent"), PaymentIntent: stripe.String(intent),
		}}
		p.Limit = stripe.Int64(1)
		p.Single = true
		for ip, err := range c.api.V1InvoicePayments.List(ctx, p).All(ctx) {
			if err != nil {
				return "", fmt.Errorf("list invoice payments: %w", apiError(err))
			}
			if ip.Invoice != nil {
				invoiceID = ip.Invoice.ID
			}
		}
	}
	if invoiceID == "" {
		return "", nil
	}
	in, err := c.api.V1Invoices.Retrieve(ctx, invoiceID, nil)
	if err != nil {
		return "", fmt.Errorf("fetch invoice: %w", apiError(err))
	}
	var raw invoice
	if err := strictjson.DecodeOpen(in.LastResponse.RawJSON, &raw); err != nil {
		return "", fmt.Errorf("decode invoice: %w", err)
	}
	return raw.subscription(), nil
}

// Portal opens Stripe's own page on which a customer changes cards, cancels
// and resumes. The address is short-lived.
func (c *Client) Portal(ctx context.Context, customerID, returnURL string) (string, error) {
	s, err := c.api.V1BillingPortalSessions.Create(ctx,
		&stripe.BillingPortalSessionCreateParams{
			Customer:  stripe.String(customerID),
			ReturnURL: stripe.String(returnURL),
		})
	if err != nil {
		return "", fmt.Errorf("create portal session: %w", apiError(err))
	}
	return s.URL, nil
}

// Cancel ends a subscription now, or at the end of what is paid.
func (c *Client) Cancel(ctx context.Context, id string, atPeriodEnd bool) error {
	var err error
	if atPeriodEnd {
		_, err = c.api.V1Subscriptions.Update(ctx, id,
			&stripe.SubscriptionUpdateParams{CancelAtPeriodEnd: stripe.Bool(true)})
	} else {
		_, err = c.api.V1Subscriptions.Cancel(ctx, id, nil)
	}
	if err != nil {
		return fmt.Errorf("cancel subscription: %w", apiError(err))
	}
	return nil
}

func decodeSession(r *stripe.APIResponse) (*facts.Session, error) {
	var s session
	if err := strictjson.DecodeOpen(r.RawJSON, &s); err != nil {
		return nil, fmt.Errorf("decode session: %w", err)
	}
	f := s.facts()
	return f, checkIDs(&facts.Event{ID: "api", Type: "session", Session: f, Customer: f.CustomerID})
}

// apiError turns the library's error into ours, without the request.
func apiError(err error) error {
	var se *stripe.Error
	if errors.As(err, &se) {
		code := string(se.Code)
		if se.DeclineCode == stripe.DeclineCodeAuthenticationRequired { // the card is good, and its holder is asked for
			code = string(se.DeclineCode)
		}
		return &facts.APIError{
			Provider: facts.Stripe, Status: se.HTTPStatusCode, Code: code, Param: se.Param, Text: se.Msg,
			RequestID: se.RequestID,
		}
	}
	return &facts.APIError{Provider: facts.Stripe, Cause: err}
}

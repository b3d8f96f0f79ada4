package billing

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// gateway is what the inbox asks of either provider.
type gateway interface {
	Provider() facts.Provider
	Live() bool
	SecretsEnd() time.Time // when no webhook can be believed any more; zero means never
	// Verify returns the label of the secret that signed body.
	Verify(h http.Header, body []byte, now time.Time) (string, error)
	Decode(h http.Header, body []byte) (*facts.Event, error)
	// Foreign says why an event belongs to another mode or account, or "".
	Foreign(*facts.Event) string
	// Subscription fetches a subscription as it is now.
	Subscription(ctx context.Context, id string) (*facts.Subscription, error)
	// Locate finds the subscription of an event that names only a payment, or "".
	Locate(context.Context, *facts.Event) (string, error)
	Cancel(ctx context.Context, id string, atPeriodEnd bool) error
	// Refunded asks how much of a payment (Stripe: of an intent) was given back in all.
	Refunded(ctx context.Context, payment string) (*facts.Refund, error)
	lister
	prover
}

// prover is what tells whether a provider is set up as it has to be.
type prover interface {
	Events() []string // the types that a webhook has to send
	Train() string    // of the API versions that are understood; "" where there are none
	Webhooks(context.Context) ([]facts.Webhook, error)
	Offer(ctx context.Context, price string) (facts.Offer, error)
	OfferPage(ctx context.Context, cursor string) (list []facts.Offer, next string, err error)
}

// lister is what the reconciler asks of either provider, page by page: next is
// "" after the last.
type lister interface {
	SubscriptionPage(ctx context.Context, customer, cursor string) (list []*facts.Subscription, next string, err error)
	PaidPage(ctx context.Context, since time.Time, cursor string) (list []*facts.Event, next string, err error)
	RefundPage(ctx context.Context, since time.Time, cursor string) (list []*facts.Event, next string, err error)
	DisputePage(ctx context.Context, since time.Time, cursor string) (list []*facts.Event, next string, err error)
	PurchasePage(ctx context.Context, since time.Time, cursor string) (list []facts.Purchase, next string, err error)
	MissedPage(ctx context.Context, since time.Time, cursor string) (list [][]byte, next string, err error)
	Invoices(ctx context.Context, subscriptionID string) ([]facts.Invoice, error)
	Invoice(ctx context.Context, id string) (*facts.Invoice, error)
}

// Config is what a Service stands on.
type Config struct {
	DB        *postgres.DB
	Plans     *Plans
	Clock     *clock.Clock     // the service clock
	Stripe    *stripe.Client   // nil when Stripe is not set up
	Razorpay  *razorpay.Client // nil when Razorpay is not set up
	PublicURL string           // where customers reach us, for the way back from a payment
	Log       *slog.Logger
	Now       func() time.Time        // the machine's clock, for signatures; nil means time.Now
	Changed   func(account uuid.UUID) // called after an account's billing has changed; may be nil
}

// A Service sells plans and keeps what the providers say about them. Its
// methods may be called from many goroutines.
type Service struct {
	db        *postgres.DB
	work      postgres.Work // the app it sells for
	plans     *Plans
	clock     *clock.Clock
	stripe    *stripe.Client
	razorpay  *razorpay.Client
	gateways  map[facts.Provider]gateway
	publicURL string
	log       *slog.Logger
	now       func() time.Time
	changed   func(uuid.UUID)
	wake      chan struct{}
	buying    keyed
	asking    chan struct{} // who holds a connection of the billing role while a provider is asked on somebody's behalf
	refusals  tally

	endingTold daily
}

// New returns a service, or one sentence on what is wrong with the set-up.
func New(c Config) (*Service, error) {
	if c.Stripe == nil && c.Razorpay == nil {
		return nil, errors.New("no payment provider is set up; " +
			"set the keys of Razorpay or Stripe, or run with simulated payments")
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the public address %q is no http or https address", c.PublicURL)
	}
	s := &Service{
		db: c.DB, work: WorkOf(c.Plans.App), plans: c.Plans, clock: c.Clock, stripe: c.Stripe, razorpay: c.Razorpay,
		gateways:  map[facts.Provider]gateway{},
		publicURL: strings.TrimSuffix(c.PublicURL, "/"), log: c.Log, now: c.Now, changed: c.Changed,
		wake: make(chan struct{}, 1), asking: make(chan struct{}, askers),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	if c.Stripe != nil {
		s.gateways[facts.Stripe] = c.Stripe
	}
	if c.Razorpay != nil {
		s.gateways[facts.Razorpay] = c.Razorpay
	}
	if c.Stripe != nil && c.Razorpay != nil && c.Stripe.Live() != c.Razorpay.Live() {
		return nil, errors.New("one provider's key is live and the other's is for testing; test and live never mix")
	}
	if err := s.sellable(); err != nil {
		return nil, err
	}
	return s, nil
}

// sellable refuses a plan that is offered and that no provider that is set up can sell.
func (s *Service) sellable() error {
	for _, p := range s.plans.Sold() {
		elsewhere, here := "", false
		for _, price := range p.Prices {
			if price.Past {
				continue
			}
			if s.Sells(price.Provider) {
				here = true
			} else {
				elsewhere = price.Provider.Name()
			}
		}
		if elsewhere != "" && !here {
			return fmt.Errorf("plan %q is sold by %s only, which is not set up; "+
				"set its keys, give the plan another price, or say sold = false", p.ID, elsewhere)
		}
	}
	return nil
}

// Khata is the first app, the shopkeeper's ledger, with its connections: one account at
// each provider, named after the provider.
var Khata = WorkOf("khata")

// WorkOf is the work for an app. Its connections are named after app and provider. The statements of this package name
// a provider, and mean the app's connection to it; where they need the provider itself, it is the name's last word.
func WorkOf(app string) postgres.Work {
	app = cmp.Or(app, "khata")
	prefix := app + "-"
	if app == "khata" {
		prefix = ""
	}
	return postgres.Work{
		App: app, Connections: []string{prefix + string(facts.Razorpay), prefix + string(facts.Stripe)},
		Value: func(v any) any {
			switch v := v.(type) {
			case facts.Provider:
				return prefix + string(v)
			case []facts.Provider:
				out := make([]string, len(v))
				for i, p := range v {
					out[i] = prefix + string(p)
				}
				return out
			}
			return v
		},
	}
}

// ConnectionOf is the connection of a name that is in no app's list yet: whose it is, and to which provider.
func ConnectionOf(connection string) (app string, provider facts.Provider) {
	provider = facts.Provider(connection)
	if i := strings.LastIndexByte(connection, '-'); i > 0 {
		app, provider = connection[:i], facts.Provider(connection[i+1:])
	}
	return app, provider
}

// workFor narrows the service's work to what one provider said.
func (s *Service) workFor(p facts.Provider) postgres.Work {
	w := s.work
	w.Connections = []string{w.Value(p).(string)}
	return w
}

// Plans is the list that is sold.
func (s *Service) Plans() *Plans { return s.plans }

// Sells reports whether a provider is set up.
func (s *Service) Sells(p facts.Provider) bool { return s.gateways[p] != nil }

// gateway returns a provider's gateway, or a NotFound fault when it is not set up.
func (s *Service) gateway(p facts.Provider) (gateway, error) {
	g := s.gateways[p]
	if g == nil {
		return nil, fault.New(fault.NotFound, "This payment provider is not set up here.")
	}
	return g, nil
}

// FormOrigins lists the origins that a checkout leads to, for the form-action
// of the page's content security policy: browsers apply it to redirects too.
func (s *Service) FormOrigins() []string {
	var out []string
	if s.stripe != nil {
		for _, u := range s.stripe.PageURLs() {
			out = append(out, origin(u))
		}
	}
	if s.razorpay != nil {
		out = append(out, origin(s.razorpay.CheckoutURL()))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func origin(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// askers is how many of the billing role's connections may wait for a provider
// on behalf of owners. The worker's loops hold two more and a comparison one:
// the rest of the pool (eight) is free for what answers at once.
const askers = 2

// turn waits for a turn to hold a connection while a provider is asked. A
// provider that is so slow that none is free within seconds is as good as down.
func (s *Service) turn(ctx context.Context) (done func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, 8*time.Second)
	defer cancel()
	select {
	case s.asking <- struct{}{}:
		return func() { <-s.asking }, nil
	case <-ctx.Done():
		return nil, errProviderDown.Because(ctx.Err())
	}
}

func (s *Service) notify(account uuid.UUID) {
	if s.changed != nil && account != uuid.Nil {
		s.changed(account)
	}
}

// keyed is one lock per account, for as long as somebody holds or awaits it.
type keyed struct {
	mu sync.Mutex
	m  map[uuid.UUID]*entryLock
}

type entryLock struct {
	sync.Mutex
	users int
}

func (k *keyed) lock(id uuid.UUID) (unlock func()) {
	k.mu.Lock()
	if k.m == nil {
		k.m = map[uuid.UUID]*entryLock{}
	}
	e := k.m[id]
	if e == nil {
		e = &entryLock{}
		k.m[id] = e
	}
	e.users++
	k.mu.Unlock()
	e.Lock()
	return func() {
		e.Unlock()
		k.mu.Lock()
		defer k.mu.Unlock()
		if e.users--; e.users == 0 {
			delete(k.m, id)
		}
	}
}

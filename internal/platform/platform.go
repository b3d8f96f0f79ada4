// Package platform lets programs of other apps sell with Tijori: their customers by ids of their own, what each has and
// may, and the keys that they ask with. The database decides which app a key is of, and looks a customer up inside that
// app alone (tijori_access.holder); this package never tells it either.
package platform

import (
	"context"
	"crypto/cipher"
	"crypto/ecdsa"
	"log/slog"
	"net/http"
	"sync"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// What a server key may do. Reading what is sold needs no scope.
const (
	ReadCustomers  = "customers:read"  // state, check, invoices, entries
	WriteCustomers = "customers:write" // make customers and their tokens
	SpendCredits   = "credits:spend"   // consume, hold, capture, release
	WriteBilling   = "billing:write"   // checkout, change, cancel, resume, top-ups, the portal
	WriteWebhooks  = "webhooks:write"  // endpoints, and sending again
)

const readPlans = "plans:read"

// Scopes lists what a server key may do.
func Scopes() []string {
	return []string{ReadCustomers, WriteCustomers, SpendCredits, WriteBilling, WriteWebhooks}
}

// An App is what is sold for one app: its plans, and the services that work for it.
type App struct {
	ID      string
	Plans   *billing.Plans
	Billing *billing.Service // nil where no provider is set up for it
	Credits *credits.Service
}

// Config is what a Service stands on.
type Config struct {
	DB    *postgres.DB
	Clock *clock.Clock // the service clock
	Apps  []*App       // those whose plan files are known
	Log   *slog.Logger

	Key         []byte // the installation's, for secrets of webhooks; nil: none can be made
	Development bool   // events may go to this machine
}

// A Service answers programs of apps. Its methods may be called from many goroutines.
type Service struct {
	db     *postgres.DB
	clock  *clock.Clock
	apps   map[string]*App
	log    *slog.Logger
	asking batches[question]
	turns  turns

	seal        cipher.AEAD
	signs       func(app string) (*ecdsa.PrivateKey, error) // of an app's snapshots; nil: there are none
	sender      *http.Client
	development bool
	woken       chan struct{}

	mu   sync.RWMutex
	seen map[[32]byte]string // the app of a key that was good once: a key never changes it

	shadowMu sync.Mutex
	shadows  map[shadowKey]shadowCount // counted and not yet written; nil for none
}

// New returns a service, or what is wrong with the installation's key.
func New(c Config) (*Service, error) {
	seal, err := newSeal(c.Key)
	if err != nil {
		return nil, err
	}
	signs, err := newSigner(c.Key)
	if err != nil {
		return nil, err
	}
	s := &Service{
		signs: signs,
		db:    c.DB, clock: c.Clock, apps: map[string]*App{}, log: c.Log, seen: map[[32]byte]string{}, seal: seal,
		sender: newSender(c.Development), development: c.Development, woken: make(chan struct{}, 1),
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	for _, a := range c.Apps {
		s.apps[a.ID] = a
	}
	s.asking.work = s.answer
	return s, nil
}

// Apps lists the apps that are served.
func (s *Service) Apps() (list []*App) {
	for _, a := range s.apps {
		list = append(list, a)
	}
	return list
}

// App returns a served app by its id, and false when there is none.
func (s *Service) App(id string) (*App, bool) {
	a, ok := s.apps[id]
	return a, ok
}

// The refusals that a program can meet.
var (
	errNoKey = fault.New(fault.Unauthorized, "The key or token is missing, wrong, revoked or has ended.")
	errScope = fault.New(fault.Forbidden, "The key or token may not do this.").Coded("scope_missing")
	// Absent and of another app are the same.
	errNoCustomer = fault.New(fault.NotFound, "There is no such customer.").Coded("no_such_customer")
	errNoPlans    = fault.New(fault.Conflict,
		"This app has no plan file on this server. Name one in TIJORI_APP_PLANS.").Coded("app_not_configured")
)

// told puts into words what the database refuses the holder of a key or token with.
func told(err error) error {
	switch {
	case err == nil:
		return nil
	case fault.Is(err, fault.Unauthorized):
		return errNoKey.Because(err)
	case fault.Is(err, fault.Forbidden):
		return errScope.Because(err)
	case fault.Is(err, fault.NotFound):
		return errNoCustomer.Because(err)
	}
	return err
}

// For returns the app of a key or token, for what its own services do and decide again.
func (s *Service) For(ctx context.Context, h postgres.Holder, needed string) (*App, error) {
	return s.appOf(ctx, h, needed)
}

// Entries lists the changes of a customer's meter, as credits.Service.Entries does.
func (s *Service) Entries(
	ctx context.Context, h postgres.Holder, meter string, before int64, limit int,
) ([]credits.Entry, int64, error) {
	app, err := s.appOf(ctx, h, ReadCustomers)
	if err != nil {
		return nil, 0, err
	}
	list, next, err := app.Credits.EntriesFor(ctx, h, meter, before, limit)
	return list, next, told(err)
}

const maxSeen = 10_000

// appOf returns the app of a key or token that may do what needed says. One that was not seen before may be made up,
// and is asked about first, in a way that the server does not log. Whoever goes on is asked again by the database, so
// that a key which was revoked meanwhile opens nothing.
func (s *Service) appOf(ctx context.Context, h postgres.Holder, needed string) (*App, error) {
	s.mu.RLock()
	id, known := s.seen[h.Credential]
	s.mu.RUnlock()
	if !known {
		var err error
		if id, err = s.db.TryHolder(ctx, h, needed); err != nil {
			return nil, told(err)
		}
		s.mu.Lock()
		if len(s.seen) >= maxSeen {
			clear(s.seen)
		}
		s.seen[h.Credential] = id
		s.mu.Unlock()
	}
	a := s.apps[id]
	if a == nil {
		return nil, errNoPlans
	}
	return a, nil
}

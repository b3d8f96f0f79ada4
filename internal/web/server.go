// Package web serves the pages and the API: one list of routes over the parts
// of the product, each a package below this one, in the frame that they share.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/accounts"
	"github.com/tijorihq/tijori/internal/web/bulk"
	"github.com/tijorihq/tijori/internal/web/development"
	"github.com/tijorihq/tijori/internal/web/door"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/khata"
	"github.com/tijorihq/tijori/internal/web/operators"
	"github.com/tijorihq/tijori/internal/web/plans"
	"github.com/tijorihq/tijori/internal/web/programs"
)

// A Config is what a Server stands on. All fields but Outbox are required.
type Config struct {
	DB             *postgres.DB
	Accounts       *account.Service
	Billing        *billing.Service
	Credits        *credits.Service
	Plans          *billing.Plans
	Clock          *clock.Clock
	Outbox         *mail.Outbox                               // development only; nil hides the outbox page
	Demo           func(context.Context) (demo.Filled, error) // fills the demonstration account; development only, nil elsewhere
	PublicURL      *url.URL                                   // where users reach this server; https sets Secure cookies
	PayOrigins     []string                                   // origins that a checkout may lead to
	Simulated      bool                                       // no real money moves
	Operators      []string                                   // mail addresses of the users who may open /admin, in lower case
	TrustedProxies []netip.Prefix
	Log            *slog.Logger

	limit time.Duration // of a request's work; tests shorten it
}

// How long the HTTP server in front waits.
const (
	ReadTimeout  = frame.ReadTimeout  // for a request to arrive
	WriteTimeout = frame.WriteTimeout // from a request's header to the end of its answer
)

// A Server answers requests. It keeps no state of its own.
type Server struct {
	*frame.Frame
	Accounts    *account.Service
	Billing     *billing.Service
	Credits     *credits.Service
	Outbox      *mail.Outbox
	Demo        func(context.Context) (demo.Filled, error)
	handler     http.Handler
	plans       *plans.Handlers
	khata       *khata.Handlers
	bulk        *bulk.Handlers
	programs    *programs.Handlers
	development *development.Handlers
	operators   *operators.Handlers
	accounts    *accounts.Handlers
	door        *door.Handlers
	arriving    sync.Map // the places of an account for files that arrive, by its id
	reading     sync.Map // and the one for a file that is read
}

// New returns a server for the routes in the list.
func New(c Config) *Server {
	f := frame.New(frame.Config{
		DB: c.DB, Accounts: c.Accounts, Plans: c.Plans, Clock: c.Clock, PublicURL: c.PublicURL, PayOrigins: c.PayOrigins,
		Simulated: c.Simulated, Development: c.Outbox != nil, Operators: c.Operators, TrustedProxies: c.TrustedProxies,
		RequestLimit: c.limit, Log: c.Log,
	})
	s := &Server{Frame: f, Accounts: c.Accounts, Billing: c.Billing, Credits: c.Credits, Outbox: c.Outbox, Demo: c.Demo}
	s.door = &door.Handlers{Frame: f, Accounts: c.Accounts}
	s.accounts = &accounts.Handlers{Frame: f, Accounts: c.Accounts}
	s.operators = &operators.Handlers{Frame: f, Billing: c.Billing, Credits: c.Credits}
	s.development = &development.Handlers{Frame: f, Accounts: c.Accounts, Outbox: c.Outbox, Demo: c.Demo}
	s.programs = &programs.Handlers{Frame: f, Credits: c.Credits}
	s.bulk = &bulk.Handlers{Frame: f}
	s.khata = &khata.Handlers{Frame: f, Accounts: c.Accounts}
	s.plans = &plans.Handlers{Frame: f, Billing: c.Billing, Credits: c.Credits}
	s.handler = f.Handler(routesOf(s), frame.Offers{Carriers: s.plans.Carriers(), Roomier: s.plans.Roomier, Upgrade: s.plans.ServeUpgrade})
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

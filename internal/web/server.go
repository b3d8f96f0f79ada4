// Package web serves the pages and the API: one list of routes, one place that
// decides who may use each, one function that renders errors.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/static"
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
}

// A Server answers requests. It keeps no state of its own.
type Server struct {
	Config
	handler   http.Handler
	limit     time.Duration     // of a request
	carry     map[string]string // by entitlement, the plan that it comes with
	exports   chan struct{}     // a place for each file on its way
	exporting sync.Map          // the places of an account for files that leave, by its id
	arriving  sync.Map          // and for files that arrive
	reading   sync.Map          // and the one for a file that is read
}

// New returns a server for the routes in the list.
func New(c Config) *Server {
	s := &Server{Config: c, limit: requestLimit, exports: make(chan struct{}, maxExports)}
	s.carry = s.Carriers()
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, static.Handler())
	mux.Handle("GET "+static.WorkerPath, static.Worker())
	for i := range routes {
		rt := &routes[i]
		if rt.Development && c.Outbox == nil {
			continue
		}
		mux.Handle(rt.Pattern, s.serve(rt))
	}
	mux.Handle("/", s.serve(&Route{Pattern: "/", Access: Anyone, Handle: (*Server).nothingHere}))
	guard := http.NewCrossOriginProtection()
	// The provider's page posts the customer back from its own origin. The route reads no session and changes nothing.
	guard.AddInsecureBypassPattern("POST " + razorpayCallback)
	guard.SetDenyHandler(s.serve(&Route{Pattern: "/", Access: Anyone, Handle: (*Server).crossOrigin}))
	s.handler = s.outer(guard.Handler(mux))
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Ready reports nil when the database answers and this program may run on its schema.
func (s *Server) Ready(ctx context.Context) error { return s.DB.CheckMigrations(ctx) }

func (s *Server) secure() bool { return s.PublicURL.Scheme == "https" }

// absolute returns the public address of a path.
func (s *Server) Absolute(path string) string {
	return strings.TrimSuffix(s.PublicURL.String(), "/") + path
}

// Package web serves the pages and the API: one list of routes over the parts
// of the product, each a package below this one, in the frame that they share.
package web

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/demo"
	"github.com/tijorihq/tijori/internal/incident"
	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/tracing"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/accesslog"
	"github.com/tijorihq/tijori/internal/watch/probe"
	"github.com/tijorihq/tijori/internal/web/accounts"
	"github.com/tijorihq/tijori/internal/web/apps"
	"github.com/tijorihq/tijori/internal/web/bulk"
	"github.com/tijorihq/tijori/internal/web/development"
	"github.com/tijorihq/tijori/internal/web/door"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/khata"
	"github.com/tijorihq/tijori/internal/web/notmine"
	"github.com/tijorihq/tijori/internal/web/operators"
	"github.com/tijorihq/tijori/internal/web/plans"
	"github.com/tijorihq/tijori/internal/web/portal"
	"github.com/tijorihq/tijori/internal/web/programs"
	"github.com/tijorihq/tijori/internal/web/status"
)

// A Config is what a Server stands on. All fields but Outbox and Machine are required.
type Config struct {
	DB       *postgres.DB
	Accounts *account.Service
	Billing  *billing.Service
	Credits  *credits.Service
	Platform *platform.Service
	Plans    *billing.Plans
	Clock    *clock.Clock
	Outbox   *mail.Outbox // development only; nil hides the outbox page
	// fills the demonstration account; development only, nil elsewhere
	Demo           func(context.Context) (demo.Filled, error)
	PublicURL      *url.URL // where users reach this server; https sets Secure cookies
	PayOrigins     []string // origins that a checkout may lead to
	Simulated      bool     // no real money moves
	Operators      []string // mail addresses of the users who may open /admin, in lower case
	TrustedProxies []netip.Prefix
	Machine        func(context.Context) insight.Machine // what only the program knows of where it runs; may be nil
	Release        string                                // which program answers, "" in tests
	Access         *accesslog.Writer                     // nil: requests are not kept
	Inspector      *watch.Inspector                      // see frame.Config; so are the next two
	InspectEvery   int
	Observe        func(Observation)
	Traces         *tracing.Source // nil: no request is traced
	MarkKey        []byte
	Watch          *watch.Service // what was found in the access log; nil shows none
	Probes         probe.Store    // what the status page shows; nil shows none
	Log            *slog.Logger

	limit, chunk time.Duration // of a request's work, and of a chunk of a file; tests change them
}

// An Observation is what metrics hear of a request.
type Observation = frame.Observation

// How long the HTTP server in front waits.
const (
	ReadTimeout  = frame.ReadTimeout  // for a request to arrive
	WriteTimeout = frame.WriteTimeout // from a request's header to the end of its answer
)

// A Server answers requests. It keeps no state of its own.
type Server struct {
	handler http.Handler
	frame   *frame.Frame
}

// New returns a server for the routes in the list.
func New(c Config) *Server {
	p := newParts(c)
	return &Server{p.Handler(withParts(p.routes()), frame.Offers{
		Carriers: p.plans.Carriers(), Roomier: p.plans.Roomier, Upgrade: p.plans.ServeUpgrade,
	}), p.Frame}
}

// FilesUnderWay is how many files are being made, and how many bytes are reserved for files that are made, leave or
// arrive.
func (s *Server) FilesUnderWay() (making int, reserved int64) { return s.frame.FilesUnderWay() }

// WriteStatusPage writes the status page into a folder, to be served without Tijori.
func WriteStatusPage(folder string, h *probe.History) error { return status.Write(folder, h) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// The parts of the product, in the frame that they share.
type parts struct {
	*frame.Frame
	door        *door.Handlers
	accounts    *accounts.Handlers
	khata       *khata.Handlers
	bulk        *bulk.Handlers
	plans       *plans.Handlers
	programs    *programs.Handlers
	apps        *apps.Handlers
	portal      *portal.Handlers
	operators   *operators.Handlers
	notmine     *notmine.Handlers
	status      *status.Handlers
	development *development.Handlers
}

func newParts(c Config) *parts {
	f := frame.New(frame.Config{
		DB: c.DB, Accounts: c.Accounts, Plans: c.Plans, Clock: c.Clock, PublicURL: c.PublicURL,
		PayOrigins: c.PayOrigins,
		Simulated:  c.Simulated, Development: c.Outbox != nil, Operators: c.Operators, TrustedProxies: c.TrustedProxies,
		RequestLimit: c.limit, ChunkLimit: c.chunk, Access: c.Access, MarkKey: c.MarkKey, Inspector: c.Inspector,
		InspectEvery: c.InspectEvery, Observe: c.Observe, Traces: c.Traces, Log: c.Log,
	})
	return &parts{
		Frame:    f,
		door:     &door.Handlers{Frame: f, Accounts: c.Accounts},
		accounts: &accounts.Handlers{Frame: f, Accounts: c.Accounts},
		khata:    &khata.Handlers{Frame: f, Accounts: c.Accounts},
		bulk:     bulk.New(f),
		plans:    &plans.Handlers{Frame: f, Billing: c.Billing, Credits: c.Credits},
		programs: &programs.Handlers{Frame: f, Credits: c.Credits},
		apps:     &apps.Handlers{Frame: f, Platform: c.Platform},
		portal:   &portal.Handlers{Frame: f, Accounts: c.Accounts, Platform: c.Platform},
		notmine: &notmine.Handlers{
			Frame: f, Accounts: c.Accounts, Incidents: incident.New(c.DB), Release: c.Release,
		},
		operators: &operators.Handlers{
			Platform: c.Platform,
			Frame:    f, Billing: c.Billing, Credits: c.Credits, Desk: insight.New(c.DB, billing.Khata.App),
			Incidents: incident.New(c.DB), Machine: c.Machine, Watch: c.Watch,
		},
		status:      &status.Handlers{Frame: f, Probes: c.Probes},
		development: &development.Handlers{Frame: f, Accounts: c.Accounts, Outbox: c.Outbox, Demo: c.Demo},
	}
}

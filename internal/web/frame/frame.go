// Package frame is what all parts of the web server share: the routing table,
// admission, the way to the database, rendering, errors, forms, downloads and limits.
// It imports no part; what it needs of one, it is given.
package frame

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/spool"
	"github.com/tijorihq/tijori/internal/tracing"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/accesslog"
	"github.com/tijorihq/tijori/internal/web/static"
)

// A Config is what a Frame stands on. All fields but the last two limits are required.
type Config struct {
	DB             *postgres.DB
	Accounts       *account.Service
	Plans          *billing.Plans
	Clock          *clock.Clock
	PublicURL      *url.URL          // where users reach this server; https sets Secure cookies
	PayOrigins     []string          // origins that a checkout may lead to
	Simulated      bool              // no real money moves
	Development    bool              // serves the routes of a development set-up
	Operators      []string          // mail addresses of the users who may open /admin, in lower case
	TrustedProxies []netip.Prefix    // whose X-Forwarded-For is believed
	RequestLimit   time.Duration     // of a request's work; 0 means 25 seconds
	ChunkLimit     time.Duration     // of one chunk of a file to leave; 0 means 30 seconds
	Access         *accesslog.Writer // nil: requests are not kept
	Inspector      *watch.Inspector  // nil: nobody looks whether answers hold what is another account's
	InspectEvery   int               // one answer in so many is looked at; 0 means 8
	Traces         *tracing.Source   // nil: no request is traced
	Observe        func(Observation) // hears of each request at its end, and must not wait; nil: nobody does
	MarkKey        []byte            // of marks of addresses in the access log; secret, the same on all nodes
	Log            *slog.Logger
}

// Offers is what the frame asks of the part that sells plans.
type Offers struct {
	Carriers map[string]string     // by entitlement, the name of the plan that it comes with
	Roomier  func(*Request) string // names the plan that holds more parties than the caller's, "" when none does
	// Upgrade answers a refusal that another plan would lift. It reports false when it has answered nothing.
	Upgrade func(http.ResponseWriter, *Request, *fault.Fault) bool
}

// A Frame is what all parts of the server share: admission, the way to the
// database, rendering, errors and limits. It keeps no state of its own but who
// holds which slot.
type Frame struct {
	Plans     *billing.Plans
	Clock     *clock.Clock
	Log       *slog.Logger
	Simulated bool // no real money moves

	answers              atomic.Int64 // that could be looked at
	Reads, OperatorReads Pace         // of this node

	config Config
	offers Offers
	limit  time.Duration // of a request
	chunk  time.Duration // of a chunk of a file
	making *Slots        // for files that leave
	spool  *spool.Store  // of files that leave and files that arrive
}

// New returns a frame without routes.
func New(c Config) *Frame {
	f := &Frame{
		Plans: c.Plans, Clock: c.Clock, Log: c.Log, Simulated: c.Simulated, config: c,
		limit: c.RequestLimit, making: NewSlots(maxMaking, maxOwnMaking, errMaking, errOwnMaking),
		spool: spool.NewStore(spoolSize, ownSpoolSize),
	}
	if len(c.MarkKey) == 0 { // marks of this run, which nobody compares with another's
		f.config.MarkKey = make([]byte, 32)
		if _, err := rand.Read(f.config.MarkKey); err != nil {
			panic(err) // documented never to happen
		}
	}
	f.limit, f.chunk = cmp.Or(f.limit, requestLimit), cmp.Or(c.ChunkLimit, chunkLimit)
	return f
}

// Handler serves the routes of a list, and static files beside them.
func (f *Frame) Handler(routes []Route, offers Offers) http.Handler {
	f.offers = offers
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, static.Handler())
	mux.Handle("GET "+static.WorkerPath, static.Worker())
	guard := http.NewCrossOriginProtection()
	asked := map[string][]string{} // methods by path, of what pages of other sites may use
	for i := range routes {
		rt := &routes[i]
		if rt.Development && !f.config.Development {
			continue
		}
		mux.Handle(rt.Pattern, f.serve(rt))
		if rt.Foreign || rt.Access.inBrowsers() {
			guard.AddInsecureBypassPattern(rt.Pattern)
		}
		if method, path, _ := strings.Cut(rt.Pattern, " "); rt.Access.inBrowsers() {
			asked[path] = append(asked[path], method)
		}
	}
	for path, methods := range asked {
		mux.Handle("OPTIONS "+path, preflight(methods))
	}
	mux.Handle("/", f.serve(&Route{Pattern: "/", Access: Anyone, Handle: f.nothingHere}))
	guard.SetDenyHandler(f.serve(&Route{Pattern: "/", Access: Anyone, Handle: f.crossOrigin}))
	return f.outer(guard.Handler(mux))
}

func (f *Frame) secure() bool { return f.config.PublicURL.Scheme == "https" }

// Absolute returns the public address of a path.
func (f *Frame) Absolute(path string) string {
	return strings.TrimSuffix(f.config.PublicURL.String(), "/") + path
}

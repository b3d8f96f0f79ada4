package frame

import (
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
)

// An Access says who may use a route. Rights are those in the business that the
// path names, or in the session's account where the path names none.
type Access int

const (
	Anyone     Access = iota // no session needed
	SignedIn                 // a session, whatever the role
	Member                   // every member, whatever the role
	SeesTotals               // members with the right of this name; so on for the next three
	AddsEntries
	RunsKhata
	Owns
	Operator // who runs this server; everybody else gets 404
	Program  // an API key, in the header Authorization; no session
	Server   // a server key of an app, likewise, and nothing else of an app's
	Customer // a server key of an app, or a token of one of its customers
	Sold     // any key or token of an app
)

// OfApp reports whether what opens a route is an app's. The database says which app it is, and what it may.
func (a Access) OfApp() bool { return a == Server || a == Customer || a == Sold }

// keyed reports whether a route takes a key in the header Authorization, and no session.
func (a Access) keyed() bool { return a == Program || a.OfApp() }

// inBrowsers reports whether pages of an app may use a route: what they hold is bound to them, or no secret.
func (a Access) inBrowsers() bool { return a == Customer || a == Sold }

// Admits reports whether a member with these rights may use a route.
func (a Access) Admits(r role.Rights) bool {
	switch a {
	case Member:
		return true
	case SeesTotals:
		return r.SeesTotals
	case AddsEntries:
		return r.AddsEntries
	case RunsKhata:
		return r.RunsKhata
	case Owns:
		return r.Owns
	}
	return false
}

// A Handler answers a request, or returns the error that the frame renders.
type Handler = func(http.ResponseWriter, *Request) error

// A Route is one line of the list of routes.
type Route struct {
	Pattern     string
	Access      Access
	Handle      Handler
	MaxBody     int64       // bytes; 0 means maxForm, parsed as a form
	Secret      bool        // the path holds a token: no referrer, no index
	KeepsFlash  bool        // not a page
	Foreign     bool        // a form of another site may post here: it reads no session and changes nothing
	Unlogged    bool        // machines ask it every few seconds; nobody's data
	Development bool        // exists in a development set-up only
	Part        freeze.Part // of the product, which may be frozen; the list of routes sets it
	Limit       *Limit      // how often an account may use it; nil: as often as it likes
}

// A Limit is how often what costs more than a page may be used within a window, on all nodes: by one account, and by
// all together, which protects what is shared, such as our standing with a provider.
type Limit struct {
	Name        string
	Most, InAll int
	Window      time.Duration
}

// The limits. People do not come near them.
var (
	CallsProvider = &Limit{"provider calls", 60, 3000, 10 * time.Minute}
	MakesFile     = &Limit{"files made", 120, 6000, 10 * time.Minute}
	TakesFile     = &Limit{"files taken", 60, 3000, 10 * time.Minute}
	Reports       = &Limit{"reports", 10, 1000, time.Hour}
	WritesMany    = &Limit{"many rows", 240, 12000, 10 * time.Minute}
)

// admit checks a route's access against a scope.
func (rt *Route) admit(scope postgres.Scope) error {
	switch rt.Access {
	case Anyone, SignedIn:
		return nil
	case Operator:
		return fault.New(fault.NotFound, "Page not found.")
	}
	if scope.AccountID == uuid.Nil {
		return fault.New(fault.NotFound, "Page not found.")
	}
	if !rt.Access.Admits(scope.Rights) {
		return fault.New(fault.Forbidden, "Your role does not allow this.")
	}
	return nil
}

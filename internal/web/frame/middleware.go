package frame

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/tracing"
)

const MaxForm = 64 << 10 // bytes of a form or an API body

type contextKey int

const requestIDKey contextKey = 0

// outer sets what every answer carries, and turns a panic into an error page.
func (f *Frame) outer(next http.Handler) http.Handler {
	policy := strings.Join([]string{
		"default-src 'self'", "img-src 'self' data:", "base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'",
		"worker-src 'self'", "manifest-src 'self'",
		"form-action 'self' " + strings.Join(f.config.PayOrigins, " "),
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		if f.secure() {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		// No page is ever another visitor's: what is not a static file is never kept. The static handler overrides
		// this.
		h.Set("Cache-Control", "private, no-store")
		h.Add("Vary", "Cookie")
		id := newRequestID()
		h.Set("X-Request-Id", id)
		if f.Simulated && !thisMachine(r.Host) {
			// A page elsewhere could give its own name our address; the outbox is open to whoever reaches it.
			http.Error(w, "A development set-up answers to this machine's own names only.",
				http.StatusMisdirectedRequest)
			return
		}
		if f.Simulated && forwarded(r.Header) { // a proxy brings strangers, whatever the name that it asks for
			http.Error(w,
				"A development set-up does not answer through a proxy. Set the keys of Razorpay or Stripe to serve others.", http.StatusMisdirectedRequest)
			return
		}
		defer func() {
			v := recover()
			if v == nil {
				return
			}
			if v == http.ErrAbortHandler {
				panic(v)
			}
			f.Log.Error("panic", "request", id, "method", r.Method, "value", v, "stack", string(debug.Stack()))
			http.Error(w, "Something went wrong. Request "+id, http.StatusInternalServerError)
		}()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestIDKey, id)))
	})
}

// thisMachine reports whether a Host header names this machine itself.
func thisMachine(host string) bool {
	name, _, err := net.SplitHostPort(host)
	if err != nil {
		name = host
	}
	if name == "localhost" || strings.HasSuffix(name, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(strings.Trim(name, "[]"))
	return err == nil && ip.IsLoopback()
}

// forwarded reports whether a proxy, a tunnel or a content network has handed the request on.
func forwarded(h http.Header) bool {
	for name := range h {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || name == "True-Client-Ip" ||
			name == "Client-Ip" ||
			strings.HasPrefix(name, "X-Forwarded-") || strings.HasPrefix(name, "X-Original-") ||
			strings.HasPrefix(name, "Cf-") || strings.HasPrefix(name, "X-Envoy-") {
			return true
		}
	}
	return false
}

// newRequestID begins with the second of the request, so that whoever has the id finds it in the access log without
// being told the day.
func newRequestID() string {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], uint32(time.Now().Unix()))
	if _, err := rand.Read(b[4:]); err != nil {
		panic(err) // documented never to happen
	}
	return hex.EncodeToString(b[:])
}

// serve wraps a route's handler: body limit, session, business of the path,
// and errors. Nothing of a tenant is read here; handlers do, through the caller.
func (f *Frame) serve(rt *Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, hr *http.Request) {
		id, _ := hr.Context().Value(requestIDKey).(string)
		ctx, usage := postgres.WithUsage(hr.Context())
		ctx, span := tracing.Start(f.config.Traces.With(ctx), tracing.Server, rt.Pattern)
		out := &answer{ResponseWriter: w}
		w = out
		r := &Request{
			Request: hr.WithContext(ctx), f: f, w: w, route: rt, ID: id, Token: f.sessionToken(hr),
			began: time.Now(), answer: out, usage: usage, span: span,
		}
		end := r.begin(f.limit)
		defer end()
		r.need(rt.Part)
		defer r.keep()
		if rt.Access.inBrowsers() {
			allowPages(w.Header())
		}
		if rt.Secret {
			w.Header().Set("Referrer-Policy", "no-referrer")
			w.Header().Set("X-Robots-Tag", "noindex")
		}
		if err := f.enter(w, r); err != nil {
			f.serveError(w, r, err)
			return
		}
		if err := rt.Handle(w, r); err != nil {
			f.serveError(w, r, err)
		}
		took := time.Since(r.began)
		if pace := f.paceOf(rt); pace != nil {
			pace.add(r.began, took)
		}
		f.Log.Debug("request", "request", id, "method", hr.Method, "route", rt.Pattern, "took", took)
	})
}

func (f *Frame) enter(w http.ResponseWriter, r *Request) error {
	limit := int64(MaxForm)
	if r.route.MaxBody > 0 {
		limit = r.route.MaxBody
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit)
	if r.route.Access.keyed() {
		if err := r.enterProgram(); err != nil {
			return err
		}
		if err := r.enterAnyone(); err != nil {
			return err
		}
		if err := r.checkPath(); err != nil {
			return err
		}
		return r.checkIDs()
	}
	if r.Token != "" {
		r.Caller.Credential = account.Hash(r.Token)
	}
	r.Flash = f.takeFlash(w, r)
	if err := r.enterAnyone(); err != nil {
		return err
	}
	if r.route.Access != Anyone && r.Token == "" {
		return fault.New(fault.Unauthorized, "Please sign in.")
	}
	if err := r.checkPath(); err != nil {
		return err
	}
	if err := r.checkIDs(); err != nil {
		return err
	}
	if r.PathValue("business") != "" {
		r.Caller.Business = r.PathID("business")
	}
	if r.Method == http.MethodPost && r.route.MaxBody == 0 && !r.wantsJSON() {
		if err := r.ParseForm(); err != nil {
			return fault.New(fault.Invalid, "This form is out of date. Reload the page.").Because(err)
		}
		for _, form := range []url.Values{r.PostForm, r.Form} {
			for i, phone := range form["phone"] { // copied numbers come with marks that nobody sees
				form["phone"][i] = ledger.WithoutMarks(phone)
			}
		}
		if !Storable(r.PostForm) {
			return fault.New(fault.Invalid, "This form is out of date. Reload the page.")
		}
		if err := r.prove(); err != nil {
			return err
		}
	}
	if r.route.Access == SignedIn && freeze.Needed(r.Context()) != 0 { // its handler may ask as the sign-in role alone
		if err := r.Read(nil); err != nil {
			return err
		}
	}
	// After who may not use the route at all was refused. Where anybody may come with a link, the handler counts
	// against the customer whom it is of (Throttle).
	if limit := r.route.Limit; limit != nil && r.route.Access != Anyone {
		if err := r.Read(nil); err != nil {
			return err
		}
		return r.f.config.Accounts.ThrottleAccount(r.Context(), limit.Name, r.Person.AccountID, limit.Most, limit.InAll,
			limit.Window)
	}
	if r.route.Access == Operator { // before the handler, which reaches what belongs to no tenant
		return r.enterOperator()
	}
	return nil
}

// enterAnyone refuses a route that anybody, or an app, may use while its part is frozen for everybody. Of all others
// the database says so with the scope.
func (r *Request) enterAnyone() error {
	if r.route.Access != Anyone && !r.route.Access.OfApp() || freeze.Needed(r.Context()) == 0 {
		return nil
	}
	frozen, err := r.f.config.DB.FrozenForAll(r.Context())
	if err != nil {
		return err
	}
	return postgres.CheckFrozen(r.Context(), frozen)
}

// checkPath refuses what is no id of anybody, and nothing to ask the database.
func (r *Request) checkPath() error {
	if strings.ContainsRune(r.URL.Path, 0) || !utf8.ValidString(r.URL.Path) {
		return fault.New(fault.NotFound, "Page not found.")
	}
	return nil
}

// enterProgram takes the API key. Whose it is, and what it may do, the database
// says to the handler's first question. A session is no key: a cookie opens nothing here.
func (r *Request) enterProgram() error {
	r.Token = ""
	key := bearer(r.Request)
	if key == "" {
		return fault.New(fault.Unauthorized, "The API key is missing, wrong or revoked.")
	}
	if serverKey.MatchString(key) && r.Header.Get("Origin") != "" {
		return errInBrowser
	}
	r.Caller.Credential = credits.HashKey(key)
	return nil
}

// serverKey are keys that no browser may hold: a page that sends one has given it away.
var (
	serverKey    = regexp.MustCompile(`^tj_(live|test)_sk_`)
	errInBrowser = fault.New(fault.Forbidden,
		"A server key was sent from a web page, so its visitors can read it. Revoke it, and use a customer token there.").
		Coded("server_key_in_browser")
)

// Look fills in who is signed in on a page that anybody may open. A session
// that has ended is forgotten, not an error.
func (r *Request) Look() error {
	if r.Token == "" || r.Known {
		return nil
	}
	err := r.Read(nil)
	if fault.Is(err, fault.Unauthorized) {
		r.f.EndSession(r.w)
		r.Token = ""
		return nil
	}
	return err
}

// bearer is the API key of a request, "" when it has none. A key in the address
// would end up in logs, and in a cookie a browser would send it by itself: neither is read.
func bearer(r *http.Request) string {
	scheme, key, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(key) > 128 {
		return ""
	}
	return strings.TrimSpace(key)
}

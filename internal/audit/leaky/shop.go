// Package leaky is a small invoicing shop with one switchable flaw of every
// kind that the auditor looks for. It is test data, and the demonstration:
// `tijori audit demo` starts it on this machine, audits it and shows the
// report, which has to work from a released binary without anything else. So
// this package, which is small, in memory and built on the standard library
// alone, is compiled in, and nothing but that command and tests may import it.
package leaky

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// A Flaw is a mistake that the shop can make.
type Flaw string

// The flaws, as they are met in products.
const (
	ReadByPath     Flaw = "read-by-path"     // an id in the path without an owner check
	ReadByQuery    Flaw = "read-by-query"    // the same in the query
	ReadByJSON     Flaw = "read-by-json"     // in a JSON body
	ReadByForm     Flaw = "read-by-form"     // in a form
	ReadByAccount  Flaw = "read-by-account"  // a list filtered by an account id from the request
	ReadByMix      Flaw = "read-by-mix"      // the path is checked, and the body decides
	ReadByMethod   Flaw = "read-by-method"   // only GET is guarded
	ReadByHeader   Flaw = "read-by-header"   // a header that proxies set opens everything
	ReadByRole     Flaw = "read-by-role"     // the clerk sees what only the owner may
	WriteByHidden  Flaw = "write-by-hidden"  // the account in a hidden field is believed
	WriteByPath    Flaw = "write-by-path"    // an update without an owner check
	WriteByRole    Flaw = "write-by-role"    // the clerk changes what only the owner may
	DeleteByPath   Flaw = "delete-by-path"   // a deletion without an owner check
	PaidForFree    Flaw = "paid-for-free"    // the export does not ask for the plan
	BatchForFree   Flaw = "batch-for-free"   // nor does the batch
	QuotaRaced     Flaw = "quota-raced"      // counts, then inserts
	CreditsRaced   Flaw = "credits-raced"    // reads the balance, then writes it
	CacheShared    Flaw = "cache-shared"     // the cache's key lacks the session
	CacheDeceived  Flaw = "cache-deceived"   // whatever ends in .css is cached
	CacheAllowed   Flaw = "cache-allowed"    // "public" on a personal page
	CacheSilent    Flaw = "cache-silent"     // nothing about caches on a personal page
	CookieCached   Flaw = "cookie-cached"    // Set-Cookie on a page that caches keep
	PageFields     Flaw = "page-fields"      // the page's data holds more than the page
	SecretFields   Flaw = "secret-fields"    // JSON with a password hash
	ThirdParty     Flaw = "third-party"      // a foreign script on a signed-in page
	OpenCORS       Flaw = "open-cors"        // any origin may read with credentials
	NoCSRF         Flaw = "no-csrf"          // posts from other sites count
	OpenRedirect   Flaw = "open-redirect"    // next=//evil
	WeakCookie     Flaw = "weak-cookie"      // readable by scripts, sent by other sites, for all subdomains
	NoHeaders      Flaw = "no-headers"       // framing and sniffing allowed
	SignOutKeeps   Flaw = "sign-out-keeps"   // the session lives on after signing out
	HookUnsigned   Flaw = "hook-unsigned"    // believes anybody
	HookWrong      Flaw = "hook-wrong"       // looks for a signature and does not verify it
	HookEmpty      Flaw = "hook-empty"       // accepts what an empty secret has signed
	HookEnded      Flaw = "hook-ended"       // accepts a secret that was rotated away
	HookReencoded  Flaw = "hook-reencoded"   // verifies what it has parsed and written anew
	HookStale      Flaw = "hook-stale"       // no limit of age
	HookRepeated   Flaw = "hook-repeated"    // grants again for the same event
	HookLate       Flaw = "hook-late"        // an old event undoes a newer one
	HookOtherMode  Flaw = "hook-other-mode"  // test events pay
	HookAccount    Flaw = "hook-account"     // events of another account of the provider count
	HookProduct    Flaw = "hook-product"     // whatever was bought counts as this product
	HookOKOnError  Flaw = "hook-ok-on-error" // 200, whatever happened
	HookUnpaid     Flaw = "hook-unpaid"      // active without a payment
	HookLost       Flaw = "hook-lost"        // remembers the event, then fails to apply it
	HookDropsEarly Flaw = "hook-drops-early" // acknowledges and drops what it does not know yet
	HookUnbounded  Flaw = "hook-unbounded"   // reads a body of any size
	BrowserStorage Flaw = "browser-storage"  // a script keeps the session where every script reads it
	BrowserURL     Flaw = "browser-url"      // signing in leads to an address with the session in it
	BrowserWorker  Flaw = "browser-worker"   // the service worker keeps personal pages
)

// Flaws are all of them.
func Flaws() []Flaw {
	return []Flaw{
		ReadByPath, ReadByQuery, ReadByJSON, ReadByForm, ReadByAccount, ReadByMix, ReadByMethod, ReadByHeader,
		ReadByRole,
		WriteByHidden, WriteByPath, WriteByRole, DeleteByPath, PaidForFree, BatchForFree, QuotaRaced, CreditsRaced,
		CacheShared, CacheDeceived, CacheAllowed, CacheSilent, CookieCached, PageFields, SecretFields,
		ThirdParty, OpenCORS, NoCSRF,
		OpenRedirect, WeakCookie, NoHeaders, SignOutKeeps, HookUnsigned, HookWrong, HookEmpty, HookEnded,
		HookReencoded, HookStale,
		HookRepeated, HookLate, HookOtherMode, HookAccount, HookProduct, HookOKOnError, HookUnpaid, HookLost,
		HookDropsEarly, HookUnbounded, BrowserStorage, BrowserURL, BrowserWorker,
	}
}

type user struct {
	mail, password, account, role string
}

type account struct {
	id, plan      string
	credits       int64
	parties       []string
	subscriptions map[string]*subscription
}

type invoice struct {
	ID       string `json:"id"`
	Account  string `json:"account_id"`
	Customer string `json:"customer"`
	Note     string `json:"note"`
	Amount   int    `json:"amount"`
}

type subscription struct {
	active  bool
	seen    int64 // the time of the newest event applied
	account string
}

// quota is how many parties a Free account may have.
const quota = 5

// A Shop is the running product.
type Shop struct {
	flaws map[Flaw]bool
	mux   *http.ServeMux

	mu        sync.Mutex
	users     map[string]*user // by session
	people    []*user
	accounts  map[string]*account
	invoices  map[string]*invoice
	customers map[string]string // the provider's customer to the account
	seen      map[string]bool   // events
	cache     map[string]cached
}

type cached struct {
	header http.Header
	body   []byte
}

// New is a shop with the given flaws.
func New(flaws ...Flaw) *Shop {
	s := &Shop{
		flaws: map[Flaw]bool{}, mux: http.NewServeMux(), users: map[string]*user{}, accounts: map[string]*account{},
		invoices: map[string]*invoice{}, customers: map[string]string{}, seen: map[string]bool{},
		cache: map[string]cached{},
	}
	for _, f := range flaws {
		s.flaws[f] = true
	}
	for _, a := range []account{{id: "acct-asha", plan: "free", credits: 1000}, {
		id: "acct-bina", plan: "free",
		credits: 1000,
	}, {id: "acct-cara", plan: "pro", credits: 1000}} {
		a.subscriptions = map[string]*subscription{}
		s.accounts[a.id] = &a
	}
	s.people = []*user{
		{"asha@shop.example", "asha-password", "acct-asha", "owner"},
		{"clerk@shop.example", "clerk-password", "acct-asha", "clerk"},
		{"bina@shop.example", "bina-password", "acct-bina", "owner"},
		{"cara@shop.example", "cara-password", "acct-cara", "owner"},
	}
	s.routes()
	return s
}

// Listen opens the shop on this machine, on any port, and nowhere else.
func Listen() (net.Listener, error) { return net.Listen("tcp", "127.0.0.1:0") }

func (s *Shop) has(f Flaw) bool { return s.flaws[f] }

func (s *Shop) routes() {
	s.mux.HandleFunc("GET /{$}", s.home)
	s.mux.HandleFunc("GET /login", s.loginForm)
	s.mux.HandleFunc("POST /login", s.login)
	s.mux.HandleFunc("POST /logout", s.logout)
	s.mux.HandleFunc("GET /me", s.signedIn(s.me))
	s.mux.HandleFunc("GET /receipts", s.signedIn(s.receipts))
	s.mux.HandleFunc("/invoices/{id}", s.signedIn(s.invoicePage))
	s.mux.HandleFunc("POST /invoices", s.signedIn(s.addInvoice))
	s.mux.HandleFunc("POST /invoices/{id}/edit", s.signedIn(s.editInvoice))
	s.mux.HandleFunc("POST /invoices/{id}/delete", s.signedIn(s.deleteInvoice))
	s.mux.HandleFunc("GET /api/invoice", s.signedIn(s.invoiceByQuery))
	s.mux.HandleFunc("POST /api/search", s.signedIn(s.invoiceByJSON))
	s.mux.HandleFunc("POST /api/print", s.signedIn(s.invoiceByForm))
	s.mux.HandleFunc("GET /api/invoices", s.signedIn(s.listInvoices))
	s.mux.HandleFunc("POST /api/invoices/{id}/send", s.signedIn(s.sendInvoice))
	s.mux.HandleFunc("GET /api/me", s.signedIn(s.apiMe))
	s.mux.HandleFunc("GET /bank", s.signedIn(s.bank))
	s.mux.HandleFunc("POST /bank", s.signedIn(s.setBank))
	s.mux.HandleFunc("GET /export.csv", s.signedIn(s.export))
	s.mux.HandleFunc("POST /api/batch", s.signedIn(s.batch))
	s.mux.HandleFunc("GET /api/parties", s.signedIn(s.parties))
	s.mux.HandleFunc("POST /api/parties", s.signedIn(s.addParty))
	s.mux.HandleFunc("POST /api/parties/clear", s.signedIn(s.clearParties))
	s.mux.HandleFunc("POST /api/consume", s.signedIn(s.consume))
	s.mux.HandleFunc("GET /api/billing", s.signedIn(s.billing))
	s.mux.HandleFunc("POST /webhooks/stripe", s.stripe)
	s.mux.HandleFunc("POST /webhooks/razorpay", s.razorpay)
	s.mux.HandleFunc("GET /assets/app.js", s.script)
	s.mux.HandleFunc("GET /sw.js", s.worker)
	s.mux.HandleFunc("GET /api/session", s.signedIn(s.session))
	s.mux.HandleFunc("GET /assets/app.css", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		w.Header().Set("Content-Type", "text/css")
		if _, err := w.Write([]byte("body{font-family:sans-serif}")); err != nil {
			return
		}
	})
}

// ServeHTTP is the shop with its headers, its check of origins, and its cache in front.
func (s *Shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if !s.has(NoHeaders) {
		h.Set("Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
	}
	h.Set("Cache-Control", "private, no-store")
	if o := r.Header.Get("Origin"); o != "" && s.has(OpenCORS) {
		h.Set("Access-Control-Allow-Origin", o)
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Add("Vary", "Origin")
	}
	hook := strings.HasPrefix(r.URL.Path, "/webhooks/")
	if !s.has(NoCSRF) && !hook && r.Method != http.MethodGet && r.Method != http.MethodHead {
		if o := r.Header.Get("Origin"); o != "" && o != "http://"+r.Host ||
			r.Header.Get("Sec-Fetch-Site") == "cross-site" {
			http.Error(w, "this request comes from another site", http.StatusForbidden)
			return
		}
	}
	if !hook {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	}
	s.cacheInFront(w, r)
}

// who is the user of the session, or nil.
func (s *Shop) who(r *http.Request) *user {
	c, err := r.Cookie("session")
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.users[c.Value]
}

type page func(http.ResponseWriter, *http.Request, *user)

func (s *Shop) signedIn(next page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		u := s.who(r)
		if u == nil && s.has(ReadByHeader) && r.Header.Get("X-Middleware-Subrequest") != "" {
			u = s.people[0]
		}
		if u == nil {
			http.Error(w, "sign in first", http.StatusUnauthorized)
			return
		}
		next(w, r, u)
	}
}

func (s *Shop) loginForm(w http.ResponseWriter, r *http.Request) {
	show(w, `<form method="post" action="/login"><input type="hidden" name="next" value="{{.}}">
<input name="email"><input name="password" type="password"><button>Sign in</button></form>`, r.FormValue("next"))
}

func (s *Shop) login(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, u := range s.people {
		if u.mail == r.FormValue("email") && u.password == r.FormValue("password") {
			token := rand.Text()
			s.users[token] = u
			http.SetCookie(w, s.cookie(token))
			next := r.FormValue("next")
			if !s.has(OpenRedirect) && (!strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") ||
				strings.ContainsAny(next, "\\\t\r\n")) {
				next = "/me"
			}
			if next == "" {
				next = "/me"
			}
			if s.has(BrowserURL) && next == "/me" {
				next += "?session_token=" + token
			}
			w.Header().Set("Location", next)
			w.WriteHeader(http.StatusSeeOther)
			return
		}
	}
	http.Error(w, "wrong address or password", http.StatusUnauthorized)
}

func (s *Shop) cookie(token string) *http.Cookie {
	c := &http.Cookie{Name: "session", Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	if s.has(WeakCookie) {
		c.HttpOnly = false
	}
	if s.has(WeakCookie) || s.has(NoCSRF) {
		c.SameSite = 0
	}
	return c
}

func (s *Shop) logout(w http.ResponseWriter, r *http.Request) {
	if c, err := r.Cookie("session"); err == nil && !s.has(SignOutKeeps) {
		s.mu.Lock()
		delete(s.users, c.Value)
		s.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{
		Name: "session", Path: "/", MaxAge: -1, HttpOnly: true,
		SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, "/login", http.StatusSeeOther)
}

func show(w http.ResponseWriter, text string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	t := template.Must(template.New("").Parse("<!doctype html><title>Shop</title><body>" + text))
	if err := t.Execute(w, data); err != nil {
		http.Error(w, "it broke", http.StatusInternalServerError)
	}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		http.Error(w, "it broke", http.StatusInternalServerError)
	}
}

func newID() string { return strings.ToLower(rand.Text()[:12]) }

// pause lets others run between a look and a deed, as a round trip to a database does.
func pause() { time.Sleep(3 * time.Millisecond) }

// fields are the values of a form or of JSON, whichever was sent.
func fields(r *http.Request) (map[string]any, error) {
	out := map[string]any{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.NewDecoder(r.Body).Decode(&out); err != nil {
			return nil, errors.New("this is no JSON")
		}
		return out, nil
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	for name := range r.PostForm {
		out[name] = r.PostForm.Get(name)
	}
	return out, nil
}

func word(f map[string]any, name string) string {
	if v, ok := f[name]; ok {
		return fmt.Sprint(v)
	}
	return ""
}

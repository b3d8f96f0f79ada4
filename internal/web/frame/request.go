package frame

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/freeze"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/tracing"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A Request is an HTTP request with who is asking. Handlers reach the database
// through its doors only (Read, As and their kin), which hold the route's roles against the caller's.
type Request struct {
	*http.Request
	f      *Frame
	w      http.ResponseWriter // handlers are given it too
	route  *Route
	ID     string          // request id, shown in errors and logged
	Token  string          // session token, "" when signed out
	Caller postgres.Caller // with the business of the path
	Person account.Person  // filled by Read
	Rights role.Rights     // of the caller in the business or account; filled by Read
	Today  time.Time       // the day it is in the business, as the database says; filled by Read
	Known  bool            // Person, Rights and Today are filled
	Flash  *ui.Flash

	spoken   string // the language of the link that was opened
	strong   bool   // of an operator's session: it was proved by more than a password
	unproven error  // why the proof that came with a form is none

	began     time.Time
	answer    *answer
	usage     *postgres.Usage
	span      tracing.Span
	frameRows int    // of usage, that the page's frame shows
	refusal   error  // that the frame rendered
	denied    bool   // see Deny
	object    string // what the request is about, where the path does not say it

	whole  context.Context // without a limit on its time
	cancel context.CancelFunc
	long   bool // its transactions may last
}

// Read runs queries in one round trip together with what the page's frame
// shows, and fails when the caller's role may not use the route.
func (r *Request) Read(queue func(postgres.Scope, *pgx.Batch)) error {
	var person account.Person
	scope, err := r.f.config.DB.Read(r.Context(), r.Caller, func(scope postgres.Scope, b *pgx.Batch) {
		person = account.Person{}
		account.QueuePerson(b, &person)
		if queue != nil {
			queue(scope, b)
		}
	})
	if err != nil {
		return err
	}
	r.Person, r.Rights, r.Today, r.Known = person, scope.Rights, scope.Today, true
	r.frameRows += 1 + len(person.Businesses)
	r.slide()
	if err := r.Admit(scope); err != nil {
		return err
	}
	r.rememberShop()
	return nil
}

// As runs fn in the caller's transaction, and fails before it when the caller's role may not use the route.
func (r *Request) As(fn func(*postgres.Tx) error) error {
	return r.as(r.Caller, fn)
}

// AsPage is As for a page: the same transaction reads what the page's frame
// shows, and the request knows it before fn runs: in which currency a form is read, for example.
func (r *Request) AsPage(fn func(*postgres.Tx) error) error {
	err := r.As(func(tx *postgres.Tx) error {
		var b pgx.Batch
		var person account.Person
		account.QueuePerson(&b, &person)
		if err := tx.SendBatch(r.Context(), &b).Close(); err != nil {
			return err
		}
		r.Person, r.Rights, r.Today, r.Known = person, tx.Scope.Rights, tx.Scope.Today, true
		r.frameRows += 1 + len(person.Businesses)
		return fn(tx)
	})
	if r.Known {
		r.slide()
		r.rememberShop()
	}
	return err
}

// rememberShop keeps in the browser which business is open, so that pages outside of one lead back to it. It opens
// nothing: whoever reads the cookie shows the business only to who may open it.
func (r *Request) rememberShop() {
	if r.Person.Business == nil || r.Method != http.MethodGet || r.wantsJSON() || r.route.KeepsFlash {
		return
	}
	if id := r.Person.Business.ID.String(); r.f.ReadCookie(r.Request, ShopCookie) != id {
		r.f.SetCookie(r.w, ShopCookie, id, term.Session)
	}
}

func (r *Request) as(caller postgres.Caller, fn func(*postgres.Tx) error) error {
	as := r.f.config.DB.As
	if r.long {
		as = r.f.config.DB.AsLong
	}
	return as(r.Context(), caller, func(tx *postgres.Tx) error {
		if err := r.Admit(tx.Scope); err != nil {
			return err
		}
		return fn(tx)
	})
}

// WriteAtOnce runs statements and their commit in one round trip, which changes
// nothing when the caller may not use the route. It is for what an id made by
// the client lets be repeated: whatever has not happened afterwards, or failed,
// the handler does again through As, which knows why.
func (r *Request) WriteAtOnce(queue func(postgres.Scope, *pgx.Batch)) error {
	_, _, err := r.f.config.DB.WriteAtOnce(r.Context(), r.Caller, func(scope postgres.Scope, b *pgx.Batch) {
		if r.Admit(scope) == nil {
			queue(scope, b)
		}
	})
	return err
}

// ReadOf runs queries about another business of the caller in one round trip.
func (r *Request) ReadOf(business uuid.UUID, queue func(postgres.Scope, *pgx.Batch)) error {
	caller := r.Caller
	caller.Business = business
	scope, err := r.f.config.DB.Read(r.Context(), caller, queue)
	if err != nil {
		return err
	}
	return r.Admit(scope)
}

// AsOf runs fn in the caller's transaction about another business of theirs, and
// fails before it when their role there may not use the route.
func (r *Request) AsOf(business uuid.UUID, fn func(*postgres.Tx) error) error {
	caller := r.Caller
	caller.Business = business
	return r.as(caller, fn)
}

// AsNobody runs fn in a transaction that knows no user, whoever is signed in: for
// what a token in the address opens by itself.
func (r *Request) AsNobody(fn func(pgx.Tx) error) error {
	return r.f.config.DB.AsLink(r.Context(), fn)
}

// CheckAccess asks the database whether the caller may use the route, before a
// service is called that looks the caller up again.
func (r *Request) CheckAccess() error { return r.As(func(*postgres.Tx) error { return nil }) }

// Admit is the one place that holds a route's access against who is asking. An
// operator's route is not there for anybody else, whatever their role; to an operator it opens in a session that was
// proved by more than a password.
func (r *Request) Admit(scope postgres.Scope) error {
	if !r.meantFor(scope.UserID) {
		return fault.New(fault.Unauthorized, "Please sign in.")
	}
	if r.route.Access == Operator && r.Operates() {
		// a session from before its user became an operator
		if time.Since(r.Person.SeenAt) > term.OperatorIdle+time.Minute {
			return fault.New(fault.Unauthorized, "Please sign in.")
		}
		if !r.strong {
			return errSecondStep
		}
		return nil
	}
	return r.route.admit(scope)
}

// Needs refuses the request while one of the parts is frozen, beside those of its route: for a page that shows more to
// some than to others.
func (r *Request) Needs(parts freeze.Part) error {
	r.need(r.route.Part | parts)
	return r.Read(nil)
}

// need says which parts of the product the rest of the request needs: package postgres asks for them.
func (r *Request) need(parts freeze.Part) {
	r.whole = freeze.With(r.whole, parts)
	r.Request = r.WithContext(freeze.With(r.Context(), parts))
}

// MarkOf stands for a user on a device, always the same. It is not their id, which no page tells.
func MarkOf(user uuid.UUID) string {
	sum := sha256.Sum256(append([]byte("tijori device "), user[:]...))
	return hex.EncodeToString(sum[:16])
}

// meantFor reports whether a request may be carried out as a user. What waited on a device says in the header
// Tijori-User whose it is; when somebody else has signed in there meanwhile, it is nobody's.
func (r *Request) meantFor(user uuid.UUID) bool {
	whose := r.Header.Get("Tijori-User")
	return whose == "" || whose == MarkOf(user)
}

// slide keeps a session that is used alive, now and then, and never at the cost of the request.
func (r *Request) slide() {
	every := 24 * time.Hour
	if r.Operates() {
		every = term.OperatorIdle / 12
	}
	if r.Token == "" || time.Since(r.Person.SeenAt) < every {
		return
	}
	expiresAt, err := r.f.config.Accounts.Touch(r.Context(), r.Caller.Credential)
	if err != nil {
		r.f.Log.Warn("slide the session", "request", r.ID, "error", err)
		return
	}
	if !expiresAt.IsZero() {
		r.f.SetSession(r.w, account.Session{Token: r.Token, ExpiresAt: expiresAt})
	}
}

// Speak makes this page speak a language that a link brings along, unless its reader has chosen one.
func (r *Request) Speak(locale string) { r.spoken = i18n.Known(locale) }

// Locale is the signed-in user's language, else the language cookie, else that of the link that was opened, else what
// the browser prefers.
func (r *Request) Locale() string {
	if r.Known {
		return i18n.Known(r.Person.Locale)
	}
	if language := r.f.ReadCookie(r.Request, LanguageCookie); language != "" {
		return i18n.Known(language)
	}
	if r.spoken != "" {
		return r.spoken
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

// T is a sentence in the language of the request.
func (r *Request) T(key string, args ...any) string { return i18n.T(r.Locale(), key, args...) }

// TimeZone is that of the open business; elsewhere that of the first business of the session's account, or of any.
func (r *Request) TimeZone() string {
	if r.Person.Business != nil {
		return r.Person.Business.TimeZone
	}
	zone := ""
	for _, b := range r.Person.Businesses {
		if b.AccountID == r.Person.AccountID {
			return b.TimeZone
		}
		zone = ui.Or(zone, b.TimeZone)
	}
	return ui.Or(zone, DefaultZone)
}

// Shell is the frame of a page for this request.
func (r *Request) Shell() ui.Shell {
	p := &r.Person
	now, zone := r.f.Clock.Now(), r.TimeZone()
	if place, err := time.LoadLocation(zone); err == nil {
		now = now.In(place)
	}
	shell := ui.Shell{
		Locale: r.Locale(), User: p.Name, Plan: p.Plan, RequestID: r.ID, CurrentPath: r.URL.RequestURI(),
		Flash: r.Flash, Development: r.f.config.Development, Now: now, BusinessDay: r.Today,
		FreeParties: r.f.Plans.Default().PartiesMax,
		Carriers:    r.f.offers.Carriers,
		LastShop:    r.f.ReadCookie(r.Request, ShopCookie), Operator: r.Operates(),
	}
	if p.UserID != uuid.Nil {
		shell.Mark = MarkOf(p.UserID)
	}
	if p.AccountID != uuid.Nil {
		shell.AccountID = p.AccountID.String()
		shell.Leaving, shell.Keeps = p.EraseAt, r.Rights.Owns
	}
	for _, b := range p.Businesses {
		u := ui.Business{
			ID: b.BusinessID.String(), Name: b.Name, Account: b.AccountName, AccountID: b.AccountID.String(),
			Role: b.Role, Currency: b.Currency,
		}
		if p.Business != nil && p.Business.ID == b.BusinessID {
			u.Role = p.Role
			shell.Business = u
		}
		shell.Businesses = append(shell.Businesses, u)
	}
	return shell
}

const DefaultZone = "Asia/Kolkata"

// Operates reports whether the signed-in user is an operator of this server.
// Addresses of users are confirmed, and lower case.
func (r *Request) Operates() bool {
	return r.Known && r.Person.Email != "" && slices.Contains(r.f.config.Operators, r.Person.Email)
}

// Holder is what a program or a page of an app proves, and whom the request is about.
func (r *Request) Holder() postgres.Holder {
	return postgres.Holder{
		Credential: r.Caller.Credential, Customer: r.PathValue("customer"), Origin: r.Header.Get("Origin"),
	}
}

package web

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
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/role"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// A request is an HTTP request with who is asking. Handlers reach the database
// through read and as only, which hold the route's roles against the caller's.
type Request struct {
	*http.Request
	f      *Server
	w      http.ResponseWriter // for cookies only; handlers are given it
	route  *Route
	ID     string          // request id, shown in errors and logged
	Token  string          // session token, "" when signed out
	Caller postgres.Caller // with the business of the path
	Person account.Person  // filled by read
	Rights role.Rights     // of the caller in the business or account; filled by read
	Known  bool            // person and rights are filled
	Flash  *ui.Flash

	whole  context.Context // without a limit on its time
	cancel context.CancelFunc
}

// read runs queries in one round trip together with what the page's frame
// shows, and fails when the caller's role may not use the route.
func (r *Request) Read(queue func(postgres.Scope, *pgx.Batch)) error {
	var person account.Person
	scope, err := r.f.DB.Read(r.Context(), r.Caller, func(scope postgres.Scope, b *pgx.Batch) {
		person = account.Person{}
		account.QueuePerson(b, &person)
		if queue != nil {
			queue(scope, b)
		}
	})
	if err != nil {
		return err
	}
	r.Person, r.Rights, r.Known = person, scope.Rights, true
	r.slide()
	return r.Admit(scope)
}

// as runs fn in the caller's transaction, and fails before it when the caller's role may not use the route.
func (r *Request) As(fn func(*postgres.Tx) error) error {
	return r.f.DB.As(r.Context(), r.Caller, func(tx *postgres.Tx) error {
		if err := r.Admit(tx.Scope); err != nil {
			return err
		}
		return fn(tx)
	})
}

// admit is the one place that holds a route's access against who is asking. An
// operator's route is not there for anybody else, whatever their role.
func (r *Request) Admit(scope postgres.Scope) error {
	if !r.meantFor(scope.UserID) {
		return fault.New(fault.Unauthorized, "Please sign in.")
	}
	if r.route.Access == Operator && r.operates() {
		return nil
	}
	return r.route.admit(scope)
}

// markOf stands for a user on a device, always the same. It is not their id, which no page tells.
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

// slide keeps a session that is used alive; at most once a day, and never at
// the cost of the request.
func (r *Request) slide() {
	if r.Token == "" || time.Since(r.Person.SeenAt) < 24*time.Hour {
		return
	}
	if err := r.f.Accounts.Touch(r.Context(), r.Caller.Credential); err != nil {
		r.f.Log.Warn("slide the session", "request", r.ID, "error", err)
		return
	}
	r.f.SetSession(r.w, account.Session{Token: r.Token, ExpiresAt: time.Now().Add(account.SessionLife)})
}

// locale is the signed-in user's language, else the language cookie, else what the browser prefers.
func (r *Request) Locale() string {
	if r.Known {
		return i18n.Known(r.Person.Locale)
	}
	if language := r.f.Cookie(r.Request, LanguageCookie); language != "" {
		return i18n.Known(language)
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

func (r *Request) T(key string, args ...any) string { return i18n.T(r.Locale(), key, args...) }

// timeZone is that of the open business; elsewhere that of the first business of the session's account, or of any.
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

// shell is the frame of a page for this request.
func (r *Request) Shell() ui.Shell {
	p := &r.Person
	now, zone := r.f.Clock.Now(), r.TimeZone()
	if place, err := time.LoadLocation(zone); err == nil {
		now = now.In(place)
	}
	shell := ui.Shell{
		Locale: r.Locale(), User: p.Name, Plan: p.Plan, CurrentPath: r.URL.RequestURI(),
		Flash: r.Flash, Development: r.f.Outbox != nil, Now: now, FreeParties: r.f.Plans.Default().PartiesMax, Carriers: r.f.carry,
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

// operates reports whether the signed-in user is an operator of this server.
// Addresses of users are confirmed, and lower case.
func (r *Request) operates() bool {
	return r.Known && r.Person.Email != "" && slices.Contains(r.f.Operators, r.Person.Email)
}

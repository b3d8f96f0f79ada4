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
type request struct {
	*http.Request
	s      *Server
	w      http.ResponseWriter // for cookies only; handlers are given it
	route  *route
	id     string          // request id, shown in errors and logged
	token  string          // session token, "" when signed out
	caller postgres.Caller // with the business of the path
	person account.Person  // filled by read
	rights role.Rights     // of the caller in the business or account; filled by read
	known  bool            // person and rights are filled
	flash  *ui.Flash

	whole  context.Context // without a limit on its time
	cancel context.CancelFunc
}

// read runs queries in one round trip together with what the page's frame
// shows, and fails when the caller's role may not use the route.
func (r *request) read(queue func(postgres.Scope, *pgx.Batch)) error {
	var person account.Person
	scope, err := r.s.DB.Read(r.Context(), r.caller, func(scope postgres.Scope, b *pgx.Batch) {
		person = account.Person{}
		account.QueuePerson(b, &person)
		if queue != nil {
			queue(scope, b)
		}
	})
	if err != nil {
		return err
	}
	r.person, r.rights, r.known = person, scope.Rights, true
	r.slide()
	return r.admit(scope)
}

// as runs fn in the caller's transaction, and fails before it when the caller's role may not use the route.
func (r *request) as(fn func(*postgres.Tx) error) error {
	return r.s.DB.As(r.Context(), r.caller, func(tx *postgres.Tx) error {
		if err := r.admit(tx.Scope); err != nil {
			return err
		}
		return fn(tx)
	})
}

// admit is the one place that holds a route's access against who is asking. An
// operator's route is not there for anybody else, whatever their role.
func (r *request) admit(scope postgres.Scope) error {
	if !r.meantFor(scope.UserID) {
		return fault.New(fault.Unauthorized, "Please sign in.")
	}
	if r.route.access == operator && r.operates() {
		return nil
	}
	return r.route.admit(scope)
}

// markOf stands for a user on a device, always the same. It is not their id, which no page tells.
func markOf(user uuid.UUID) string {
	sum := sha256.Sum256(append([]byte("tijori device "), user[:]...))
	return hex.EncodeToString(sum[:16])
}

// meantFor reports whether a request may be carried out as a user. What waited on a device says in the header
// Tijori-User whose it is; when somebody else has signed in there meanwhile, it is nobody's.
func (r *request) meantFor(user uuid.UUID) bool {
	whose := r.Header.Get("Tijori-User")
	return whose == "" || whose == markOf(user)
}

// slide keeps a session that is used alive; at most once a day, and never at
// the cost of the request.
func (r *request) slide() {
	if r.token == "" || time.Since(r.person.SeenAt) < 24*time.Hour {
		return
	}
	if err := r.s.Accounts.Touch(r.Context(), r.caller.Credential); err != nil {
		r.s.Log.Warn("slide the session", "request", r.id, "error", err)
		return
	}
	r.s.setSession(r.w, account.Session{Token: r.token, ExpiresAt: time.Now().Add(account.SessionLife)})
}

// locale is the signed-in user's language, else the language cookie, else what the browser prefers.
func (r *request) locale() string {
	if r.known {
		return i18n.Known(r.person.Locale)
	}
	if language := r.s.cookie(r.Request, languageCookie); language != "" {
		return i18n.Known(language)
	}
	return i18n.Match(r.Header.Get("Accept-Language"))
}

func (r *request) t(key string, args ...any) string { return i18n.T(r.locale(), key, args...) }

// timeZone is that of the open business; elsewhere that of the first business of the session's account, or of any.
func (r *request) timeZone() string {
	if r.person.Business != nil {
		return r.person.Business.TimeZone
	}
	zone := ""
	for _, b := range r.person.Businesses {
		if b.AccountID == r.person.AccountID {
			return b.TimeZone
		}
		zone = ui.Or(zone, b.TimeZone)
	}
	return ui.Or(zone, defaultZone)
}

// shell is the frame of a page for this request.
func (r *request) shell() ui.Shell {
	p := &r.person
	now, zone := r.s.Clock.Now(), r.timeZone()
	if place, err := time.LoadLocation(zone); err == nil {
		now = now.In(place)
	}
	shell := ui.Shell{
		Locale: r.locale(), User: p.Name, Plan: p.Plan, CurrentPath: r.URL.RequestURI(),
		Flash: r.flash, Development: r.s.Outbox != nil, Now: now, FreeParties: r.s.Plans.Default().PartiesMax, Carriers: r.s.carry,
	}
	if p.UserID != uuid.Nil {
		shell.Mark = markOf(p.UserID)
	}
	if p.AccountID != uuid.Nil {
		shell.AccountID = p.AccountID.String()
		shell.Leaving, shell.Keeps = p.EraseAt, r.rights.Owns
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

const defaultZone = "Asia/Kolkata"

// operates reports whether the signed-in user is an operator of this server.
// Addresses of users are confirmed, and lower case.
func (r *request) operates() bool {
	return r.known && r.person.Email != "" && slices.Contains(r.s.Operators, r.person.Email)
}

package frame

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/accesslog"
)

// An answer remembers the status that was sent.
type answer struct {
	http.ResponseWriter
	status int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// keep adds the request to the access log: who, as the database answered, and what became of it. It runs at the end,
// also of a panic, and waits for nothing.
func (r *Request) keep() {
	c := &r.f.config
	if r.span.Recording() {
		r.span.SetText("http.request.method", r.Method)
		r.span.SetText("http.route", r.route.Pattern)
		r.span.SetNumber("http.response.status_code", int64(r.answer.status))
		r.span.SetText("tijori.request_id", r.ID)
		r.span.SetText("tijori.verdict", string(r.verdict()))
		if r.answer.status == 0 || r.answer.status >= 500 {
			r.span.Fail("failed")
		}
	}
	r.span.End()
	if c.Observe != nil {
		c.Observe(Observation{
			Route: r.route.Pattern, Status: r.answer.status, Verdict: r.verdict(), Took: time.Since(r.began),
			RequestID: r.ID,
		})
	}
	if c.Access == nil || r.route.Unlogged {
		return
	}
	c.Access.Add(r.record())
}

// An Observation is what metrics hear of a request.
type Observation struct {
	Route     string // its pattern
	Status    int    // 0 where the answer broke off
	Verdict   accesslog.Verdict
	Took      time.Duration
	RequestID string
}

func (r *Request) record() accesslog.Record {
	rec := accesslog.Record{
		At: r.began, RequestID: r.ID, Route: r.route.Pattern, Business: r.Caller.Business,
		Object: r.objectID(), Verdict: r.verdict(), Status: r.answer.status,
		Rows: max(0, r.usage.Rows()-r.frameRows), Took: time.Since(r.began),
		Device: accesslog.Device(r.UserAgent()),
	}
	if rec.Route == "/" {
		rec.Route = r.Method + " /"
	}
	if address, err := netip.ParseAddr(r.f.Network(r.Request)); err == nil {
		rec.Address = address
	}
	if id, err := uuid.Parse(r.PathValue("business")); err == nil {
		rec.Business = id
	}
	if r.refusal != nil && r.Token != "" && r.usage.Scope().UserID == uuid.Nil && !fault.Is(r.refusal,
		fault.Unauthorized) {
		r.frame() // who asked for what is not theirs: no scope was answered for that
	}
	if r.route.Access.keyed() {
		rec.Credential = r.Caller.Credential
	} else {
		scope := r.usage.Scope()
		rec.UserID, rec.AccountID = scope.UserID, scope.AccountID
	}
	rec.Operator = r.route.Access == Operator && r.Operates()
	return rec
}

// verdict says what became of the request.
func (r *Request) verdict() accesslog.Verdict {
	status := r.answer.status
	if r.refusal != nil { // its kind says more than the status: who must sign in is led there
		status = statusOf(fault.KindOf(r.refusal))
		if fault.Is(r.refusal, fault.UpgradeRequired) || fault.Is(r.refusal, fault.InsufficientCredits) ||
			fault.CodeOf(r.refusal) == fault.Frozen {
			return accesslog.Limited
		}
	}
	switch {
	case r.denied && status < 429:
		return accesslog.Denied
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return accesslog.Denied
	case status == http.StatusNotFound:
		return accesslog.NotFound
	case status == http.StatusTooManyRequests:
		return accesslog.Limited
	case status == 0 || status >= 500:
		return accesslog.Failed
	}
	return accesslog.Allowed
}

// Deny says that the caller was refused where the status does not: a form that is shown again after a wrong password.
func (r *Request) Deny() { r.denied = true }

// Concerns says what the request is about where the path does not name it. It is an id of ours, or what
// MarkAddress returns.
func (r *Request) Concerns(object string) { r.object = object }

// MarkAddress returns what stands for an email address in the access log: always the same, and not the address, which
// may be a password that was typed in the wrong field.
func (f *Frame) MarkAddress(email string) string {
	mac := hmac.New(sha256.New, f.config.MarkKey)
	mac.Write([]byte("access log " + strings.ToLower(strings.TrimSpace(email))))
	return "address:" + hex.EncodeToString(mac.Sum(nil)[:8])
}

var (
	pathName = regexp.MustCompile(`\{([a-z]+)\}`)
	plainID  = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,80}$`)
)

// objectID is the id that the path names last. A route whose path holds a token has none.
func (r *Request) objectID() string {
	if r.object != "" || r.route.Secret {
		return r.object
	}
	names := pathName.FindAllStringSubmatch(r.route.Pattern, -1)
	if len(names) == 0 || names[len(names)-1][1] == "business" {
		return ""
	}
	id := r.PathValue(names[len(names)-1][1])
	if uuid.Validate(id) != nil && (r.route.Access != Operator && r.route.Access != Owns || !plainID.MatchString(id)) {
		return ""
	}
	return id
}

const inspectEvery = 8

// inspect hands a sample of what signed-in people are shown to the inspector: it must hold no id of another account.
// Operators see everybody's.
func (r *Request) inspect(body []byte) {
	f, mine := r.f, r.usage.Accounts()
	if f.config.Inspector == nil || len(mine) == 0 || r.route.Access == Operator || r.Operates() ||
		f.answers.Add(1)%int64(cmp.Or(f.config.InspectEvery, inspectEvery)) != 0 {
		return
	}
	ids := watch.IDsIn(body)
	if r.refusal != nil { // what was asked for may be named again
		asked := watch.IDsIn([]byte(r.URL.Path))
		ids = slices.DeleteFunc(ids, func(id uuid.UUID) bool { return slices.Contains(asked, id) })
	}
	if len(ids) == 0 {
		return
	}
	for _, b := range r.Person.Businesses {
		if !slices.Contains(mine, b.AccountID) {
			mine = append(mine, b.AccountID)
		}
	}
	f.config.Inspector.Add(watch.Answer{
		At: r.began, RequestID: r.ID, Route: r.route.Pattern, User: r.usage.Scope().UserID, IDs: ids, Mine: mine,
	})
}

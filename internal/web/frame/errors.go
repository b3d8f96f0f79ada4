package frame

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/i18n"
	"github.com/tijorihq/tijori/internal/web/page/problem"
)

var errTryAgain = fault.New(fault.Unavailable, "Please try again.").Coded("try_again")

// statuses is the one ordered table from kinds of faults to answers.
var statuses = []struct {
	kind   fault.Kind
	status int
}{
	{fault.Invalid, http.StatusUnprocessableEntity},
	{fault.Unauthorized, http.StatusUnauthorized},
	{fault.Forbidden, http.StatusForbidden},
	{fault.UpgradeRequired, http.StatusForbidden},
	{fault.InsufficientCredits, http.StatusPaymentRequired},
	{fault.NotFound, http.StatusNotFound},
	{fault.Conflict, http.StatusConflict},
	{fault.TooLarge, http.StatusRequestEntityTooLarge},
	{fault.TooMany, http.StatusTooManyRequests},
	{fault.Unavailable, http.StatusServiceUnavailable},
	{fault.Internal, http.StatusInternalServerError},
}

func statusOf(kind fault.Kind) int {
	for _, one := range statuses {
		if one.kind == kind {
			return one.status
		}
	}
	return http.StatusInternalServerError
}

// serveError logs err and renders it, as JSON for the API and as a page for the rest.
func (f *Frame) serveError(w http.ResponseWriter, r *Request, err error) {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		err = fault.New(fault.TooLarge, "The request is too large.").Because(err)
	}
	if fault.Of(err) == nil && postgres.Interrupted(err) { // also where no transaction of a caller has said so
		err = errTryAgain.Because(err)
	}
	r.refusal = err
	kind := fault.KindOf(err)
	status := statusOf(kind)
	if status >= 500 && fault.CodeOf(err) != fault.Frozen && !errors.Is(err, context.Canceled) {
		f.Log.Error("request failed", "request", r.ID, "method", r.Method, "route", r.route.Pattern, "status", status,
			"error", err)
	}
	detail := ""
	refusal := fault.Of(err)
	if refusal != nil && refusal.Kind != fault.Internal {
		detail = i18n.T(r.Locale(), refusal.Text, refusal.Args...)
	}
	if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
		wait := 5 * time.Second
		if refusal != nil && refusal.Retry > 0 {
			wait = refusal.Retry
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	if r.wantsJSON() {
		p := Problem{
			Title: http.StatusText(status), Status: status, Detail: detail,
			Error: kind.String(), Code: fault.CodeOf(err), RequestID: r.ID,
		}
		if refusal != nil {
			p.Field = refusal.Field
		}
		explain(err, &p)
		if status == http.StatusUnauthorized && r.route.Access.keyed() {
			w.Header().Set("WWW-Authenticate", `Bearer realm="tijori"`)
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		if err := json.NewEncoder(w).Encode(p); err != nil {
			f.Log.Debug("write the answer", "request", r.ID, "error", err)
		}
		return
	}
	switch {
	case status == http.StatusUnauthorized:
		f.toLogin(w, r)
		return
	case kind == fault.UpgradeRequired && f.offers.Upgrade(w, r, refusal):
		return
	case fault.CodeOf(err) == fault.Frozen:
		f.servePaused(w, r, err)
		return
	case fault.CodeOf(err) == fault.SecondStep:
		http.Redirect(w, r.Request, "/stepup?strong=1&next="+url.QueryEscape(r.pagePath()), http.StatusSeeOther)
		return
	case fault.CodeOf(err) == fault.StepUp:
		if r.Method != http.MethodPost {
			http.Redirect(w, r.Request, "/stepup?next="+url.QueryEscape(r.pagePath()), http.StatusSeeOther)
			return
		}
		if err = f.askForProof(w, r); err == nil {
			return
		}
		f.serveError(w, r, err)
		return
	}
	if status < 500 {
		r.frame()
	}
	view := problem.View{Shell: r.Shell(), Status: status, Detail: detail, RequestID: r.ID, Retry: status >= 500 ||
		status == http.StatusTooManyRequests}
	f.Render(w, r, status, problem.Page(view))
}

// frame fills in who is signed in for the frame of an error page. It looks at
// no business: that may be what was not found. A visitor that cannot be read is shown none.
func (r *Request) frame() {
	if r.Token == "" || r.Known {
		return
	}
	r.Caller.Business = uuid.Nil
	if err := r.Read(nil); err != nil {
		r.f.Log.Debug("read who sees an error", "request", r.ID, "error", err)
	}
}

func (r *Request) wantsJSON() bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// toLogin sends a page's visitor to sign in and back; a dead session's cookie ends.
func (f *Frame) toLogin(w http.ResponseWriter, r *Request) {
	if r.Token != "" {
		f.EndSession(w)
	}
	target := "/login"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		target += "?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r.Request, target, http.StatusSeeOther)
}

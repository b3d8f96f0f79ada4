package frame

import (
	"context"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/spool"
)

// How long a request may take. Work ends before the answer must have left, so that who waits is told: both tries of a
// write are within one requestLimit. What takes long for a reason has a limit of its own, given to Request.Long.
const (
	requestLimit = 25 * time.Second // of a request's work: the database, providers, letters
	answerTime   = 30 * time.Second // of the answer to leave, after that

	ReadTimeout  = 60 * time.Second // of the server, for a request to arrive
	WriteTimeout = 60 * time.Second // of the server, from a request's header to the end of its answer

	arrivalLimit = 10 * time.Minute // of a file to arrive over a poor line
	ImportLimit  = 5 * time.Minute  // of 50,000 rows to go in, or out again
	DemoLimit    = 2 * time.Minute  // of a year of entries to be made up
)

// begin gives a request its limit. Whoever calls ends it.
func (r *Request) begin(limit time.Duration) (end func()) {
	r.whole = r.Request.Context()
	r.renew(limit)
	return func() { r.cancel() }
}

// renew gives a request its full time again, after it has waited for what is no work.
func (r *Request) renew(limit time.Duration) {
	if r.cancel != nil {
		r.cancel()
	}
	ctx, cancel := context.WithTimeout(r.whole, limit)
	r.Request, r.cancel = r.WithContext(ctx), cancel
}

// Long runs what may take longer than a request, with a limit of its own and time to answer after it. It must
// not stand in another's work.
func (r *Request) Long(limit time.Duration, fn func() error) error {
	if err := r.extend(limit); err != nil {
		return err
	}
	r.renew(limit)
	r.long = true
	defer func() {
		r.long = false
		r.renew(r.f.limit) // for what is still to be asked for the answer
	}()
	return fn()
}

// within runs fn, which may use r, with a limit below the one that r has.
func (r *Request) within(limit time.Duration, fn func() error) error {
	ctx, cancel := context.WithTimeout(r.Context(), limit)
	defer cancel()
	asked := r.Request
	r.Request = r.WithContext(ctx)
	defer func() { r.Request = asked }()
	return fn()
}

// extend lets the answer leave answerTime after limit at the latest.
func (r *Request) extend(limit time.Duration) error {
	return http.NewResponseController(r.w).SetWriteDeadline(time.Now().Add(limit + answerTime))
}

// Receive runs fn, which reads a body that may take long to arrive over a poor line into a file of the spool. That is
// waiting and no work: the request has its whole time afterwards. When others need the room, the waiting ends.
func (r *Request) Receive(into *spool.File, fn func() error) error {
	in := http.NewResponseController(r.w)
	if err := in.SetReadDeadline(time.Now().Add(arrivalLimit)); err != nil {
		return err
	}
	if err := r.extend(arrivalLimit); err != nil {
		return err
	}
	defer func() { r.renew(r.f.limit) }()
	into.Wait(func() {
		if err := in.SetReadDeadline(time.Now()); err != nil {
			r.f.Log.Warn("end a slow upload", "request", r.ID, "error", err)
		}
	})
	defer into.Wait(nil)
	return fn()
}

// Throttle counts a request of an app against its route's limit: by the customer, and by the app in all, so that no app
// uses up another's standing with a provider.
func (r *Request) Throttle(app string, customer uuid.UUID) error {
	l := r.route.Limit
	if l == nil {
		panic("a route without a limit: " + r.route.Pattern)
	}
	return r.f.config.Accounts.ThrottleAccount(r.Context(), l.Name+" of "+app, customer, l.Most, l.InAll, l.Window)
}

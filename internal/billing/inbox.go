package billing

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/fault"
)

// Faults of ReceiveWebhook. Their sentences go to a provider's log.
var (
	errBadSignature = fault.New(fault.Invalid, "The signature does not match the body.")
	errTooLarge     = fault.New(fault.TooLarge, "The body is too large.")
	errNotStored    = fault.New(fault.Unavailable, "The event could not be stored. Send it again.")
)

// keptHeaders are stored with an event: what somebody needs to check a
// signature again, and nothing that could hold a secret of ours.
var keptHeaders = []string{
	"Content-Type", "User-Agent", stripe.SignatureHeader, razorpay.SignatureHeader,
	razorpay.EventIDHeader, "X-Request-Id",
}

// ReceiveWebhook stores one delivery. It returns nil only after the event is
// committed, and then it may be acknowledged; a delivery that came before is
// counted and its row locked before the answer. Faults: Invalid for a signature
// that does not fit, TooLarge, NotFound for a provider that is not set up,
// Unavailable when nothing was stored.
func (s *Service) ReceiveWebhook(ctx context.Context, provider facts.Provider, h http.Header, body []byte) error {
	g, err := s.gateway(provider)
	if err != nil {
		return err
	}
	if len(body) > facts.MaxBody {
		return errTooLarge
	}
	label, err := g.Verify(h, body, s.now())
	if err != nil {
		s.refusals.refused(provider, h)
		return errBadSignature.Because(err)
	}
	m := s.message(g, h, body)
	m.label = label
	if err := s.store(ctx, m); err != nil {
		return errNotStored.Because(err)
	}
	if m.status == "received" {
		s.Wake()
	}
	return nil
}

// A message is a delivery on its way into the inbox.
type message struct {
	provider  facts.Provider
	event     *facts.Event
	subject   string
	status    string
	lastError string
	review    *Review
	label     string
	body      []byte
	headers   []byte
}

// message decides what becomes of a verified delivery: applied later, or kept
// without effect.
func (s *Service) message(g gateway, h http.Header, body []byte) message {
	kept := map[string]string{}
	for _, name := range keptHeaders {
		if v := h.Get(name); v != "" && len(v) <= 4096 {
			kept[name] = v
		}
	}
	headers, err := json.Marshal(kept)
	if err != nil {
		headers = []byte("{}") // cannot happen for a map of strings
	}
	m := message{provider: g.Provider(), status: "received", body: body, headers: headers}
	ev, err := g.Decode(h, body)
	if err != nil {
		sum := sha256.Sum256(body)
		m.event = &facts.Event{Provider: m.provider, ID: "body." + hex.EncodeToString(sum[:]), Type: "undecodable"}
		m.status, m.lastError = "dead", err.Error()
		m.review = &Review{
			ReviewUndecodable, "undecodable " + m.event.ID,
			"a signed event could not be read: " + err.Error(),
		}
		return m
	}
	m.event, m.subject = ev, ev.Subject()
	if why := g.Foreign(ev); why != "" {
		m.status, m.lastError = "ignored", why
		if why == stripe.Connected {
			return m
		}
		m.review = &Review{why, why + " " + ev.Account, "events of another mode or account arrive here; the first is " +
			ev.ID}
		return m
	}
	if ev.Subscription == nil && ev.Payment == nil && ev.Invoice == nil && ev.Session == nil && ev.Link == nil &&
		ev.Refund == nil && ev.Dispute == nil && ev.Deleted == "" {
		m.status, m.lastError = "ignored", "nothing is done with this type"
	}
	return m
}

// store writes a message in one transaction and one round trip. The duplicate path updates, and so
// locks, the row before it answers: with synchronous replication a retry may
// meet a row whose first commit has not reached the standby (scale.md 10). It does not wait long for the lock: an
// event that is being applied keeps it while its provider is asked, and the provider sends the repeat again.
func (s *Service) store(ctx context.Context, m message) error {
	now := s.clock.Now()
	args := []any{
		m.provider, m.event.ID, m.event.Type, m.subject, m.status, m.body, m.headers, m.label,
		null(m.event.Created), now, m.lastError,
	}
	var review func(*pgx.Batch)
	if m.review != nil {
		review = func(b *pgx.Batch) { saveReview(b, m.provider, *m.review, [16]byte{}, "", m.event.ID, now) }
	}
	return s.db.InboxAtOnce(ctx, s.workFor(m.provider), storeWait, storeSQL, args, review)
}

// storeWait is how long a repeat waits for the row of an event that is being applied.
const storeWait = time.Second

const storeSQL = `
	insert into inbox (connection_id, provider, event_id, type, subject, status, body, headers, secret_label,
	    created_at,
	    received_at, delivered_at, next_attempt_at, last_error)
	select $1, substring($1::text from '[a-z]+$'), $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10, $11 from work
	on conflict (connection_id, event_id) do update
	    set deliveries = inbox.deliveries + 1, delivered_at = excluded.delivered_at`

// Wake asks the worker to look into the inbox now. It is a hint: the worker
// looks by itself as well.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Webhook returns the handler for a provider's deliveries: raw body, size cap,
// and the statuses that the providers act on. 2xx means stored.
func (s *Service) Webhook(provider facts.Provider) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "POST only", http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, facts.MaxBody))
		if err != nil {
			var tooLarge *http.MaxBytesError
			if errors.As(err, &tooLarge) {
				http.Error(w, errTooLarge.Sentence(), http.StatusRequestEntityTooLarge)
				return
			}
			http.Error(w, "the body could not be read", http.StatusBadRequest)
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), 4*time.Second) // Razorpay gives up after 5 s
		defer cancel()
		if err := s.ReceiveWebhook(ctx, provider, r.Header, body); err != nil {
			status := webhookStatus(err)
			s.log.WarnContext(ctx, "webhook refused", "provider", provider, "status", status, "error", err)
			http.Error(w, fault.Of(err).Sentence(), status)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"received":true}`)
	})
}

func webhookStatus(err error) int {
	switch fault.KindOf(err) {
	case fault.Invalid:
		return http.StatusBadRequest
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.NotFound:
		return http.StatusNotFound
	}
	return http.StatusServiceUnavailable
}

// Woken receives, as a hint, when a stored event waits to be applied.
func (s *Service) Woken() <-chan struct{} { return s.wake }

package platform

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/text"
)

// After how long an event is tried again, as the Standard Webhooks specification has it. After the last it is given up.
var pauses = []time.Duration{
	5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 5 * time.Hour, 10 * time.Hour, 14 * time.Hour,
	20 * time.Hour, 24 * time.Hour,
}

const (
	sendTime  = 20 * time.Second   // of one try
	lease     = time.Minute        // after which a try whose node has died is made again
	atOnce    = 8                  // tries of an app at the same time
	giveUp    = 5 * 24 * time.Hour // of failures only, after which an endpoint is turned off
	mostRetry = 24 * time.Hour     // that a receiver may ask for
)

// errAddress is how a connection to an address ends that no event is sent to.
var errAddress = errors.New("the address is of a private network")

// newSender makes the client that events leave by. It looks at the address that is dialed, after the name was resolved,
// so that a name which leads elsewhere the second time gains nothing; it follows no redirect and uses no proxy.
func newSender(development bool) *http.Client {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !development && !public(at.Addr()) {
			return errAddress
		}
		return nil
	}}
	return &http.Client{
		Timeout: sendTime,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxIdleConnsPerHost: 2,
			IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// reserved are networks that are nobody's server on the internet, beside those that netip names.
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"),
}

// public reports whether an address is one of the internet.
func public(a netip.Addr) bool {
	a = a.Unmap()
	if !a.IsValid() || !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// A sending is a delivery that is being tried.
type sending struct {
	endpoint    uuid.UUID
	number      int64
	attempts    int
	url         string
	secret, old []byte // sealed; old is nil where one secret signs
	failing     *time.Time
	event       uuid.UUID
	body        string
}

// Deliver sends what is due of an app's events and returns how many it tried. It may run on many nodes at once: each
// delivery is tried by one of them at a time, and one whose node dies is tried again, with the same id.
func (s *Service) Deliver(ctx context.Context, app string) (int, error) {
	work := postgres.Work{App: app}
	var list []sending
	err := s.db.AsBilling(ctx, work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			with due as materialized (
				select d.endpoint_id, d.number from deliveries d
				  join webhook_endpoints e on e.app_id = d.app_id and e.id = d.endpoint_id and e.state = 'on'
				 where d.app_id = $1 and d.status = 'waiting' and d.next_at <= now()
				 order by d.next_at limit $2 for update of d skip locked)
			update deliveries d set attempts = d.attempts + 1, next_at = now() + $3::bigint * interval '1 ms'
			  from due join webhook_endpoints e on e.app_id = $1 and e.id = due.endpoint_id
			  join events v on v.app_id = $1 and v.number = due.number
			 where d.app_id = $1 and d.endpoint_id = due.endpoint_id and d.number = due.number
			returning d.endpoint_id, d.number, d.attempts, e.url, e.secret,
			    case when e.old_until > now() then e.old_secret end, e.failing_since, v.id, v.body`,
			app, atOnce, lease.Milliseconds())
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d sending, err error) {
			return d, row.Scan(&d.endpoint, &d.number, &d.attempts, &d.url, &d.secret, &d.old, &d.failing, &d.event,
				&d.body)
		})
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("claim deliveries of %s: %w", app, err)
	}
	errs := make([]error, len(list))
	var all sync.WaitGroup
	for i, d := range list {
		all.Go(func() {
			errs[i] = s.settle(ctx, work, d, s.send(ctx, d))
		})
	}
	all.Wait()
	return len(list), errors.Join(errs...)
}

// An answered try is what came of sending.
type answered struct {
	status int           // 0 for no answer
	retry  time.Duration // after how long the receiver wants another
	took   time.Duration
	said   string // the beginning of the answer
	err    error
}

// send makes one try.
func (s *Service) send(ctx context.Context, d sending) (out answered) {
	at := time.Now()
	defer func() { out.took = time.Since(at) }()
	r, err := s.signed(ctx, d, at)
	if err != nil {
		return answered{err: err}
	}
	got, err := s.sender.Do(r)
	if err != nil {
		return answered{err: err}
	}
	said, drained := io.ReadAll(io.LimitReader(got.Body, 64<<10)) // so that the connection can be used again
	return answered{
		status: got.StatusCode, retry: retryAfter(got.Header, at), said: beginning(said),
		err: errors.Join(ignore(drained), got.Body.Close()),
	}
}

// signed is the request that carries an event.
func (s *Service) signed(ctx context.Context, d sending, at time.Time) (*http.Request, error) {
	if err := s.checkURL(d.url); err != nil {
		return nil, err
	}
	signatures := ""
	for _, sealed := range [][]byte{d.secret, d.old} {
		if sealed == nil {
			continue
		}
		if s.seal == nil {
			return nil, errNoSeal
		}
		key, err := s.seal.Open(nil, nil, sealed, d.endpoint[:])
		if err != nil {
			return nil, fmt.Errorf("the secret was sealed with another key of the installation: %w", err)
		}
		signatures = strings.TrimSpace(signatures + " " + Sign(key, d.event.String(), at, d.body))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader([]byte(d.body)))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Tijori-Webhooks/1")
	r.Header.Set("Webhook-Id", d.event.String())
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Webhook-Signature", signatures)
	return r, nil
}

// beginning is as much of an answer as is kept: some letters that a page can show.
func beginning(b []byte) string {
	said := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || text.Steers(r) {
			return -1
		}
		return r
	}, strings.Join(strings.Fields(string(b[:min(len(b), 2000)])), " "))
	if runes := []rune(said); len(runes) > 300 {
		said = string(runes[:300]) + "…"
	}
	return said
}

// ignore: what the receiver says beyond its status is not read, so that its end matters to nobody.
func ignore(error) error { return nil }

// Sign is a signature by the Standard Webhooks specification.
func Sign(key []byte, id string, at time.Time, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + strconv.FormatInt(at.Unix(), 10) + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// retryAfter reads when a receiver wants to be asked again, 0 where it does not say.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(min(seconds, int(mostRetry/time.Second)))*time.Second, mostRetry)
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return min(at.Sub(now), mostRetry)
	}
	return 0
}

// settle writes down what came of a try. When the node dies before, the lease ends and the event is sent again.
func (s *Service) settle(
	ctx context.Context, work postgres.Work, d sending, a answered,
) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	failure, status := "", a.status
	switch {
	case a.err != nil:
		failure = a.err.Error()
		if errors.Is(a.err, errAddress) {
			failure = errAddress.Error()
		}
	case status/100 != 2:
		failure = "the endpoint answered " + strconv.Itoa(status)
	}
	failure = strings.ToValidUTF8(failure[:min(len(failure), 300)], "")
	err := s.db.AsBilling(ctx, work, func(tx pgx.Tx) error {
		b := &pgx.Batch{}
		b.Queue(`
			insert into delivery_tries (app_id, endpoint_id, number, took_ms, answer, error, said)
			select $1, $2, $3, $4, nullif($5, 0), $6, $7
			 where exists (select from deliveries where app_id = $1 and endpoint_id = $2 and number = $3)`,
			work.App, d.endpoint, d.number, a.took.Milliseconds(), status, failure, a.said)
		if failure == "" {
			b.Queue(`
				update deliveries set status = 'delivered', delivered_at = now(), answer = $4, error = ''
				 where app_id = $1 and endpoint_id = $2 and number = $3`, work.App, d.endpoint, d.number, status)
			if d.failing != nil {
				b.Queue(`update webhook_endpoints set failing_since = null where app_id = $1 and id = $2`, work.App,
					d.endpoint)
			}
			return tx.SendBatch(ctx, b).Close()
		}
		next, over := nextTry(d.attempts, a.retry)
		state := "waiting"
		if over {
			state = "failed"
		}
		b.Queue(`
			update deliveries set status = $4, next_at = now() + $5::bigint * interval '1 ms', answer = nullif($6, 0),
			    error = $7
			 where app_id = $1 and endpoint_id = $2 and number = $3`,
			work.App, d.endpoint, d.number, state, next.Milliseconds(), status, failure)
		b.Queue(`update webhook_endpoints set failing_since = coalesce(failing_since, now())
			where app_id = $1 and id = $2`, work.App, d.endpoint)
		switch {
		case status == http.StatusGone:
			b.Queue(`update webhook_endpoints set state = 'off', reason = 'the endpoint answered 410'
				where app_id = $1 and id = $2`, work.App, d.endpoint)
		case d.failing != nil && time.Since(*d.failing) > giveUp:
			b.Queue(`update webhook_endpoints set state = 'off', reason = 'five days without a success'
				where app_id = $1 and id = $2`, work.App, d.endpoint)
		}
		return tx.SendBatch(ctx, b).Close()
	})
	if err != nil {
		return fmt.Errorf("settle a delivery of %s: %w", work.App, err)
	}
	return nil
}

// nextTry is after how long a try follows the one of this number, with some chance in it so that not all come at once;
// over says that none does.
func nextTry(attempt int, asked time.Duration) (wait time.Duration, over bool) {
	if attempt > len(pauses) {
		return 0, true
	}
	wait = pauses[attempt-1]
	wait += time.Duration(rand.Int64N(int64(wait) / 5)) // a fifth
	return max(wait, asked), false
}

// TellLapses writes the events of customers whose paid time has run out, which nobody else does.
func (s *Service) TellLapses(ctx context.Context, app string) (n int, err error) {
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `select tijori_plans.tell_lapses()`).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("tell of lapses of %s: %w", app, err)
	}
	return 0, nil // it does them all at once
}

// ForgetEvents deletes events that are older than the log reaches, and imports after ninety days.
func (s *Service) ForgetEvents(ctx context.Context, app string) (n int, err error) {
	err = s.db.AsBilling(ctx, postgres.Work{App: app}, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `
			delete from imports where app_id = $1 and created_at < now() - interval '90 days'`, app); err != nil {
			return err
		}
		return tx.QueryRow(ctx, `select tijori_plans.forget_events()`).Scan(&n)
	})
	return 0, err
}

// Woken hints that there is something to deliver.
func (s *Service) Woken() <-chan struct{} { return s.woken }

func (s *Service) wake() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

package platform

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/postgres"
)

// SecretPrefix begins the secret of an endpoint, as the Standard Webhooks specification has it.
const SecretPrefix = "whsec_"

// MaxEvents is how many events, or deliveries, are listed at once.
const MaxEvents = 200

var (
	errURL = fault.InvalidField("url",
		"An endpoint is an https address of the internet; in a development set-up also http on this machine.").
		Coded("webhook_url")
	errNoSeal = fault.New(fault.Conflict, "This server has no TIJORI_KEY, so it cannot keep the secrets of webhooks.").
			Coded("no_installation_key")
	errNoEndpoint = fault.New(fault.NotFound, "There is no such endpoint or event.").Coded("no_such_webhook")
)

// An Endpoint is where an app wants to hear of its events.
type Endpoint struct {
	ID           uuid.UUID
	URL          string
	State        string // on or off
	Reason       string // why it is off
	FailingSince time.Time
	CreatedAt    time.Time
	Waiting      int64 // events on their way
	Failed       int64 // events that were given up
}

// A Delivery is an event on its way to an endpoint, or there.
type Delivery struct {
	Number      int64
	Type        string
	Status      string // waiting, delivered or failed
	Attempts    int
	Answer      int // the last status, 0 for none
	Error       string
	NextAt      time.Time
	DeliveredAt time.Time
}

// newSeal keeps secrets unreadable in the database, each bound to its endpoint. It is nil without a key.
func newSeal(key []byte) (cipher.AEAD, error) {
	if key == nil {
		return nil, nil
	}
	if len(key) < 32 {
		return nil, errors.New("the installation's key is shorter than 32 bytes")
	}
	derived, err := hkdf.Key(sha256.New, key, nil, "tijori webhook secrets 1", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// newSecret makes a secret, and what is stored of it.
func (s *Service) newSecret(endpoint uuid.UUID) (text string, sealed []byte, err error) {
	if s.seal == nil {
		return "", nil, errNoSeal
	}
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	return SecretPrefix + base64.StdEncoding.EncodeToString(raw), s.seal.Seal(nil, nil, raw, endpoint[:]), nil
}

// checkURL refuses what no event may be sent to. Where a name leads is looked at again whenever it is dialed.
func (s *Service) checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || len(address) > 2000 || !plain(address) || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errURL
	}
	if u.Scheme != "https" && !(s.development && u.Scheme == "http" && thisMachine(u.Hostname())) {
		return errURL
	}
	return nil
}

// AddWebhook makes an endpoint of the app of a server key and returns its secret: this is the only time that it is
// shown.
func (s *Service) AddWebhook(ctx context.Context, h postgres.Holder, address string) (uuid.UUID, string, error) {
	if err := s.checkURL(address); err != nil {
		return uuid.Nil, "", err
	}
	app, err := s.appOf(ctx, h, WriteWebhooks)
	if err != nil {
		return uuid.Nil, "", err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, "", err
	}
	text, sealed, err := s.newSecret(id)
	if err != nil {
		return uuid.Nil, "", err
	}
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_plans.add_webhook($1, $2, $3)`, id, address, sealed)
	})
	return id, text, told(err)
}

// Webhooks lists the endpoints of the app of a server key.
func (s *Service) Webhooks(ctx context.Context, h postgres.Holder) (list []Endpoint, err error) {
	app, err := s.appOf(ctx, h, WriteWebhooks)
	if err != nil {
		return nil, err
	}
	err = s.db.ReadHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`
			select w.id, w.url, w.state, w.reason, w.failing_since, w.created_at, w.waiting, w.failed
			  from tijori_plans.webhook_list() w`).Query(func(rows pgx.Rows) (err error) {
			list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (e Endpoint, err error) {
				var since *time.Time
				err = row.Scan(&e.ID, &e.URL, &e.State, &e.Reason, &since, &e.CreatedAt, &e.Waiting, &e.Failed)
				e.FailingSince = value(since)
				return e, err
			})
			return err
		})
	})
	return list, told(err)
}

// Deliveries lists what was sent to an endpoint, the newest event first: those before a number, all when it is 0.
func (s *Service) Deliveries(
	ctx context.Context, h postgres.Holder, endpoint uuid.UUID, before int64, limit int,
) (list []Delivery, err error) {
	app, err := s.appOf(ctx, h, WriteWebhooks)
	if err != nil {
		return nil, err
	}
	if before == 0 {
		before = 1 << 62
	}
	err = s.db.ReadHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`
			select d.number, d.type, d.status, d.attempts, coalesce(d.answer, 0), d.error, d.next_at, d.delivered_at
			  from tijori_plans.webhook_deliveries($1, $2, $3) d`, endpoint, before, limit).
			Query(func(rows pgx.Rows) (err error) {
				list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (d Delivery, err error) {
					var next, at *time.Time
					err = row.Scan(&d.Number, &d.Type, &d.Status, &d.Attempts, &d.Answer, &d.Error, &next, &at)
					d.NextAt, d.DeliveredAt = value(next), value(at)
					return d, err
				})
				return err
			})
	})
	if fault.Is(err, fault.NotFound) {
		return nil, errNoEndpoint.Because(err)
	}
	return list, told(err)
}

func value(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// RotateWebhook gives an endpoint another secret and returns it. Both sign for a day.
func (s *Service) RotateWebhook(ctx context.Context, h postgres.Holder, endpoint uuid.UUID) (string, error) {
	text, sealed, err := s.newSecret(endpoint)
	if err != nil {
		return "", err
	}
	return text, s.changeWebhook(ctx, h, endpoint, "rotate", sealed)
}

// RemoveWebhook ends an endpoint.
func (s *Service) RemoveWebhook(ctx context.Context, h postgres.Holder, endpoint uuid.UUID) error {
	return s.changeWebhook(ctx, h, endpoint, "remove", nil)
}

// TurnOnWebhook turns an endpoint on again that was turned off, and sends what it has missed.
func (s *Service) TurnOnWebhook(ctx context.Context, h postgres.Holder, endpoint uuid.UUID) error {
	return s.changeWebhook(ctx, h, endpoint, "on", nil)
}

func (s *Service) changeWebhook(
	ctx context.Context, h postgres.Holder, endpoint uuid.UUID, act string, sealed []byte,
) error {
	app, err := s.appOf(ctx, h, WriteWebhooks)
	if err != nil {
		return err
	}
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_plans.change_webhook($1, $2, $3)`, endpoint, act, sealed)
	})
	if fault.Is(err, fault.NotFound) {
		return errNoEndpoint.Because(err)
	}
	s.wake()
	return told(err)
}

// SendWebhook sends an event to an endpoint once more, or a test when number is 0, and returns the event's number.
func (s *Service) SendWebhook(
	ctx context.Context, h postgres.Holder, endpoint uuid.UUID, number int64,
) (sent int64, err error) {
	app, err := s.appOf(ctx, h, WriteWebhooks)
	if err != nil {
		return 0, err
	}
	again := &number
	if number == 0 {
		again = nil
	}
	err = s.db.WriteHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select tijori_plans.send_webhook($1, $2)`, endpoint, again).
			QueryRow(func(row pgx.Row) error { return row.Scan(&sent) })
	})
	if fault.Is(err, fault.NotFound) {
		return 0, errNoEndpoint.Because(err)
	}
	s.wake()
	return sent, told(err)
}

// Events lists events of the app of a server key after a number, the oldest first, and the number to go on after.
func (s *Service) Events(
	ctx context.Context, h postgres.Holder, after int64, limit int,
) (list []json.RawMessage, next int64, err error) {
	app, err := s.appOf(ctx, h, ReadCustomers)
	if err != nil {
		return nil, 0, err
	}
	next = after
	err = s.db.ReadHeld(ctx, app.ID, h, func(b *pgx.Batch) {
		b.Queue(`select e.number, e.body from tijori_plans.app_events($1, $2) e order by e.number`, after, limit).
			Query(func(rows pgx.Rows) error {
				var body string
				_, err := pgx.ForEachRow(rows, []any{&next, &body}, func() error {
					list = append(list, json.RawMessage(body))
					return nil
				})
				return err
			})
	})
	return list, next, told(err)
}

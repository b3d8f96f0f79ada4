package billing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/fault"
)

// The inbox as operators see it: every event is kept, with what became of it.

// InboxStates are the states of a stored event, in the order of a list.
var InboxStates = []string{"received", "parked", "dead", "ignored", "applied"}

// A StoredEvent is a line of the inbox.
type StoredEvent struct {
	Provider    facts.Provider
	ID          string
	Type        string
	Subject     string // the provider's subscription, where the event tells it
	Status      string // one of InboxStates
	Reason      string // why it is ignored, parked or dead, or what failed last
	Secret      string // label of the secret that signed it
	AccountID   uuid.UUID
	Deliveries  int // how often the provider has sent it
	Attempts    int // how often we have failed to apply it
	CreatedAt   time.Time
	ReceivedAt  time.Time
	DeliveredAt time.Time // last
	NextAttempt time.Time // while it waits
	AppliedAt   time.Time
}

// An InboxFilter says which events to list: all when it is zero.
type InboxFilter struct {
	Provider facts.Provider
	Status   string
	Before   time.Time // received before; the last line's ReceivedAt asks for the next page
	Limit    int       // 0 means 50
}

const eventColumns = `provider, event_id, type, subject, status, last_error, secret_label, account_id,
	deliveries, attempts, created_at, received_at, delivered_at, next_attempt_at, applied_at`

func scanEvent(row pgx.CollectableRow, more ...any) (StoredEvent, error) {
	var e StoredEvent
	var account *uuid.UUID
	var created, applied *time.Time
	to := []any{
		&e.Provider, &e.ID, &e.Type, &e.Subject, &e.Status, &e.Reason, &e.Secret, &account, &e.Deliveries,
		&e.Attempts, &created, &e.ReceivedAt, &e.DeliveredAt, &e.NextAttempt, &applied,
	}
	err := row.Scan(append(to, more...)...)
	if account != nil {
		e.AccountID = *account
	}
	e.CreatedAt, e.AppliedAt = value(created), value(applied)
	return e, err
}

// ListEvents lists the inbox, newest first.
func (s *Service) ListEvents(ctx context.Context, f InboxFilter) (list []StoredEvent, err error) {
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = 50
	}
	if f.Before.IsZero() {
		f.Before = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select `+eventColumns+`
			  from (values ('stripe'), ('razorpay')) p(name)
			  cross join lateral (
				select * from inbox i
				 where i.connection_id = p.name and ($1 = '' or i.connection_id = $1) and ($2 = '' or i.status = $2)
				     and i.received_at < $3
				 order by i.received_at desc, i.event_id limit $4) e
			 order by received_at desc, event_id limit $4`, string(f.Provider), f.Status, f.Before, f.Limit)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (StoredEvent, error) { return scanEvent(row) })
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list events: %w", err)
	}
	return list, nil
}

// An EventDetail is one event as it was received.
type EventDetail struct {
	StoredEvent
	Headers map[string]string
	Body    []byte // raw, as it was signed
	Reviews []ReviewItem
	Acts    []Act
}

var errNoEvent = fault.New(fault.NotFound, "There is no such event.")

// EventByID returns a stored event with its raw body. An empty provider means
// whichever has it. NotFound when there is none.
func (s *Service) EventByID(ctx context.Context, provider facts.Provider, id string) (*EventDetail, error) {
	d := &EventDetail{}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select `+eventColumns+`, headers, body from inbox where connection_id = any ($1) and event_id = $2`,
			providersOr(provider), id)
		if err != nil {
			return err
		}
		var headers []byte
		d.StoredEvent, err = pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (StoredEvent, error) {
			return scanEvent(row, &headers, &d.Body)
		})
		if errors.Is(err, pgx.ErrNoRows) {
			return errNoEvent
		}
		if err != nil {
			return err
		}
		if err := json.Unmarshal(headers, &d.Headers); err != nil {
			return err
		}
		if d.Reviews, err = reviewsWhere(ctx, tx,
			`connection_id = $1 and (event_id = $2 or subscription_id <> '' and subscription_id = $3)`,
			d.Provider, d.ID, d.Subject); err != nil {
			return err
		}
		d.Acts, err = actsOn(ctx, tx, d.ID)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read event: %w", err)
	}
	return d, nil
}

func providersOr(p facts.Provider) []string {
	if p == "" {
		return []string{string(facts.Stripe), string(facts.Razorpay)}
	}
	return []string{string(p)}
}

// Replay applies a stored event once more, whatever its state, through the same
// worker as a fresh one: the provider is asked again, and what was counted
// stays counted once. Events that were ignored or cannot be read are refused
// while that is still so. Who and why are written down.
func (s *Service) Replay(ctx context.Context, who, reason string, provider facts.Provider, id string) error {
	d, err := s.EventByID(ctx, provider, id)
	if err != nil {
		return err
	}
	if why := s.useless(d); why != "" {
		return fault.New(fault.Conflict, "This event would change nothing: %s.", why)
	}
	return s.again(ctx, Act{
		Who: who, Act: "replay", Provider: d.Provider, Subject: d.ID, Reason: reason,
		Detail: "it was " + d.Status,
	}, d.Provider, []string{d.ID}, InboxStates)
}

// useless says why an event must not be given to the worker, or "".
func (s *Service) useless(d *EventDetail) string {
	g, err := s.gateway(d.Provider)
	if err != nil {
		return fmt.Sprintf("%s is not set up here", d.Provider.Name())
	}
	h := http.Header{}
	for k, v := range d.Headers {
		h.Set(k, v)
	}
	m := s.message(g, h, d.Body)
	if m.status == "received" {
		return ""
	}
	return m.lastError
}

// Retry gives events that are dead, parked or waiting another try now, with a
// fresh count of attempts. It returns how many. Nothing else is touched.
func (s *Service) Retry(ctx context.Context, who, reason string, f InboxFilter, ids ...string) (int, error) {
	states := []string{"dead", "parked", "received"}
	if f.Status != "" {
		if f.Status == "applied" || f.Status == "ignored" {
			return 0, fault.New(fault.Invalid,
				"Only dead, parked and waiting events are tried again; replay the others one by one.")
		}
		states = []string{f.Status}
	}
	if f.Limit <= 0 {
		f.Limit = 10_000
	}
	n := 0
	for _, p := range providersOr(f.Provider) {
		provider := facts.Provider(p)
		if s.gateways[provider] == nil {
			continue
		}
		picked := ids
		if len(picked) == 0 {
			list, err := s.retryable(ctx, provider, states, f.Limit)
			if err != nil {
				return n, err
			}
			picked = list
		}
		ready := make([]string, 0, len(picked))
		for _, id := range picked {
			d, err := s.EventByID(ctx, provider, id)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return n, err
			}
			if s.useless(d) == "" {
				ready = append(ready, id)
			}
		}
		if len(ready) == 0 {
			continue
		}
		about := ready[0]
		if len(ready) > 1 {
			about = fmt.Sprintf("%d events", len(ready))
		}
		if err := s.again(ctx,
			Act{Who: who, Act: "retry", Provider: provider, Subject: about, Reason: reason}, provider,
			ready, states); err != nil {
			return n, err
		}
		n += len(ready)
	}
	if n == 0 && len(ids) > 0 {
		return 0, errNoEvent
	}
	return n, nil
}

func (s *Service) retryable(
	ctx context.Context, provider facts.Provider, states []string, limit int,
) (ids []string, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select event_id from inbox where connection_id = $1 and status = any ($2) and status in ('parked', 'dead',
			    'received')
			 order by received_at limit $3`, provider, states, limit)
		if err != nil {
			return err
		}
		ids, err = pgx.CollectRows(rows, pgx.RowTo[string])
		return err
	})
	return ids, err
}

// again hands events back to the worker and writes down who did.
func (s *Service) again(ctx context.Context, a Act, provider facts.Provider, ids, states []string) error {
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `
			update inbox set status = 'received', attempts = 0, next_attempt_at = $4, applied_at = null
			 where connection_id = $1 and event_id = any ($2) and status = any ($3)`, provider, ids, states, s.clock.Now())
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return errNoEvent
		}
		return saveAct(ctx, tx, a)
	})
	if err != nil {
		return fmt.Errorf("%s events: %w", a.Act, err)
	}
	s.Wake()
	return nil
}

// An Act is what an operator did. Acts are never changed.
type Act struct {
	At       time.Time
	Who      string
	Act      string // replay, retry, resolve, assign, snooze, dismiss, reconcile, grant, take_back, end
	Provider facts.Provider
	Subject  string
	Reason   string
	Detail   string
}

var errNoReason = fault.InvalidField("reason", "Say why, in a few words. It is kept.")

// saveAct writes down what an operator did, in the transaction that did it.
// Invalid without a reason.
func saveAct(ctx context.Context, tx pgx.Tx, a Act) error {
	id, err := uuid.NewV7()
	if err != nil {
		return err
	}
	_, err = insertAct(ctx, tx, id, a)
	return err
}

// insertAct reports whether the act is new under its id.
func insertAct(ctx context.Context, tx pgx.Tx, id uuid.UUID, a Act) (bool, error) {
	if len(strings.TrimSpace(a.Reason)) < 3 || len(a.Reason) > 1000 {
		return false, errNoReason
	}
	if len(a.Who) > 254 {
		a.Who = a.Who[:254]
	}
	tag, err := tx.Exec(ctx, `
		insert into operator_acts (app_id, id, who, act, provider, subject, reason, detail)
		values (current_setting('tijori.app'), $1, $2, $3, $4, $5, $6, $7)
		on conflict (app_id, id) do nothing`,
		id, a.Who, a.Act, a.Provider, a.Subject, strings.TrimSpace(a.Reason), a.Detail)
	return tag.RowsAffected() == 1, err
}

// ErrDone says that another has done the act of a key at the same time.
var ErrDone = errors.New("the act was done by another call")

// SaveActOnce is SaveAct of an act that is done once for its key. ErrDone, which
// rolls the transaction back, when another has done it since ActOf was asked.
func SaveActOnce(ctx context.Context, tx pgx.Tx, key string, a Act) error {
	first, err := insertAct(ctx, tx, actID(a.Act, a.Subject, key), a)
	if err == nil && !first {
		err = ErrDone
	}
	return err
}

// ActOf returns the act of a key on a subject. NotFound when it was not done.
func ActOf(ctx context.Context, tx pgx.Tx, act, subject, key string) (*Act, error) {
	rows, err := tx.Query(ctx, `
		select at, who, act, provider, subject, reason, detail from operator_acts
		    where app_id = current_setting('tijori.app') and id = $1`, actID(act, subject, key))
	if err != nil {
		return nil, err
	}
	a, err := pgx.CollectExactlyOneRow(rows, pgx.RowToAddrOfStructByPos[Act])
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fault.New(fault.NotFound, "This was not done.")
	}
	return a, err
}

// actID is the id of an act that is done once for a key.
func actID(act, subject, key string) uuid.UUID {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("tijori act\x00"+act+"\x00"+subject+"\x00"+key))
}

// ListActs lists what operators did, newest first: all of it, or the acts that
// are named.
func (s *Service) ListActs(ctx context.Context, limit int, acts ...string) (list []Act, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select at, who, act, provider, subject, reason, detail from operator_acts
			 where $2::text[] is null or act = any ($2) order by at desc limit $1`, limit, acts)
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Act])
		return err
	})
	return list, err
}

func actsOn(ctx context.Context, tx pgx.Tx, subject string) ([]Act, error) {
	rows, err := tx.Query(ctx,
		`
			select at, who, act, provider, subject, reason,
			    detail from operator_acts where subject = $1 order by at desc
			    limit 50`, subject)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Act])
}

// An InboxCount is how many events are in a state that somebody should know of.
type InboxCount struct {
	Provider facts.Provider
	Waiting  int // not applied yet
	Failing  int // of those, tried in vain at least three times
	Parked   int
	Dead     int
	Foreign  int // ignored: of another mode or account
	Day      int // received within a day
	Last     time.Time
}

// CountInbox counts the inbox by what needs looking at, one line a provider.
func (s *Service) CountInbox(ctx context.Context) (list []InboxCount, err error) {
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select p.name,
			       (select count(*) from inbox i where i.connection_id = p.name and i.status = 'received'),
			       (select count(*) from inbox i where i.connection_id = p.name and i.status = 'received'
			           and i.attempts >= 3),
			       (select count(*) from inbox i where i.connection_id = p.name and i.status = 'parked'),
			       (select count(*) from inbox i where i.connection_id = p.name and i.status = 'dead'),
			       (select count(*) from inbox i where i.connection_id = p.name and i.status = 'ignored'
			           and i.last_error in ('livemode_mismatch', 'account_mismatch')),
			       (select count(*) from inbox i where i.connection_id = p.name and i.received_at > $1),
			       (select i.received_at from inbox i
			        where i.connection_id = p.name order by i.received_at desc limit 1)
			  from (values ('stripe'), ('razorpay')) p(name)`, s.clock.Now().Add(-24*time.Hour))
		if err != nil {
			return err
		}
		list, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (InboxCount, error) {
			var c InboxCount
			var last *time.Time
			err := row.Scan(&c.Provider, &c.Waiting, &c.Failing, &c.Parked, &c.Dead, &c.Foreign, &c.Day, &last)
			c.Last = value(last)
			return c, err
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count the inbox: %w", err)
	}
	return list, nil
}

// InboxAges says for how long the oldest event that is not applied has waited, by provider; of those without any,
// nothing.
func (s *Service) InboxAges(ctx context.Context) (map[facts.Provider]time.Duration, error) {
	out := map[facts.Provider]time.Duration{}
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select p.name, coalesce(extract(epoch from now() - (select i.received_at from inbox i
			    where i.connection_id = p.name and i.status = 'received' order by i.received_at limit 1)), 0)::float8
			  from unnest($1::text[]) p(name)`, s.work.Connections)
		if err != nil {
			return err
		}
		var name string
		var seconds float64 // no money
		_, err = pgx.ForEachRow(rows, []any{&name, &seconds}, func() error {
			out[facts.Provider(name)] = time.Duration(seconds * float64(time.Second))
			return nil
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look for the oldest events: %w", err)
	}
	return out, nil
}

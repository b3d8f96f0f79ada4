package credits

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tijorihq/tijori/internal/postgres"
)

// What a call asks, in the words of tijori_credits.spend_credits.
const (
	opConsume = "consume"
	opHold    = "hold"
	opCapture = "capture"
	opRelease = "release"
)

// A desk commits calls in groups. A call that arrives while both clerks are at
// the database waits for the next that comes back, and goes with all others
// that wait then: nobody waits for a timer, and a hot account's row is locked
// and written once for many calls. Each call gets an answer of its own.
//
// Calls of one API key, and of an app's key for one customer, are worked in the order of
// their arrival: while some of them are at the database, later ones wait.
type desk struct {
	db  *postgres.DB
	log *slog.Logger

	mu     sync.Mutex
	queue  []*call
	clerks int
	away   map[whose]bool // with calls at the database
}

const (
	maxClerks  = 2
	maxBatch   = 512
	tryFor     = 15 * time.Second // how long an unknown result is asked for again
	oneTry     = 5 * time.Second
	firstPause = 10 * time.Millisecond
	lastPause  = time.Second
)

func newDesk(db *postgres.DB, log *slog.Logger) *desk {
	return &desk{db: db, log: log, away: map[whose]bool{}}
}

// whose is what a call is asked with: a key, and for an app's key the customer.
type whose struct {
	hash     [32]byte
	customer string // by the app's own id, "" for the account of an account's own key
}

// A call is one request on its way.
type call struct {
	whose
	feature string // that the plan must carry, "" for none
	op      string
	meter   string
	amount  int64
	key     string
	note    string
	id      uuid.UUID // of the hold that is captured or released; of a new one, the attempt
	seconds int32

	ctx    context.Context
	done   chan struct{}
	answer answer
	err    error
}

// once says what must not be twice in one transaction: it would meet itself.
func (c *call) once() string {
	if c.op == opCapture || c.op == opRelease {
		return string(c.id[:])
	}
	return c.op + string(c.hash[:]) + c.customer + "\x00" + c.key
}

type answer struct {
	outcome    string
	number     int64
	available  int64
	hold       uuid.UUID
	meter      string
	held       int64
	captured   int64
	expiresAt  time.Time
	nextAt     time.Time
	nextAmount int64
}

// ask puts a call into the queue and waits for its answer. When ctx ends first,
// a call that is still in the queue is never made; one that is at the database
// may be done, and is found by its key.
func (d *desk) ask(ctx context.Context, c *call) (answer, error) {
	c.ctx, c.done = ctx, make(chan struct{})
	d.mu.Lock()
	d.queue = append(d.queue, c)
	if d.clerks < maxClerks && !d.away[c.whose] {
		d.clerks++
		go d.clerk()
	}
	d.mu.Unlock()
	select {
	case <-c.done:
	case <-ctx.Done():
		return answer{}, errBusy.Because(ctx.Err())
	}
	if c.err != nil {
		return answer{}, c.err
	}
	return c.answer, c.answer.refusal(c)
}

// clerk carries batches to the database until nothing waits that it may take.
func (d *desk) clerk() {
	for {
		batch := d.take()
		if len(batch) == 0 {
			return
		}
		d.work(batch)
		d.mu.Lock()
		for _, c := range batch {
			delete(d.away, c.whose)
		}
		d.mu.Unlock()
	}
}

// take removes from the queue what goes into the next transaction, and counts
// the clerk off when there is nothing.
func (d *desk) take() []*call {
	d.mu.Lock()
	defer d.mu.Unlock()
	var batch, stay []*call
	met := map[string]bool{}
	for _, c := range d.queue {
		once := c.once()
		switch {
		case c.ctx.Err() != nil: // its caller has gone
		case len(batch) == maxBatch || d.away[c.whose] || met[once]:
			stay = append(stay, c)
		default:
			met[once] = true
			batch = append(batch, c)
		}
	}
	d.queue = stay
	for _, c := range batch {
		d.away[c.whose] = true
	}
	if len(batch) == 0 {
		d.clerks--
	}
	return batch
}

// work brings a batch to an end: every call has an answer or an error.
func (d *desk) work(batch []*call) {
	err := d.persist(batch)
	if err != nil && len(batch) > 1 && !unknown(err) {
		// One of them is what the database refuses. The others must not suffer for it.
		d.log.Warn("credits: a batch was refused", "calls", len(batch), "error", err)
		for _, c := range batch {
			d.finish([]*call{c}, d.persist([]*call{c}))
		}
		return
	}
	d.finish(batch, err)
}

func (d *desk) finish(batch []*call, err error) {
	for _, c := range batch {
		if err != nil {
			c.err = errBusy.Because(err)
			if !unknown(err) {
				c.err = fmt.Errorf("spend credits: %w", err)
			}
		}
		close(c.done)
	}
}

// persist sends a batch until the database has answered. A connection that broke
// leaves open whether the transaction was committed, so the same calls go
// again, and those that were done are recognised by their keys.
func (d *desk) persist(batch []*call) error {
	until := time.Now().Add(tryFor)
	pause := firstPause
	for {
		ctx, cancel := context.WithTimeout(context.Background(), oneTry)
		err := d.send(ctx, batch)
		cancel()
		if err == nil || !unknown(err) || time.Now().After(until) {
			return err
		}
		d.log.Warn("credits: asking again", "calls", len(batch), "error", err)
		time.Sleep(pause)
		pause = min(2*pause, lastPause)
	}
}

// unknown reports errors after which nobody knows whether the transaction was
// committed, or by which it was not and may be the next time.
func unknown(err error) bool {
	if errors.Is(err, errAnswers) {
		return false
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return true // the connection, or our patience, broke
	}
	switch pg.Code[:2] {
	case "08", "57", "53":
		return true
	}
	// the last: a standby, until it is promoted
	return pg.Code == "40001" || pg.Code == "40P01" || pg.Code == "55P03" || pg.Code == "25006"
}

// errAnswers: the database must answer each call once.
var errAnswers = errors.New("the database's answers do not fit the calls")

const spendSQL = `
	select s.i, case when f.hashes[s.i] = '' then 'frozen' else s.outcome end,
	    s.number, s.available, s.hold_id, s.hold_meter, s.hold_amount, s.captured, s.expires_at,
	    s.next_at, s.next_amount
	  from tijori_ops.without_frozen_customers($1::bytea[], $2::text[]) f(hashes),
	    tijori_credits.spend_for(f.hashes, $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
	    $7::text[], $8::text[], $9::uuid[], $10::integer[]) s`

// send makes one transaction of a batch: one statement, one round trip.
func (d *desk) send(ctx context.Context, batch []*call) error {
	n := len(batch)
	hashes, ids := make([][]byte, n), make([][16]byte, n)
	ops, meters, keys, notes := make([]string, n), make([]string, n), make([]string, n), make([]string, n)
	customers, features := make([]string, n), make([]string, n)
	amounts, seconds := make([]int64, n), make([]int32, n)
	for i, c := range batch {
		hashes[i], ops[i], meters[i], amounts[i] = c.hash[:], c.op, c.meter, c.amount
		keys[i], notes[i], ids[i], seconds[i] = c.key, c.note, c.id, c.seconds
		customers[i], features[i] = c.customer, c.feature
	}
	answers := make([]answer, n)
	answered := 0
	err := d.db.WriteKeys(ctx, func(b *pgx.Batch) {
		q := b.Queue(spendSQL, hashes, customers, features, ops, meters, amounts, keys, notes, ids, seconds)
		q.Query(func(rows pgx.Rows) (err error) {
			answered, err = scanAnswers(rows, answers)
			return err
		})
	})
	if err != nil {
		return err
	}
	if answered != n {
		return fmt.Errorf("%w: %d of %d", errAnswers, answered, n)
	}
	for i, c := range batch {
		c.answer = answers[i]
	}
	return nil
}

// scanAnswers puts the database's answers in the places of their calls.
func scanAnswers(rows pgx.Rows, answers []answer) (answered int, err error) {
	for rows.Next() {
		var i int32
		var outcome string
		var number, available, held, captured, nextAmount *int64
		var hold *[16]byte
		var meter *string
		var expires, next *time.Time
		err := rows.Scan(&i, &outcome, &number, &available, &hold, &meter, &held, &captured, &expires,
			&next, &nextAmount)
		if err != nil {
			return answered, err
		}
		if i < 1 || int(i) > len(answers) || answers[i-1].outcome != "" {
			return answered, fmt.Errorf("%w: call %d of %d", errAnswers, i, len(answers))
		}
		a := &answers[i-1]
		a.outcome = outcome
		a.number, a.available, a.held = value(number), value(available), value(held)
		a.captured, a.nextAmount = value(captured), value(nextAmount)
		a.hold, a.meter, a.expiresAt, a.nextAt = value(hold), value(meter), value(expires).UTC(), value(next).UTC()
		answered++
	}
	return answered, rows.Err()
}

func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func (a answer) asHold() Hold {
	return Hold{ID: a.hold, Meter: a.meter, Amount: a.held, ExpiresAt: a.expiresAt, Available: a.available}
}

// refusal is the error of an outcome, nil for what was done.
func (a answer) refusal(c *call) error {
	switch a.outcome {
	case "ok", "repeated":
		return nil
	case "insufficient":
		return &Insufficient{Meter: c.meter, Available: a.available, NextAt: a.nextAt, NextAmount: a.nextAmount}
	case Held, Captured, Released, Expired:
		return &Repeat{Hold: a.asHold(), Status: a.outcome, Captured: a.captured}
	case "conflict":
		if c.op == opConsume || c.op == opHold {
			return errReused
		}
		return errCaptured
	case "unauthorized":
		return errNoKey
	case "forbidden":
		return errScope
	case "no_customer":
		return errNoCustomer
	case "not_in_plan":
		return errNotInPlan
	case "not_found":
		return errNoHold
	case "gone":
		return errGone
	case "too_much":
		return errTooMuch
	case "frozen":
		return postgres.Frozen
	}
	return fmt.Errorf("the database answered %q", a.outcome)
}

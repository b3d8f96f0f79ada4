package accesslog

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	queueSize  = 20_000 // records that wait; more are lost, and counted
	batchSize  = 1_000  // rows of one statement
	batchDelay = time.Second
	writeLimit = 10 * time.Second
	maxBackoff = 15 * time.Second
	maxKeys    = 10_000 // API keys that are remembered
	keyLife    = time.Hour
)

// A Writer adds records to the log from one goroutine of its own. Add never
// waits: what the database does not take in time is lost, counted, and said in
// the log itself by a row of the verdict Lost.
type Writer struct {
	pool    *pgxpool.Pool // of tijori_log
	log     *slog.Logger
	release string
	queue   chan Record
	stop    chan struct{} // closed by Stop: write what waits, then end
	done    chan struct{}
	once    sync.Once

	keys map[[32]byte]keyOwner // of the goroutine

	refusals refusals

	written, lost atomic.Int64
	unsaid        atomic.Int64 // lost, and not yet said in the log
}

type keyOwner struct {
	key, account uuid.UUID
	asked        time.Time
}

// Start begins to write, as tijori_log, until Stop. release is the program's version.
func Start(pool *pgxpool.Pool, release string, log *slog.Logger) *Writer {
	w := &Writer{
		pool: pool, log: log, release: release, queue: make(chan Record, queueSize),
		stop: make(chan struct{}), done: make(chan struct{}), keys: map[[32]byte]keyOwner{},
	}
	go w.run()
	return w
}

// Add hands a record over. It may be called from many goroutines, also of a nil Writer, which drops it.
func (w *Writer) Add(r Record) {
	if w == nil {
		return
	}
	r.Release = w.release
	if !w.refusals.admit(&r, time.Now()) {
		return
	}
	select {
	case w.queue <- r:
	default:
		w.lose(1)
	}
}

// LeftOut is how many refusals were only counted, because one caller had too many.
func (w *Writer) LeftOut() int64 { return w.refusals.all.Load() }

// Waiting is how many records are not yet written, Written how many are, Lost how many never will be.
func (w *Writer) Waiting() int   { return len(w.queue) }
func (w *Writer) Written() int64 { return w.written.Load() }
func (w *Writer) Lost() int64    { return w.lost.Load() }

func (w *Writer) lose(n int) {
	w.lost.Add(int64(n))
	w.unsaid.Add(int64(n))
}

// Stop writes what waits and ends. Records that come later are lost, and so is what cannot be written before ctx ends.
func (w *Writer) Stop(ctx context.Context) error {
	w.once.Do(func() { close(w.stop) })
	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		return errors.New("the access log was not written to its end")
	}
}

func (w *Writer) run() {
	defer close(w.done)
	batch := make([]Record, 0, batchSize)
	for {
		var stopping bool
		batch, stopping = w.gather(batch[:0])
		batch = append(batch, w.refusals.leftOut(time.Now(), stopping, w.release)...)
		if len(batch) > 0 || w.unsaid.Load() > 0 {
			w.write(batch)
		}
		if stopping && len(w.queue) == 0 {
			return
		}
	}
}

// gather waits for records: for a whole batch, or for those that come within batchDelay of the first.
func (w *Writer) gather(batch []Record) (_ []Record, stopping bool) {
	stop := w.stop
	var due <-chan time.Time
	tick := time.NewTicker(refusalWindow / 10)
	defer tick.Stop()
	for len(batch) < batchSize {
		select {
		case r := <-w.queue:
			batch = append(batch, r)
			if due == nil {
				due = time.After(batchDelay)
			}
			continue
		case <-due:
			return batch, stopping
		case <-tick.C: // what was left out is due, whether or not anything else is
			if len(batch) == 0 {
				return batch, stopping
			}
		case <-stop:
			stopping, stop = true, nil
		}
		for len(batch) < batchSize { // stopping: only what waits already
			select {
			case r := <-w.queue:
				batch = append(batch, r)
				continue
			default:
			}
			return batch, true
		}
	}
	return batch, stopping
}

// write tries until the batch is in the log, or can never be, or the writer must stop.
func (w *Writer) write(batch []Record) {
	for wait, tries := 100*time.Millisecond, 0; ; tries++ {
		unsaid := w.unsaid.Load()
		rows := batch
		if unsaid > 0 {
			rows = append(rows[:len(rows):len(rows)], Record{
				At: time.Now(), Verdict: Lost, Rows: int(unsaid), Release: w.release,
			})
		}
		ctx, cancel := context.WithTimeout(context.Background(), writeLimit)
		err := w.insert(ctx, rows)
		cancel()
		if err == nil {
			w.written.Add(int64(len(batch)))
			w.unsaid.Add(-unsaid)
			return
		}
		stopping := false
		select {
		case <-w.stop:
			stopping = true
		default:
		}
		if hopeless(err) || stopping && tries > 0 {
			w.lose(len(batch))
			w.log.Error("the access log lost records", "records", len(batch), "error", err)
			return
		}
		if tries == 0 {
			w.log.Warn("the access log cannot be written; trying again", "waiting", len(w.queue), "error", err)
		}
		select {
		case <-time.After(wait):
		case <-w.stop:
		}
		wait = min(2*wait, maxBackoff)
	}
}

// hopeless reports whether a statement fails for what it holds, and would again.
func hopeless(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	return ok && len(pg.Code) == 5 && (pg.Code[:2] == "22" || pg.Code[:2] == "23")
}

// insert adds rows in one statement. COPY would be no faster here, and does not go through row-level security.
func (w *Writer) insert(ctx context.Context, batch []Record) error {
	if err := w.nameKeys(ctx, batch); err != nil {
		return err
	}
	n := len(batch)
	var (
		at, operator            = make([]time.Time, n), make([]bool, n)
		request, route, verdict = make([]string, n), make([]string, n), make([]string, n)
		device, release         = make([]string, n), make([]string, n)
		user, key               = make([]*uuid.UUID, n), make([]*uuid.UUID, n)
		account, business       = make([]*uuid.UUID, n), make([]*uuid.UUID, n)
		object, address         = make([]*string, n), make([]*netip.Addr, n)
		status, rows, took      = make([]int16, n), make([]int32, n), make([]int32, n)
	)
	for i := range batch {
		r := &batch[i]
		r.clean()
		at[i], request[i], route[i], verdict[i] = r.At, r.RequestID, r.Route, string(r.Verdict)
		device[i], release[i], operator[i], status[i] = r.Device, r.Release, r.Operator, int16(r.Status)
		user[i], key[i] = known(r.UserID), known(r.KeyID)
		account[i], business[i] = known(r.AccountID), known(r.Business)
		rows[i], took[i] = int32(min(r.Rows, 1<<30)), int32(min(r.Took.Milliseconds(), 1<<30))
		if r.Object != "" {
			object[i] = &r.Object
		}
		if r.Address.IsValid() {
			plain := r.Address.WithZone("")
			address[i] = &plain
		}
	}
	_, err := w.pool.Exec(ctx, `
		insert into tijori.access_log (at, request_id, user_id, key_id, operator, account_id, business_id, route,
		    object, verdict, status, rows, took_ms, address, device, release)
		select * from unnest($1::timestamptz[], $2::text[], $3::uuid[], $4::uuid[], $5::boolean[], $6::uuid[],
		    $7::uuid[], $8::text[], $9::text[], $10::text[], $11::smallint[], $12::integer[], $13::integer[],
		    $14::inet[], $15::text[], $16::text[])`,
		at, request, user, key, operator, account, business, route,
		object, verdict, status, rows, took, address, device, release)
	return err
}

func known(id uuid.UUID) *uuid.UUID {
	if id == uuid.Nil {
		return nil
	}
	return &id
}

// nameKeys fills in which API key a program came with, and whose it is. What is no key of ours stays unnamed.
func (w *Writer) nameKeys(ctx context.Context, batch []Record) error {
	var ask [][]byte
	now := time.Now()
	asking := map[[32]byte]bool{}
	for _, r := range batch {
		if r.Credential == [32]byte{} || asking[r.Credential] {
			continue
		}
		if o, ok := w.keys[r.Credential]; ok && now.Sub(o.asked) < keyLife {
			continue
		}
		asking[r.Credential] = true
		ask = append(ask, r.Credential[:])
	}
	found := map[[32]byte]keyOwner{} // with those of this batch, however many
	if len(ask) > 0 {
		rows, err := w.pool.Query(ctx, `select hash, key_id, account_id from tijori_access.keys_of($1)`, ask)
		if err != nil {
			return err
		}
		for rows.Next() {
			var hash []byte
			var account *uuid.UUID // an app's key is of no account
			o := keyOwner{asked: now}
			if err := rows.Scan(&hash, &o.key, &account); err != nil {
				rows.Close()
				return err
			}
			if account != nil {
				o.account = *account
			}
			found[[32]byte(hash)] = o
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if len(w.keys)+len(found) > maxKeys {
			clear(w.keys)
		}
		for hash, o := range found {
			w.keys[hash] = o
		}
	}
	for i := range batch {
		r := &batch[i]
		if r.Credential == [32]byte{} {
			continue
		}
		o, ok := found[r.Credential]
		if !ok {
			o = w.keys[r.Credential]
		}
		r.KeyID, r.AccountID = o.key, o.account
	}
	return nil
}

// Tend returns the body of a loop that makes the tables of the coming days and
// drops those whose time is over. pool is tijori_watch's.
func Tend(pool *pgxpool.Pool, log *slog.Logger) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		var made, dropped int
		err := pool.QueryRow(ctx, `select made, dropped from tijori_ops.tend_access_log()`).Scan(&made, &dropped)
		if err == nil && made+dropped > 0 {
			log.Debug("tended the access log", "made", made, "dropped", dropped)
		}
		return 0, err
	}
}

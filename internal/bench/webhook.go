package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/postgres"
)

// Webhooks says how large the storm is. Zero fields take the whole measure.
type Webhooks struct {
	Secret, Account string // the simulator's webhook secret and merchant account
	Events          int    // of the storm, each delivered three times; 0 means 10,000
	Kills           int    // of the server in between; 0 means 4
	Backlog         int    // events that wait for a stopped worker; 0 means 100,000
	Subscriptions   int    // that the events are about; 0 means 10,000
	Store           time.Duration
}

func (w Webhooks) withDefaults() Webhooks {
	if w.Events == 0 {
		w.Events, w.Kills = 10_000, 4
	}
	if w.Backlog == 0 {
		w.Backlog = 100_000
	}
	if w.Subscriptions == 0 {
		w.Subscriptions = 10_000
	}
	if w.Store == 0 {
		w.Store = 5 * time.Second
	}
	return w
}

// senders is how many deliveries a provider has under way at once.
const senders = 8

// A stormRun is RunWebhooks under way.
type stormRun struct {
	*run
	Webhooks
	addr  atomic.Pointer[string] // of the server that answers now
	acked atomic.Int64
}

// RunWebhooks measures the inbox with signed webhooks over real HTTP: how fast
// they are stored and acknowledged, how fast they are applied with the simulator
// as provider, and that a storm of triplicates in any order, with the server
// killed in between, loses and doubles nothing. The database is made again.
func RunWebhooks(ctx context.Context, c Config, w Webhooks) (err error) {
	r := &stormRun{run: &run{Config: c.withDefaults(), log: &statementLog{}}, Webhooks: w.withDefaults()}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seedWebhooks(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	var out webhookReport
	for _, part := range []func(context.Context, *webhookReport) error{r.measureStore, r.storm, r.drain} {
		if err := part(ctx, &out); err != nil {
			if r.server != nil {
				err = fmt.Errorf("%w: the server's last words: %s", err, r.server.output)
			}
			return err
		}
	}
	return out.write(c.Out, r.machine(ctx))
}

func (r *stormRun) start(ctx context.Context, jobs bool) (err error) {
	argv := slices.Clone(r.Server)
	if !jobs {
		argv = append(argv, "--no-jobs")
	}
	if r.server, err = startServer(ctx, argv, r.pg.DSN(databaseName, "postgres"), r.scratch); err != nil {
		return err
	}
	r.addr.Store(&r.server.addr)
	return nil
}

func (r *stormRun) halt() error {
	err := r.server.stop()
	r.server = nil
	return err
}

func subscriptionID(n int) string { return fmt.Sprintf("sub_bench%07d", n) }

// seedWebhooks makes accounts with a living subscription each, here and at the
// simulator, whose state file the server reads at its start.
func (r *stormRun) seedWebhooks(ctx context.Context) error {
	admin, err := pgx.ParseConfig(r.pg.DSN("postgres", "postgres"))
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	for _, sql := range []string{
		"drop database if exists " + databaseName + " with (force)",
		"create database " + databaseName,
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return err
		}
	}
	admin.Database = databaseName
	if err := postgres.Setup(ctx, &postgres.Config{Admin: admin}); err != nil {
		return err
	}
	if r.super, err = superPool(ctx, r.pg.DSN(databaseName, "postgres")); err != nil {
		return err
	}
	if _, err := r.super.Exec(ctx, soldSQL); err != nil {
		return err
	}
	for _, sql := range []string{
		`insert into tijori.accounts (app_id, account_id, name) select 'khata', ` + idSQL(accountKind, "n") +
			`, 'bench ' || n from generate_series(1, $1::int) n`,
		`insert into tijori.provider_directory (connection_id, provider, kind, provider_id, account_id, created_at)
			select 'razorpay', 'razorpay', 'subscription', 'sub_bench' || lpad(n::text, 7, '0'), ` + idSQL(accountKind,
			"n") + `, now() from generate_series(1, $1::int) n`,
		`insert into tijori.subscriptions (app_id, account_id, connection_id, provider, id, status, provider_status, price_id, seen_at, created_at, changed_at)
			select 'khata', ` + idSQL(accountKind,
			"n") + `, 'razorpay', 'razorpay', 'sub_bench' || lpad(n::text, 7, '0'), 'incomplete', 'created', 'plan_TijoriProMonth', now(), now(), now() from generate_series(1, $1::int) n`,
	} {
		if _, err := r.super.Exec(ctx, sql, r.Subscriptions); err != nil {
			return err
		}
	}
	if _, err := r.super.Exec(ctx, `analyze`); err != nil {
		return err
	}
	return r.seedSimulator()
}

func (r *stormRun) seedSimulator() error {
	now := time.Now().Unix()
	subscriptions := map[string]any{}
	for n := 1; n <= r.Subscriptions; n++ {
		subscriptions[subscriptionID(n)] = map[string]any{
			"provider": "razorpay", "id": subscriptionID(n), "price": "plan_TijoriProMonth", "status": "active",
			"created": now, "start": now,
			"period_start": now, "period_end": now + 27*86400, "period": 1, "total": 120, "paid": 1,
		}
	}
	b, err := json.Marshal(map[string]any{"subscriptions": subscriptions})
	if err != nil {
		return err
	}
	dir := filepath.Join(r.scratch, "state")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "simulator.json"), b, 0o600)
}

// An event is one signed delivery, ready to be sent.
type event struct {
	id      string
	subject string
	body    []byte
}

// newEvent is the n-th charge, of a payment of its own.
func (r *stormRun) newEvent(run string, n int) event {
	sub := subscriptionID(n%r.Subscriptions + 1)
	now := time.Now().Unix()
	body := fmt.Appendf(nil,
		`{"entity":"event","account_id":%q,"event":"subscription.charged","contains":["subscription","payment"],"payload":{"subscription":{"entity":{"id":%q,"entity":"subscription","plan_id":"plan_TijoriProMonth","customer_id":null,"status":"active","current_start":%d,"current_end":%d,"start_at":%d,"paid_count":1,"total_count":120,"notes":[]}},"payment":{"entity":{"id":"pay_%s%07d","entity":"payment","amount":29900,"currency":"INR","status":"captured","captured":"1","invoice_id":"inv_%s%07d","method":"upi","notes":[],"created_at":%d}}},"created_at":%d}`,
		r.Account, sub, now, now+27*86400, now, run, n, run, n, now, now)
	return event{id: fmt.Sprintf("ev_%s%07d", run, n), subject: sub, body: body}
}

func (r *stormRun) request(e event) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /api/razorpay/webhook HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s: %s\r\n%s: %s\r\n\r\n",
		len(e.body), razorpay.EventIDHeader, e.id, razorpay.SignatureHeader, facts.Sign(r.Secret, e.body))
	b.Write(e.body)
	return b.Bytes()
}

// A sender repeats a delivery until it is acknowledged, as a provider does.
type sender struct {
	r    *stormRun
	c    *client
	addr string
	took []time.Duration
}

func (s *sender) deliver(ctx context.Context, request []byte) error {
	for ctx.Err() == nil {
		if at := *s.r.addr.Load(); s.c == nil || at != s.addr {
			s.drop()
			c, err := dial(at)
			if err != nil {
				time.Sleep(20 * time.Millisecond)
				continue
			}
			s.c, s.addr = c, at
		}
		start := time.Now()
		if _, err := s.c.do(request); err != nil {
			if refused := (*statusError)(nil); errors.As(err, &refused) && refused.status/100 == 4 {
				return fmt.Errorf("a delivery was refused: %w", err)
			}
			s.drop()
			time.Sleep(20 * time.Millisecond)
			continue
		}
		s.took = append(s.took, time.Since(start))
		s.r.acked.Add(1)
		return nil
	}
	return ctx.Err()
}

func (s *sender) drop() {
	if s.c != nil {
		s.c.close()
		s.c = nil
	}
}

// send delivers from several senders until next has no more.
func (r *stormRun) send(ctx context.Context, senders int, next func() ([]byte, bool)) ([]time.Duration, error) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	for range senders {
		wg.Go(func() {
			s := &sender{r: r}
			defer s.drop()
			for {
				request, ok := next()
				if !ok {
					break
				}
				if err := s.deliver(ctx, request); err != nil {
					mu.Lock()
					failed = err
					mu.Unlock()
					return
				}
			}
			mu.Lock()
			took = append(took, s.took...)
			mu.Unlock()
		})
	}
	wg.Wait()
	return took, failed
}

// measureStore sends fresh events to a server that does nothing else, for a while.
func (r *stormRun) measureStore(ctx context.Context, out *webhookReport) error {
	if err := r.start(ctx, false); err != nil {
		return err
	}
	var n atomic.Int64
	for _, clients := range []int{senders, 32} {
		for round := range r.Rounds {
			r.say("storing with %d senders, round %d of %d", clients, round+1, r.Rounds)
			turnOver, err := r.turn()
			if err != nil {
				return err
			}
			end := time.Now().Add(r.Store)
			start := time.Now()
			took, err := r.send(ctx, clients, func() ([]byte, bool) {
				return r.request(r.newEvent("s", int(n.Add(1)))), time.Now().Before(end)
			})
			turnOver()
			if err != nil {
				return err
			}
			out.store = append(out.store, storeLine{clients, float64(len(took)) / time.Since(start).Seconds(), took})
		}
	}
	var stored int64
	if err := r.super.QueryRow(ctx, `select count(*) from tijori.inbox`).Scan(&stored); err != nil {
		return err
	}
	if stored < r.acked.Load() {
		return fmt.Errorf("%d deliveries were acknowledged and %d events are stored", r.acked.Load(), stored)
	}
	if err := r.halt(); err != nil {
		return err
	}
	_, err := r.super.Exec(ctx, `truncate tijori.inbox`)
	return err
}

// storm delivers every event three times, shuffled, and kills the server in
// between. Everything must be applied, once.
func (r *stormRun) storm(ctx context.Context, out *webhookReport) error {
	if err := r.start(ctx, true); err != nil {
		return err
	}
	order := make([]int, 0, 3*r.Events)
	for n := range r.Events {
		order = append(order, n, n, n)
	}
	rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	r.acked.Store(0)
	done := make(chan error, 1)
	var at atomic.Int64
	start := time.Now()
	go func() {
		var err error
		out.storm, err = r.send(ctx, senders, func() ([]byte, bool) {
			i := int(at.Add(1)) - 1
			if i >= len(order) {
				return nil, false
			}
			return r.request(r.newEvent("t", order[i])), true
		})
		done <- err
	}()
	for kill := range r.Kills {
		for r.acked.Load() < int64(len(order)*(kill+1)/(r.Kills+1)) {
			select {
			case err := <-done:
				return errors.Join(err, errors.New("the storm was over before the last kill"))
			case <-time.After(5 * time.Millisecond):
			}
		}
		r.say("kill %d of %d after %d acknowledged deliveries", kill+1, r.Kills, r.acked.Load())
		if err := r.server.cmd.Process.Kill(); err != nil {
			return err
		}
		<-r.server.ended
		if err := r.start(ctx, true); err != nil {
			return err
		}
	}
	if err := <-done; err != nil {
		return err
	}
	out.stormSeconds = time.Since(start).Seconds()
	if err := r.drained(ctx, 5*time.Minute); err != nil {
		return err
	}
	return r.appliedOnce(ctx, out)
}

// drained waits until nothing waits any more.
func (r *stormRun) drained(ctx context.Context, most time.Duration) error {
	for end := time.Now().Add(most); ; time.Sleep(50 * time.Millisecond) {
		var left int
		if err := r.super.QueryRow(ctx,
			`select count(*) from tijori.inbox where status in ('received', 'parked')`).Scan(&left); err != nil {
			return err
		}
		if left == 0 {
			return nil
		}
		if time.Now().After(end) {
			var why string
			_ = r.super.QueryRow(ctx,
				`select last_error from tijori.inbox
					where status in ('received', 'parked') order by attempts desc limit 1`).Scan(&why)
			return fmt.Errorf("%d events still wait after %s: %s", left, most, why)
		}
	}
}

// appliedOnce holds the books against what was sent.
func (r *stormRun) appliedOnce(ctx context.Context, out *webhookReport) error {
	var events, applied, payments, deliveries int
	err := r.super.QueryRow(ctx, `
		select (select count(*) from tijori.inbox where event_id like 'ev\_t%'),
		    (select count(*) from tijori.inbox where event_id like 'ev\_t%' and status = 'applied'),
		       (select count(*) from tijori.payments where id like 'pay\_t%'), (select sum(deliveries) from tijori.inbox where event_id like 'ev\_t%')`).Scan(&events, &applied, &payments, &deliveries)
	if err != nil {
		return err
	}
	out.lost = r.Events - min(events, applied, payments)
	out.doubled = max(events, applied, payments) - r.Events
	if out.lost != 0 || out.doubled != 0 || deliveries < int(r.acked.Load()) {
		return fmt.Errorf("of %d events %d are stored, %d applied, %d payments booked; %d deliveries counted of %d acknowledged", r.Events, events, applied, payments, deliveries, r.acked.Load())
	}
	return r.halt()
}

// drain measures a worker that comes back to a long queue.
func (r *stormRun) drain(ctx context.Context, out *webhookReport) error {
	end, err := r.turn()
	if err != nil {
		return err
	}
	defer end()
	r.say("a backlog of %d events", r.Backlog)
	i := 0
	now := time.Now()
	_, err = r.super.CopyFrom(ctx, pgx.Identifier{"tijori", "inbox"},
		[]string{
			"connection_id", "provider", "event_id", "type", "subject", "status", "body", "headers",
			"secret_label", "created_at", "received_at", "delivered_at", "next_attempt_at",
		},
		pgx.CopyFromFunc(func() ([]any, error) {
			if i >= r.Backlog {
				return nil, nil
			}
			i++
			e := r.newEvent("b", i)
			at := now.Add(time.Duration(i-r.Backlog) * time.Millisecond)
			return []any{
				"razorpay", "razorpay", e.id, "subscription.charged", e.subject, "received", e.body,
				map[string]string{razorpay.EventIDHeader: e.id},
				"bench", now, at, at, at,
			}, nil
		}))
	if err != nil {
		return err
	}
	// Each of the first events is about another subscription: no step has more than one to apply.
	if _, err := r.super.Exec(ctx,
		`update tijori.inbox set next_attempt_at = now() + interval '1 day' where event_id like 'ev\_b%'
			and event_id > $1`, fmt.Sprintf("ev_b%07d", min(r.Subscriptions, r.Backlog))); err != nil {
		return err
	}
	if _, err := r.super.Exec(ctx, `vacuum analyze tijori.inbox`); err != nil {
		return err
	}
	if err := r.start(ctx, true); err != nil {
		return err
	}
	if out.apply, err = r.rate(ctx, fmt.Sprintf("ev_b%07d", min(r.Subscriptions, r.Backlog))); err != nil {
		return err
	}
	start := time.Now()
	rest := r.Backlog - min(r.Subscriptions, r.Backlog)
	if _, err := r.super.Exec(ctx,
		`update tijori.inbox set next_attempt_at = received_at where status = 'received'`); err != nil {
		return err
	}
	if err := r.drained(ctx, 15*time.Minute); err != nil {
		return err
	}
	out.backlog, out.drainSeconds, out.rest = r.Backlog, time.Since(start).Seconds(), rest
	var payments int
	if err := r.super.QueryRow(ctx,
		`select count(*) from tijori.payments where id like 'pay\_b%'`).Scan(&payments); err != nil {
		return err
	}
	if payments != r.Backlog {
		return fmt.Errorf("the backlog of %d events has booked %d payments", r.Backlog, payments)
	}
	if out.rss, _, err = r.server.memory(); err != nil {
		return err
	}
	return r.halt()
}

// rate waits until every event up to last is applied, and says how many were a second.
func (r *stormRun) rate(ctx context.Context, last string) (float64, error) {
	count := func() (n int, first, end time.Time, err error) {
		var a, b *time.Time
		err = r.super.QueryRow(ctx,
			`select count(*), min(applied_at), max(applied_at) from tijori.inbox where event_id like 'ev\_b%'
				and event_id <= $1 and status = 'applied'`, last).Scan(&n, &a, &b)
		if a != nil && b != nil {
			first, end = *a, *b
		}
		return n, first, end, err
	}
	want := min(r.Subscriptions, r.Backlog)
	for limit := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		n, first, end, err := count()
		if err != nil {
			return 0, err
		}
		if n >= want {
			return float64(n) / max(end.Sub(first).Seconds(), 0.001), nil
		}
		if time.Now().After(limit) {
			return 0, fmt.Errorf("%d of %d events are applied after ten minutes", n, want)
		}
	}
}

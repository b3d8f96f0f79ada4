package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/postgres"
)

// creditAccounts is over how many accounts the spread load goes.
const creditAccounts = 2000

// RunCredits measures spending: by HTTP against the running product, and by
// pgbench with one statement that debits where enough is left, writes the entry and
// honours the idempotency key, on the same tables in the same run. Server must not
// run jobs. The database is made again each time.
func RunCredits(ctx context.Context, c Config) (err error) {
	r := &run{Config: c.withDefaults(), log: &statementLog{}}
	r.Businesses = creditAccounts
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seedCredits(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	if r.server, err = startServer(ctx, r.Server, r.pg.DSN(databaseName, "postgres"), r.scratch); err != nil {
		return err
	}
	lines := creditLines()
	for round := range r.Rounds {
		r.say("round %d of %d", round+1, r.Rounds)
		for i := range lines {
			s, err := lines[i].measure(ctx, r)
			if err != nil {
				return fmt.Errorf("%s: %w: the server's last words: %s", lines[i].name, err, r.server.output)
			}
			lines[i].rounds = append(lines[i].rounds, s)
		}
	}
	peak, _, err := r.server.memory()
	if err != nil {
		return err
	}
	if err := r.creditsAddUp(ctx); err != nil {
		return err
	}
	return writeCredits(c.Out, r.machine(ctx), lines, peak)
}

// A creditLine is one load at a number of clients.
type creditLine struct {
	name, of string
	clients  int
	measure  func(context.Context, *run) (sample, error)
	rounds   []sample
}

// median is the round whose rate lies in the middle.
func (l *creditLine) median() sample {
	best := l.rounds[0]
	for _, s := range l.rounds {
		lower, higher := 0, 0
		for _, o := range l.rounds {
			if o.perSecond() < s.perSecond() {
				lower++
			}
			if o.perSecond() > s.perSecond() {
				higher++
			}
		}
		if lower <= len(l.rounds)/2 && higher <= len(l.rounds)/2 {
			best = s
		}
	}
	return best
}

func creditLines() []creditLine {
	var lines []creditLine
	one := fmt.Sprintf(consumeScript, "1")
	spread := fmt.Sprintf(consumeScript, "random(1, :businesses)")
	add := func(name, of string, clients int, measure func(context.Context, *run) (sample, error)) {
		lines = append(lines, creditLine{name: name, of: of, clients: clients, measure: measure})
	}
	for _, n := range []int{8, 32} {
		add("pgbench, one statement, spread", "pgbench spread", n, func(ctx context.Context, r *run) (sample, error) {
			return r.runPgbench(ctx, spread, "postgres", n, r.Round)
		})
	}
	for _, n := range []int{1, 2, 8} {
		add("pgbench, one statement, one account", "pgbench one", n, func(ctx context.Context, r *run) (sample, error) {
			return r.runPgbench(ctx, one, "postgres", n, r.Round)
		})
	}
	for _, n := range []int{32, 64, 128} {
		add("HTTP consume, spread", "consume spread", n, func(ctx context.Context, r *run) (sample, error) {
			return r.loadCredits(ctx, n, func(c *client) error { return consume(c, 1+rand.IntN(creditAccounts)) })
		})
	}
	for _, n := range []int{32, 64, 128} {
		add("HTTP consume, one account", "consume one", n, func(ctx context.Context, r *run) (sample, error) {
			return r.loadCredits(ctx, n, func(c *client) error { return consume(c, 1) })
		})
	}
	for _, n := range []int{32, 64, 128} {
		add("HTTP hold and capture, spread", "pairs", n, func(ctx context.Context, r *run) (sample, error) {
			return r.loadCredits(ctx, n,
				func(c *client) error { return holdAndCapture(c, 1+rand.IntN(creditAccounts)) })
		})
	}
	return lines
}

// consumeScript debits one credit where it is there, writes the entry and honours the key, in one statement.
const consumeScript = `\set n %s
with debit as (
	update tijori.credit_balances set balance = balance - 1, lot_left = lot_left - 1, entries = entries + 1
	 where account_id = ('01920000-0000-7000-8000-' || lpad(to_hex(:n::int), 12, '0'))::uuid and meter = 'credits'
	   and balance - held >= 1 and lot_left >= 1
		returning account_id, meter, entries, balance, held)
insert into tijori.credit_entries (account_id, meter, number, kind, amount, balance, held, key, created_at)
select account_id, meter, entries, 'consume', -1, balance, held, gen_random_uuid()::text, now() from debit
on conflict (account_id, key) where key is not null do nothing
returning balance - held;
`

// seedCredits makes the database with accounts, keys and plenty of credits.
func (r *run) seedCredits(ctx context.Context) error {
	r.say("making %d accounts with credits", creditAccounts)
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
	if admin, err = pgx.ParseConfig(r.pg.DSN(databaseName, "postgres")); err != nil {
		return err
	}
	if err := postgres.Setup(ctx, &postgres.Config{Admin: admin}); err != nil {
		return err
	}
	if r.super, err = pgxpool.New(ctx, r.pg.DSN(databaseName, "postgres")); err != nil {
		return err
	}
	if _, err := r.super.Exec(ctx, soldSQL); err != nil {
		return err
	}
	id := func(kind int) string { return idSQL(kind, "n") }
	seeds := []string{
		`insert into tijori.users (id, email, name, password_hash) select ` + id(userKind) +
			`, 'bench' || n || '@example.com', 'Bench', '!' from generate_series(1, $1::int) n`,
		`insert into tijori.accounts (app_id, account_id, name) select 'khata', ` + id(accountKind) +
			`, 'Bench' from generate_series(1, $1::int) n`,
		`insert into tijori.members (account_id, id, user_id, role) select ` + id(accountKind) + `, ` + id(userKind) +
			`, ` + id(userKind) + `, 'owner' from generate_series(1, $1::int) n`,
		`insert into tijori.credentials (hash, id, kind, user_id, account_id, name, scopes, expires_at)
		 select sha256(('tijori_bench_' || n)::bytea), ` + id(userKind) + `, 'api_key', ` + id(userKind) + `, ` +
			id(accountKind) + `, 'bench', '{credits:spend}', 'infinity' from generate_series(1, $1::int) n`,
		`select count(tijori_credits.grant_credits(` + id(accountKind) +
			`, 'credits', gen_random_uuid(), 'promotional', 1000000000, 20, 'infinity', 'bench', 'bench', 'bench', null, null, null, now())) from generate_series(1, $1::int) n`,
	}
	err = pgx.BeginFunc(ctx, r.super, func(tx pgx.Tx) error {
		// whose accounts are granted something
		if _, err := tx.Exec(ctx, `set local tijori.app = 'khata'`); err != nil {
			return err
		}
		for _, sql := range seeds {
			if _, err := tx.Exec(ctx, sql, creditAccounts); err != nil {
				return fmt.Errorf("%.60s: %w", sql, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, table := range []string{"users", "accounts", "members", "credentials", "credit_grants", "credit_balances"} {
		if _, err := r.super.Exec(ctx, "vacuum analyze tijori."+table, pgx.QueryExecModeExec); err != nil {
			return err
		}
	}
	return nil
}

// creditsAddUp holds the books after the load: a benchmark that loses credits measures nothing.
func (r *run) creditsAddUp(ctx context.Context) error {
	var wrong int
	err := r.super.QueryRow(ctx, `
		select count(*) from tijori.credit_balances b
		  join (select account_id, meter, sum(amount) as total, count(*) as n from tijori.credit_entries group by 1,
		      2) e using (account_id, meter)
		 where b.balance <> e.total or b.entries <> e.n`).Scan(&wrong)
	if err == nil && wrong > 0 {
		err = fmt.Errorf("%d accounts do not add up after the load", wrong)
	}
	return err
}

// loadCredits lets clients work for a while; one call of work is one count.
func (r *run) loadCredits(ctx context.Context, clients int, work func(*client) error) (sample, error) {
	end, err := r.turn()
	if err != nil {
		return sample{}, err
	}
	defer end()
	ctx, cancel := context.WithTimeout(ctx, r.Round)
	defer cancel()
	var mu sync.Mutex
	var total sample
	var failure error
	var wg sync.WaitGroup
	start := time.Now()
	for range clients {
		wg.Go(func() {
			var mine []time.Duration
			err := func() error {
				c, err := dial(r.server.addr)
				if err != nil {
					return err
				}
				defer c.close()
				for ctx.Err() == nil {
					began := time.Now()
					if err := work(c); err != nil {
						return err
					}
					mine = append(mine, time.Since(began))
				}
				return nil
			}()
			mu.Lock()
			defer mu.Unlock()
			total.latencies = append(total.latencies, mine...)
			if err != nil && failure == nil {
				failure = err
				cancel()
			}
		})
	}
	wg.Wait()
	total.took = time.Since(start)
	return total, failure
}

var spent atomic.Int64

func consume(c *client, n int) error {
	_, err := c.post(n, "/api/credits/consume",
		fmt.Sprintf(`{"meter":"credits","amount":1,"idempotency_key":"c-%x-%d"}`, runID, spent.Add(1)), 200)
	return err
}

func holdAndCapture(c *client, n int) error {
	body, err := c.post(n, "/api/credits/holds",
		fmt.Sprintf(`{"meter":"credits","amount":2,"idempotency_key":"h-%x-%d"}`, runID, spent.Add(1)), 201)
	if err != nil {
		return err
	}
	_, rest, _ := bytes.Cut(body, []byte(`"id":"`))
	if len(rest) < 36 {
		return fmt.Errorf("a hold without an id: %s", body)
	}
	_, err = c.post(n, "/api/credits/holds/"+string(rest[:36])+"/capture", `{"amount":2}`, 200)
	return err
}

// post sends a request with the API key of account n and returns the body.
func (c *client) post(n int, path, body string, want int) ([]byte, error) {
	return c.ask("tijori_bench_"+strconv.Itoa(n), "POST", path, body, want)
}

// ask sends a request with a key and returns the body. It reads only what it must.
func (c *client) ask(key, method, path, body string, want int) ([]byte, error) {
	_, err := fmt.Fprintf(c.conn, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", method, path, key, len(body), body)
	if err != nil {
		return nil, err
	}
	status, length := 0, 0
	for {
		line, err := c.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if status == 0 && len(line) > 12 {
			status, err = strconv.Atoi(string(line[9:12]))
		} else if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, err = strconv.Atoi(string(v))
		}
		if err != nil {
			return nil, fmt.Errorf("an answer that begins %q: %w", line, err)
		}
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(c.r, answer); err != nil {
		return nil, err
	}
	if status != want {
		return nil, &statusError{status, string(answer)}
	}
	return answer, nil
}

// writeCredits prints the table and the figures.
func writeCredits(w io.Writer, machine string, lines []creditLine, peak int64) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", machine)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "load\tclients\tper second\tp50 ms\tp95 ms\tp99 ms\t")
	best := map[string]float64{}
	at64 := map[string]sample{}
	for i := range lines {
		l := &lines[i]
		s := l.median()
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t\n", l.name, l.clients, s.perSecond(), ms(s.percentile(0.50)),
			ms(s.percentile(0.95)), ms(s.percentile(0.99)))
		best[l.of] = max(best[l.of], s.perSecond())
		if l.clients == 64 {
			at64[l.of] = s
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteString("\nMedians of the rounds. A pair of hold and capture counts as one.\n\n")
	spread, one := at64["consume spread"], at64["consume one"]
	worst := max(spread.percentile(0.99), one.percentile(0.99))
	for _, f := range []struct {
		name  string
		value float64
		unit  string
	}{
		{"consume_spread_vs_pgbench", best["consume spread"] / best["pgbench spread"], "ratio"},
		{"consume_hot_vs_rowlock", one.perSecond() / best["pgbench one"], "ratio"},
		{"consume_p99", float64(worst) / float64(time.Millisecond), "ms"},
		{"hold_capture_vs_consume", best["pairs"] / best["consume spread"], "ratio"},
		{"consume_spread_per_second", best["consume spread"], "1/s"},
		{"consume_hot_per_second", one.perSecond(), "1/s"},
		{"server_rss", float64(peak) / 1e6, "MB"},
	} {
		fmt.Fprintf(&b, "figure %s %.2f %s\n", f.name, f.value, f.unit)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/google/uuid"
)

// Watch says how large the access log is in which one account's day is looked for.
type Watch struct {
	Rows int // of one day; 0 means 10,000,000
}

// What the access log promises.
const (
	watchCost  = 5.0 // percent of throughput, at most
	watchQuery = 200 * time.Millisecond
)

const (
	watchClients  = 8
	watchAccounts = 10_000
)

// watchEndpoints are what is asked with the log on and off: a list, a page and a write.
var watchEndpoints = []endpoint{endpoints[1], endpoints[2], endpoints[4]}

// RunWatch measures what the access log costs, two servers on one database by turns, with and without it, and how long
// one account's day takes to read out of a large day.
func RunWatch(ctx context.Context, c Config, w Watch) (err error) {
	r := &run{Config: c.withDefaults(), log: &statementLog{}}
	if c.Businesses == 0 {
		r.Businesses, r.Parties, r.Entries = 200, 100, 500
	}
	if w.Rows == 0 {
		w.Rows = 10_000_000
	}
	var servers [2]*child // without the log, and with it
	defer func() {
		for _, s := range servers {
			if s != nil && s != r.server {
				err = errors.Join(err, s.stop())
			}
		}
		err = errors.Join(err, r.close())
	}()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seed(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	argv := append(slices.Clone(r.Server), "--no-jobs")
	for i, more := range [][]string{{"--no-access-log"}, nil} {
		servers[i], err = startServer(ctx, append(slices.Clone(argv), more...), r.pg.DSN(databaseName, "postgres"),
			r.scratch)
		if err != nil {
			return err
		}
	}
	var samples [2][]sample
	for i := range samples {
		samples[i] = make([]sample, len(watchEndpoints))
	}
	for _, s := range servers {
		r.server = s
		if err := r.warm(watchEndpoints[0]); err != nil {
			return err
		}
	}
	for round := range r.Rounds {
		r.say("round %d of %d", round+1, r.Rounds)
		for n, e := range watchEndpoints {
			for turn := range 2 {
				i := (turn + round) % 2 // whoever is first may find the machine busier
				r.server = servers[i]
				s, err := r.load(ctx, watchClients, r.Round, func() []byte {
					return e.request(1+rand.IntN(r.Businesses), 1+rand.IntN(r.Parties))
				})
				if err != nil {
					return fmt.Errorf("%s: %w: the server's last words: %s", e.name, err, r.server.output)
				}
				samples[i][n].add(s)
			}
		}
	}
	day, err := r.askDay(ctx, w)
	if err != nil {
		return fmt.Errorf("look for an account's day: %w", err)
	}
	return r.writeWatch(ctx, w, samples, day)
}

// askDay fills a day of the log and reads the days of accounts out of it, the busiest first.
func (r *run) askDay(ctx context.Context, w Watch) (*sample, error) {
	var there int
	err := r.super.QueryRow(ctx, `select count(*) from tijori.access_log where release = 'bench'`).Scan(&there)
	if err != nil {
		return nil, err
	}
	day := time.Now().UTC().Truncate(24 * time.Hour)
	if _, err := r.super.Exec(ctx, `select tijori_ops.tend_access_log()`); err != nil {
		return nil, err
	}
	if there != w.Rows {
		r.say("filling a day of the access log with %d rows", w.Rows)
		if _, err := r.super.Exec(ctx, `delete from tijori.access_log where release = 'bench'`); err != nil {
			return nil, err
		}
		// a few accounts are busy and most are not
		_, err := r.super.Exec(ctx, `
			insert into tijori.access_log (at, request_id, user_id, operator, account_id, business_id, route, object,
				verdict,
			    status, rows, took_ms, address, device, release)
			select $1::timestamptz + n * interval '1 day' / $2, lpad(to_hex(n), 24, '0'), u.id, false, u.id, u.id,
			    'GET /b/{business}/p/{party}', md5(n::text)::uuid, 'allowed', 200, 20, 12, '2001:db8::1', 'Chrome,
				Android',
			    'bench'
			  from generate_series(0, $2 - 1) n
			 cross join lateral (select md5('account ' || floor($3 * power(random(), 1.5))::int || left(n::text, 0))::uuid) u(id)`,
			day, w.Rows, watchAccounts)
		if err != nil {
			return nil, err
		}
	}
	if _, err := r.super.Exec(ctx, `analyze tijori.access_log`); err != nil {
		return nil, err
	}
	var took sample
	for n := range 60 {
		account := n // the ten busiest, and others
		if n >= 10 {
			account = rand.IntN(watchAccounts)
		}
		start := time.Now()
		rows, err := r.super.Query(ctx, `
			select l.at, l.request_id, l.user_id, l.route, l.object, l.verdict, l.rows from tijori.access_log l
			 where l.account_id = md5('account ' || $1::int)::uuid and l.at >= $2 and l.at < $3 order by l.at`,
			account, day, day.AddDate(0, 0, 1))
		if err != nil {
			return nil, err
		}
		var at time.Time
		var id, route, object, verdict string
		var user uuid.UUID
		var answered int
		for rows.Next() {
			if err := rows.Scan(&at, &id, &user, &route, &object, &verdict, &answered); err != nil {
				rows.Close()
				return nil, err
			}
		}
		if err := rows.Err(); err != nil {
			return nil, err
		}
		took.latencies = append(took.latencies, time.Since(start))
	}
	return &took, nil
}

func (r *run) writeWatch(ctx context.Context, w Watch, samples [2][]sample, day *sample) error {
	fmt.Fprintf(r.Out, "%s\n%d clients, %d rounds of %s, with and without the access log by turns\n\n", r.machine(ctx),
		watchClients, r.Rounds, r.Round)
	out := tabwriter.NewWriter(r.Out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(out, "request\twithout, per s\twith, per s\tcost")
	var all [2]float64 // seconds for one of each
	for n, e := range watchEndpoints {
		off, on := samples[0][n].perSecond(), samples[1][n].perSecond()
		fmt.Fprintf(out, "%s\t%.0f\t%.0f\t%.1f %%\n", e.name, off, on, 100*(1-on/off))
		all[0], all[1] = all[0]+1/off, all[1]+1/on
	}
	if err := out.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(r.Out, "\none account's day among %d rows: %s in the middle, %s at most\n\n", w.Rows,
		day.percentile(0.5).Round(100*time.Microsecond), day.percentile(1).Round(100*time.Microsecond))
	for n, e := range watchEndpoints {
		fmt.Fprintf(r.Out, "figure watch_%s_off %.2f per_second\nfigure watch_%s_on %.2f per_second\n", e.figure,
			samples[0][n].perSecond(), e.figure, samples[1][n].perSecond())
	}
	fmt.Fprintf(r.Out, "figure watch_log_cost %.2f percent\nfigure watch_log_cost_limit %.2f percent\n",
		100*(1-all[0]/all[1]), watchCost)
	fmt.Fprintf(r.Out, "figure watch_account_day %.2f ms\nfigure watch_account_day_limit %.2f ms\n",
		float64(day.percentile(1))/float64(time.Millisecond), float64(watchQuery)/float64(time.Millisecond))
	return r.tidy(ctx)
}

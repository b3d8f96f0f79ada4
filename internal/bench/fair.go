package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

// Fair says how hostile the others are. Zero fields take the whole measure.
type Fair struct {
	Accounts int // hostile ones; 0 means 5
	Idle     int // connections that say nothing; 0 means 2,000
	Readers  int // slow readers of each hostile account; 0 means 3
	Hammers  int // clients of each hostile account that ask without a pause; 0 means 2
	Entries  int // in the book of each hostile account; 0 means 100,000
}

func (f Fair) withDefaults() Fair {
	for _, d := range []struct {
		field *int
		value int
	}{{&f.Accounts, 5}, {&f.Idle, 2000}, {&f.Readers, 3}, {&f.Hammers, 2}, {&f.Entries, 100_000}} {
		if *d.field == 0 {
			*d.field = d.value
		}
	}
	return f
}

// fairLimit is how many times its normal p95 a tenant may see while others are hostile.
const fairLimit = 2

// A fairRun is RunFair under way.
type fairRun struct {
	*run
	Fair
	normal, attacked []sample // by endpoint
	tally            attackTally
}

// An attackTally counts what the hostile accounts were answered.
type attackTally struct{ answered, refused, files, broken atomic.Int64 }

// fairEndpoints are what the tenant does meanwhile.
var fairEndpoints = []endpoint{endpoints[1], endpoints[2], endpoints[4]}

// RunFair measures what one tenant waits for, by turns alone and beside slow readers, idle connections and hostile
// accounts, on the same server in the same run.
func RunFair(ctx context.Context, c Config, f Fair) (err error) {
	r := &fairRun{run: &run{Config: c.withDefaults(), log: &statementLog{}}, Fair: f.withDefaults()}
	if c.Businesses == 0 {
		r.Businesses, r.Parties, r.Entries = 50, 50, 500
	}
	for range r.Accounts {
		r.large = append(r.large, largeShop{max(r.Fair.Entries/100, 2) &^ 1, r.Fair.Entries, 1})
	}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seed(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	if r.server, err = startServer(ctx, append(slices.Clone(r.Server), "--no-jobs"),
		r.pg.DSN(databaseName, "postgres"), r.scratch); err != nil {
		return err
	}
	r.normal, r.attacked = make([]sample, len(fairEndpoints)), make([]sample, len(fairEndpoints))
	if err := r.measureFair(ctx); err != nil {
		return fmt.Errorf("%w: the server's last words: %s", err, r.server.output)
	}
	if err := r.writeFair(c.Out, r.machine(ctx)); err != nil {
		return err
	}
	return r.tidy(ctx)
}

// measureFair measures the tenant by turns: alone, and under attack.
func (r *fairRun) measureFair(ctx context.Context) error {
	if err := r.warm(fairEndpoints[0]); err != nil {
		return err
	}
	for round := range r.Rounds {
		r.say("round %d of %d: alone", round+1, r.Rounds)
		if err := r.measureTenant(ctx, r.normal); err != nil {
			return err
		}
		r.say("round %d of %d: under attack", round+1, r.Rounds)
		end, err := r.attack(ctx)
		if err == nil {
			err = r.measureTenant(ctx, r.attacked)
		}
		end()
		if err != nil {
			return err
		}
	}
	return nil
}

// measureTenant is one client of business 1, which is nobody hostile.
func (r *fairRun) measureTenant(ctx context.Context, into []sample) error {
	for i, e := range fairEndpoints {
		s, err := r.load(ctx, 1, r.Round, func() []byte { return e.request(1, 1+rand.IntN(min(heavy, r.Parties))) })
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		into[i].add(s)
	}
	return nil
}

// attack begins all that is hostile. It goes on until end is called, which waits for it.
func (r *fairRun) attack(ctx context.Context) (end func(), err error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	var idle []net.Conn
	end = func() {
		cancel()
		for _, c := range idle {
			_ = c.Close()
		}
		all.Wait()
	}
	for range r.Idle {
		c, err := net.Dial("tcp", r.server.addr)
		if err != nil {
			return end, fmt.Errorf("open %d idle connections: %w", r.Idle, err)
		}
		idle = append(idle, c)
	}
	for n := range r.Accounts {
		business := r.Businesses + 1 + n
		for range r.Readers {
			all.Go(func() { r.readSlowly(ctx, business) })
		}
		for range r.Hammers {
			all.Go(func() { r.hammer(ctx, business) })
		}
	}
	return end, nil
}

func get(path string, business int) []byte {
	return []byte("GET " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: session=" + token(business) + "\r\n\r\n")
}

func pageOf(business int) string { return "/b/" + seededID(businessKind, business).String() }

// hammer asks for pages, searches, reports and files, one after the other and without a pause.
func (r *fairRun) hammer(ctx context.Context, business int) {
	page := pageOf(business)
	paths := []string{page, page + "?q=ram", page + "/reports?kind=ageing", page + "/export.pdf", page + "/export.csv"}
	for i := 0; ctx.Err() == nil; i++ {
		r.ask(ctx, get(paths[i%len(paths)], business), func(resp *http.Response, body io.Reader) error {
			if resp.StatusCode >= 400 {
				r.tally.refused.Add(1)
			} else {
				r.tally.answered.Add(1)
			}
			_, err := io.Copy(io.Discard, body)
			return err
		})
	}
}

// readSlowly asks for a file and reads a few bytes each second.
func (r *fairRun) readSlowly(ctx context.Context, business int) {
	for ctx.Err() == nil {
		r.ask(ctx, get(pageOf(business)+"/export.csv", business), func(resp *http.Response, body io.Reader) error {
			if resp.StatusCode != http.StatusOK {
				r.tally.refused.Add(1)
				return nil
			}
			r.tally.files.Add(1)
			for {
				if _, err := io.CopyN(io.Discard, body, 64); err != nil {
					return err
				}
				select {
				case <-ctx.Done():
					return nil
				case <-time.After(time.Second):
				}
			}
		})
	}
}

// ask sends one request on a connection of its own, which ends with ctx.
func (r *fairRun) ask(ctx context.Context, request []byte, read func(*http.Response, io.Reader) error) {
	conn, err := net.Dial("tcp", r.server.addr)
	if err != nil {
		r.tally.broken.Add(1)
		return
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	err = func() error {
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
			return err
		}
		if _, err := conn.Write(request); err != nil {
			return err
		}
		resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 4<<10), nil)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return read(resp, resp.Body)
	}()
	if err != nil && ctx.Err() == nil {
		r.tally.broken.Add(1)
	}
}

func (r *fairRun) writeFair(out io.Writer, machine string) error {
	var b strings.Builder
	fmt.Fprintln(&b, machine)
	fmt.Fprintf(&b, "hostile: %d accounts, each with %d slow readers and %d clients without a pause; %d idle connections\n",
		r.Accounts, r.Readers, r.Hammers, r.Idle)
	fmt.Fprintf(&b, "they were answered %d times and refused %d times; %d files for slow readers, %d broken off\n\n",
		r.tally.answered.Load(), r.tally.refused.Load(), r.tally.files.Load(), r.tally.broken.Load())
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "another tenant\tanswers alone\tp95 alone\tanswers attacked\tp95 attacked\ttimes\tlimit")
	var figures []string
	for i, e := range fairEndpoints {
		alone, attacked := r.normal[i].percentile(0.95), r.attacked[i].percentile(0.95)
		times := float64(attacked) / float64(alone)
		fmt.Fprintf(w, "%s\t%d\t%s\t%d\t%s\t%.2f\t%d\n", e.name, len(r.normal[i].latencies), rounded(alone),
			len(r.attacked[i].latencies), rounded(attacked), times, fairLimit)
		figures = append(figures,
			fmt.Sprintf("figure fair_%s_alone_p95 %.2f ms", e.figure, milliseconds(alone)),
			fmt.Sprintf("figure fair_%s_attacked_p95 %.2f ms", e.figure, milliseconds(attacked)),
			fmt.Sprintf("figure fair_%s_times %.2f x", e.figure, times))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(&b, "\n%s\nfigure fair_limit %d.00 x\n", strings.Join(figures, "\n"), fairLimit)
	_, err := io.WriteString(out, b.String())
	return err
}

func rounded(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

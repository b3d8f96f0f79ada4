package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/postgres"
)

// platformCustomers is how many customers each app has.
const platformCustomers = 2000

// platformApps are the two apps: one asks, the other is the noise.
var platformApps = []string{"one-test", "two-test"}

// RunPlatform measures the API of apps: checks at several numbers of clients, a consume that asks for a feature, what a
// noisy app costs another, and how soon a revoked key fails. The database is made again each time.
func RunPlatform(ctx context.Context, c Config) (err error) {
	r := &run{Config: c.withDefaults(), log: &statementLog{}}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.open(ctx); err != nil {
		return err
	}
	if err := r.seedApps(ctx); err != nil {
		return fmt.Errorf("seed the benchmark: %w", err)
	}
	var files []string
	for _, app := range platformApps {
		path := filepath.Join(r.scratch, app+".toml")
		if err := os.WriteFile(path, []byte(fmt.Sprintf(platformPlans, app)), 0o644); err != nil {
			return err
		}
		files = append(files, path)
	}
	argv := append(slices.Clone(r.Server), "--app-plans="+strings.Join(files, ","))
	if r.server, err = startServer(ctx, argv, r.pg.DSN(databaseName, "postgres"), r.scratch); err != nil {
		return err
	}
	if err := r.makeCustomers(ctx); err != nil {
		return fmt.Errorf("%w: the server's last words: %s", err, r.server.output)
	}
	lines := platformLines()
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
	if err := r.revoke(ctx); err != nil {
		return err
	}
	paid, err := r.payments(ctx)
	if err != nil {
		return fmt.Errorf("%w: the server's last words: %s", err, r.server.output)
	}
	return writePlatform(c.Out, r.machine(ctx), lines, paid)
}

// platformPlans is what each app sells.
const platformPlans = `app = %q

[[plan]]
id = "starter"
name = "Starter"
default = true
rank = 0
entitlements = ["render"]
credits_per_month = 1000000000
  [plan.limits]
  projects = 3

[[plan]]
id = "studio"
name = "Studio"
rank = 10
entitlements = ["render", "export"]

  [[plan.price]]
  provider = "razorpay"
  interval = "month"
  currency = "INR"
  amount = 49900
  provider_price = "plan_BenchStudio"

  [[plan.price]]
  provider = "stripe"
  interval = "month"
  currency = "USD"
  amount = 900
  provider_price = "price_BenchStudio"
`

// seedApps makes the database with two apps and a key of each. Their customers come by the API.
func (r *run) seedApps(ctx context.Context) error {
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
		"drop database if exists " + databaseName + " with (force)", "create database " + databaseName,
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
	for _, app := range platformApps {
		if _, err := r.super.Exec(ctx, `select tijori_access.make_app($1, $1, 'test', '{http://localhost:3000}')`, app); err != nil {
			return err
		}
		for _, name := range []string{"", "-spare"} {
			_, err := r.super.Exec(ctx, `
				insert into tijori.app_keys (app_id, id, kind, hash, name, scopes, hint)
				values ($1, gen_random_uuid(), 'server', sha256(convert_to($2, 'UTF8')), 'bench',
				    '{customers:read,customers:write,credits:spend,billing:write}', 'bench')`, app, platformKey(app)+name)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func platformKey(app string) string { return "tj_test_sk_" + app }

func (r *run) makeCustomers(ctx context.Context) error {
	r.say("making %d customers of each app", platformCustomers)
	c, err := dial(r.server.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, app := range platformApps {
		for n := range platformCustomers {
			_, err := c.ask(platformKey(app), "PUT", fmt.Sprintf("/api/v1/customers/org_%d", n),
				`{"name":"Bench"}`, 201)
			if err != nil {
				return fmt.Errorf("make a customer: %w", err)
			}
		}
	}
	for _, table := range []string{"accounts", "credit_balances", "credit_calendars", "app_keys"} {
		if _, err := r.super.Exec(ctx, "vacuum analyze tijori."+table, pgx.QueryExecModeExec); err != nil {
			return err
		}
	}
	return nil
}

// questions are what a check asks: a feature, a limit and credits, by turns.
var questions = []string{
	`{"feature":"render"}`, `{"feature":"projects","need":3}`, `{"feature":"credits","need":10}`,
}

func checkOf(app string) func(*client) error {
	return func(c *client) error {
		_, err := c.ask(platformKey(app), "POST",
			fmt.Sprintf("/api/v1/customers/org_%d/check", rand.IntN(platformCustomers)),
			questions[rand.IntN(len(questions))], 200)
		return err
	}
}

var platformSpent atomic.Int64

func consumeOf(app string) func(*client) error {
	return func(c *client) error {
		_, err := c.ask(platformKey(app), "POST",
			fmt.Sprintf("/api/v1/customers/org_%d/consume", rand.IntN(platformCustomers)),
			fmt.Sprintf(`{"meter":"credits","amount":1,"feature":"render","idempotency_key":"p-%x-%d"}`, runID,
				platformSpent.Add(1)), 200)
		return err
	}
}

// noisyClients is how many clients of the other app ask without a pause.
const noisyClients = 64

func platformLines() (lines []creditLine) {
	add := func(name, of string, clients int, work func(*client) error) {
		lines = append(lines, creditLine{
			name: name, of: of, clients: clients, measure: func(ctx context.Context, r *run) (sample, error) {
				return r.loadCredits(ctx, clients, work)
			},
		})
	}
	for _, n := range []int{1, 32, 64, 128} {
		add("check", "check", n, checkOf(platformApps[0]))
	}
	add("state", "state", 32, func(c *client) error {
		_, err := c.ask(platformKey(platformApps[0]), "GET",
			fmt.Sprintf("/api/v1/customers/org_%d", rand.IntN(platformCustomers)), "", 200)
		return err
	})
	add("consume with a feature", "consume", 32, consumeOf(platformApps[0]))
	add("check, nobody else there", "alone", 1, checkOf(platformApps[0]))
	lines = append(lines, creditLine{
		name: fmt.Sprintf("check, %d clients of another app beside", noisyClients), of: "beside", clients: 1,
		measure: func(ctx context.Context, r *run) (sample, error) {
			loud, quiet := context.WithCancel(ctx)
			ended := make(chan error, 1)
			go func() {
				_, err := (&run{Config: r.Config, server: r.server}).shout(loud, noisyClients, checkOf(platformApps[1]))
				ended <- err
			}()
			s, err := r.loadCredits(ctx, 1, checkOf(platformApps[0]))
			quiet()
			return s, errors.Join(err, <-ended)
		},
	})
	return lines
}

// shout loads the server until ctx ends, with nothing measured. Refusals for asking too often are expected.
func (r *run) shout(ctx context.Context, clients int, work func(*client) error) (sample, error) {
	patient := *r
	patient.Round, patient.Turns = time.Hour, ""
	return patient.loadCredits(ctx, clients, func(c *client) error {
		err := work(c)
		var status *statusError
		if errors.As(err, &status) && status.status == 429 {
			return nil
		}
		return err
	})
}

// revoke holds that a key fails at the next request after it is revoked, while others use the app.
func (r *run) revoke(ctx context.Context) error {
	c, err := dial(r.server.addr)
	if err != nil {
		return err
	}
	defer c.close()
	spare := platformKey(platformApps[0]) + "-spare"
	path := "/api/v1/customers/org_1/check"
	if _, err := c.ask(spare, "POST", path, questions[0], 200); err != nil {
		return err
	}
	if _, err := r.super.Exec(ctx, `
		update tijori.app_keys set revoked_at = now() where hash = sha256(convert_to($1, 'UTF8'))`, spare); err != nil {
		return err
	}
	if _, err := c.ask(spare, "POST", path, questions[0], 401); err != nil {
		return fmt.Errorf("a revoked key at its next request: %w", err)
	}
	return nil
}

var (
	goAction = regexp.MustCompile(`action="([^"]+)" data-go`)
	goFields = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)
)

// toRazorpay goes from our page of a checkout to Razorpay's hosted one, as a browser does, and returns its address.
func toRazorpay(browser *http.Client, page string) ([]byte, error) {
	resp, err := browser.Get(page)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, err
	}
	action, fields := goAction.FindSubmatch(text), url.Values{}
	if action == nil {
		return nil, fmt.Errorf("the page of a checkout leads nowhere: %s", resp.Status)
	}
	for _, f := range goFields.FindAllSubmatch(text, -1) {
		fields.Set(html.UnescapeString(string(f[1])), html.UnescapeString(string(f[2])))
	}
	if resp, err = browser.PostForm(html.UnescapeString(string(action[1])), fields); err != nil {
		return nil, err
	}
	at, err := resp.Location()
	if err = errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("the hosted checkout of Razorpay answers %s: %w", resp.Status, err)
	}
	return []byte(at.String()), nil
}

// payments lets customers buy at both simulated providers, and returns how long each took from the click on Pay, on the
// provider's page, to a check that allows what was bought. The provider's webhook is on its way within that time.
func (r *run) payments(ctx context.Context) (paid sample, err error) {
	r.say("customers pay")
	key := platformKey(platformApps[0])
	c, err := dial(r.server.addr)
	if err != nil {
		return paid, err
	}
	defer c.close()
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	browser := &http.Client{CheckRedirect: stay}
	for n := range payingCustomers {
		path := fmt.Sprintf("/api/v1/customers/org_%d", n)
		answer, err := c.ask(key, "POST", path+"/checkout", fmt.Sprintf(`{"plan":"studio","interval":"month","provider":%q,`+
			`"return_url":"http://localhost:3000/back","idempotency_key":"buy"}`, []string{"stripe", "razorpay"}[n%2]), 200)
		if err != nil {
			return paid, fmt.Errorf("a checkout: %w", err)
		}
		_, rest, _ := bytes.Cut(answer, []byte(`"url":"`))
		page, _, ok := bytes.Cut(rest, []byte(`"`))
		if !ok {
			return paid, fmt.Errorf("a checkout without a page: %s", answer)
		}
		if strings.Contains(string(page), billing.PayPath) {
			if page, err = toRazorpay(browser, string(page)); err != nil {
				return paid, err
			}
		}
		clicked := time.Now()
		resp, err := browser.PostForm(string(page), url.Values{"do": {"pay"}})
		if err != nil {
			return paid, err
		}
		resp.Body.Close()
		if resp.StatusCode >= 400 {
			return paid, fmt.Errorf("the provider's page answered %s", resp.Status)
		}
		for {
			answer, err := c.ask(key, "POST", path+"/check", `{"feature":"export"}`, 200)
			if err != nil {
				return paid, err
			}
			if bytes.Contains(answer, []byte(`"allowed":true`)) {
				break
			}
			if time.Since(clicked) > time.Minute {
				return paid, fmt.Errorf("a payment was not seen within a minute: %s", answer)
			}
			time.Sleep(5 * time.Millisecond)
		}
		paid.latencies = append(paid.latencies, time.Since(clicked))
	}
	return paid, nil
}

// payingCustomers buy at each provider by turns; few enough for the limit of checkouts in all.
const payingCustomers = 20

func writePlatform(w io.Writer, machine string, lines []creditLine, paid sample) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", machine)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "load\tclients\tper second\tp50 ms\tp95 ms\tp99 ms\t")
	p99, best := map[string]float64{}, 0.0
	for i := range lines {
		l := &lines[i]
		s := l.median()
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t\n", l.name, l.clients, s.perSecond(), ms(s.percentile(0.50)),
			ms(s.percentile(0.95)), ms(s.percentile(0.99)))
		p99[fmt.Sprintf("%s %d", l.of, l.clients)] = float64(s.percentile(0.99)) / float64(time.Millisecond)
		if l.of == "check" {
			best = max(best, s.perSecond())
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteString("\nMedians of the rounds. A revoked key failed at its next request.\n\n")
	for _, f := range []struct {
		name  string
		value float64
		unit  string
	}{
		{"check_p99_1", p99["check 1"], "ms"},
		{"check_p99_32", p99["check 32"], "ms"},
		{"checks_per_second", best, "1/s"},
		{"consume_with_feature_p99", p99["consume 32"], "ms"},
		{"noisy_app_p99", p99["beside 1"] / p99["alone 1"], "ratio"},
		{"payment_seen_p99", float64(paid.percentile(0.99)) / float64(time.Millisecond), "ms"},
	} {
		fmt.Fprintf(&b, "figure %s %.2f %s\n", f.name, f.value, f.unit)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres"
)

// operateFlags are the settings of commands that work beside a running server,
// or without one.
type operateFlags struct {
	databaseFlags `embed:""`
	providerFlags `embed:""`

	Addr      string   `env:"TIJORI_ADDR" default:"127.0.0.1:8080" hidden:""`
	TLSDomain []string `name:"tls-domain" env:"TIJORI_TLS_DOMAIN" hidden:""`
	PublicURL string   `name:"public-url" env:"TIJORI_PUBLIC_URL" placeholder:"URL" help:"Where users reach the server; its webhooks are looked for below it."`
	Plans     string   `env:"TIJORI_PLANS" type:"path" placeholder:"FILE" help:"What is sold (default: the plans.toml built in)."`
	As        string   `placeholder:"NAME" help:"Who acts, as it is written down (default: this machine's user)."`
	JSON      bool     `name:"json" help:"Print JSON."`
}

// public is where users reach the server.
func (f *operateFlags) public() (*url.URL, error) {
	return publicAddress(f.PublicURL, f.Addr, f.TLSDomain, false)
}

// A desk is what an operator's command works with.
type desk struct {
	*billing.Service
	who      string
	now      *clock.Clock // the service clock
	database *database
}

// open connects to the database of a running server, or starts the private one
// when none runs, and returns the billing service on it. Nothing is migrated
// beside a running server.
func (f *operateFlags) open(e *env) (_ *desk, err error) {
	plans, err := billing.LoadPlans(f.Plans, os.Environ())
	if err != nil {
		return nil, usagef("%v", err)
	}
	public, err := f.public()
	if err != nil {
		return nil, err
	}
	s, r, err := f.reach()
	if err != nil {
		return nil, err
	}
	d := &desk{who: f.As}
	if d.who == "" {
		d.who = thisUser()
	}
	if d.database, err = f.beside(e); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if !f.simulated() { // keys of another mode would compare two worlds, and mend one after the other
		environment, err := f.environment(nil, s, r)
		if err != nil {
			return nil, err
		}
		if err := d.database.CheckEnvironment(e, billing.Khata, environment); err != nil {
			return nil, err
		}
	}
	if d.now, err = serviceClock(e, d.database.DB); err != nil {
		return nil, err
	}
	d.Service, err = billing.New(billing.Config{
		DB: d.database.DB, Plans: plans, Clock: d.now, Stripe: s, Razorpay: r,
		PublicURL: public.String(), Log: newLog(e, false),
	})
	if err != nil {
		return nil, usagef("%v", err)
	}
	return d, nil
}

func (d *desk) close() error { return d.database.Close() }

// reach returns the clients of the real providers or, where none is set up,
// clients that speak with the simulator of a running server.
func (f *operateFlags) reach() (*stripe.Client, *razorpay.Client, error) {
	if !f.simulated() {
		return f.clients()
	}
	base := "http://" + f.SimulatorAddr
	s, err := stripe.New(stripe.Config{
		Key: simulator.StripeKey, URL: base,
		Secrets: []facts.Secret{{Label: "simulator", Key: simulator.StripeSecret}},
	})
	if err != nil {
		return nil, nil, err
	}
	r, err := razorpay.New(razorpay.Config{
		KeyID: simulator.RazorpayKeyID, KeySecret: simulator.RazorpayKeySecret, URL: base + "/razorpay",
		AccountID: simulator.RazorpayAccount,
		Secrets:   []facts.Secret{{Label: "simulator", Key: simulator.RazorpaySecret}},
	})
	return s, r, err
}

// beside opens the database that a running server uses, and what is missing
// otherwise.
func (f *databaseFlags) beside(ctx context.Context) (*database, error) {
	d := &database{}
	if f.DatabaseURL != "" {
		if err := d.useURL(f); err != nil {
			return nil, err
		}
	} else {
		dir := f.Data
		if dir == "" {
			dir = defaultData()
		}
		dir, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(dir, "postgres", "data")); err != nil { // a question makes no database
			return nil, &postgres.SetupError{
				Problem: "there is no database of Tijori in " + dir,
				Hint:    "set TIJORI_DATA or DATABASE_URL to what the server has",
			}
		}
		config, err := privateSocket(filepath.Join(dir, "postgres"))
		if err != nil {
			return nil, err
		}
		conn, err := pgx.ConnectConfig(ctx, config)
		if err != nil { // nobody runs it
			return f.open(ctx)
		}
		if err := conn.Close(ctx); err != nil {
			return nil, err
		}
		d.config.Admin, d.describe = config, "the running PostgreSQL in "+filepath.Join(dir, "postgres")
	}
	if err := d.config.FindRoles(ctx); err != nil {
		return nil, err
	}
	if err := d.openPools(ctx); err != nil {
		return nil, err
	}
	if err := d.CheckMigrations(ctx); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// privateSocket is the way to the private PostgreSQL of a state directory,
// which only its owner can open.
func privateSocket(dir string) (*pgx.ConnConfig, error) {
	quoted := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(filepath.Join(dir, "s"))
	config, err := pgx.ParseConfig("host='" + quoted + "' port=5432 user=postgres dbname=postgres sslmode=disable")
	if err != nil {
		return nil, &postgres.SetupError{
			Problem: "cannot use the state directory",
			Hint:    "set TIJORI_DATA to a plain path", Err: err,
		}
	}
	config.ConnectTimeout = 3 * time.Second
	return config, nil
}

// serviceClock stands where the database's does.
func serviceClock(ctx context.Context, db *postgres.DB) (*clock.Clock, error) {
	offset, err := db.ServiceClock(ctx)
	if err != nil {
		return nil, err
	}
	c := clock.New()
	c.SetOffset(offset)
	return c, nil
}

// thisUser names who runs the command, for the book.
func thisUser() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host + " (command)"
}

// with opens the desk, runs fn and closes it.
func (f *operateFlags) with(e *env, fn func(*desk) error) error {
	d, err := f.open(e)
	if err != nil {
		return err
	}
	return errors.Join(fn(d), d.close())
}

func (f *operateFlags) printJSON(w io.Writer, v any) error { return printJSON(w, v) }

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// table aligns rows of tab-separated cells.
func table(w io.Writer, header string, rows func(row func(cells ...any))) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, header)
	rows(func(cells ...any) {
		texts := make([]string, len(cells))
		for i, c := range cells {
			texts[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(fmt.Sprint(c))
		}
		fmt.Fprintln(t, strings.Join(texts, "\t"))
	})
	return t.Flush()
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// A findings error ends a command with the exit code of one that ran and found
// something.
type findings struct{ text string }

func (f findings) Error() string { return f.text }

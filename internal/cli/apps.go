package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/jobs"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/postgres"
)

// loadAppPlans reads the plan files of apps.
func (f *serveFlags) loadAppPlans() (list []*billing.Plans, err error) {
	seen := map[string]string{}
	for _, path := range f.AppPlans {
		plans, err := billing.LoadAppPlans(path)
		if err == nil && seen[plans.App] != "" {
			err = fmt.Errorf("%s and %s are both of the app %q", seen[plans.App], path, plans.App)
		}
		if err != nil {
			return nil, &postgres.SetupError{
				Problem: err.Error(), Hint: "mend the plan file, or take it out of TIJORI_APP_PLANS",
			}
		}
		seen[plans.App] = path
		list = append(list, plans)
	}
	return list, nil
}

// startApps makes the services of every app whose plan file is named.
func (a *app) startApps(ctx context.Context, files []*billing.Plans, simulated net.Listener) error {
	known, err := platform.ListApps(ctx, a.database.DB)
	if err != nil {
		return err
	}
	var list []*platform.App
	for i, plans := range files {
		var found *platform.Listed
		for j := range known {
			if known[j].ID == plans.App {
				found = &known[j]
			}
		}
		if found == nil {
			return &postgres.SetupError{
				Problem: "there is no app " + plans.App + ", whose plan file is named",
				Hint:    "make it: tijori app create " + strings.TrimSuffix(plans.App, "-test") + " --mode live|test",
			}
		}
		one, err := a.startApp(ctx, *found, plans, simulated, i)
		if err != nil {
			return fmt.Errorf("start the app %s: %w", plans.App, err)
		}
		list = append(list, one)
	}
	var key []byte
	if len(list) > 0 {
		if key, err = a.flags.installationKey(a.log); err != nil {
			return err
		}
	}
	a.platform, err = platform.New(platform.Config{
		DB: a.database.DB, Clock: a.clock, Apps: list, Log: a.log, Key: key, Development: simulated != nil,
	})
	return err
}

func (a *app) startApp(
	ctx context.Context, listed platform.Listed, plans *billing.Plans, simulated net.Listener, place int,
) (*platform.App, error) {
	out := &platform.App{
		ID: listed.ID, Plans: plans,
		Credits: credits.New(credits.Config{DB: a.database.DB, Plans: plans, Clock: a.clock, Log: a.log}),
	}
	flags := providersOf(listed.ID)
	var s *stripe.Client
	var r *razorpay.Client
	var err error
	switch {
	case simulated != nil && !flags.simulated():
		return nil, usagef("payments are simulated here, and the app %s has keys of a real provider\n"+
			"set the keys of Razorpay or Stripe for Tijori itself, or take the app's away", listed.ID)
	case simulated != nil && listed.Mode != platform.Test:
		return nil, usagef("payments are simulated here, and the app %s is live\nmake one with --mode test", listed.ID)
	case simulated != nil:
		if s, r, err = a.simulateApp(ctx, listed.ID, plans, simulated, place); err != nil {
			return nil, err
		}
	default:
		if s, r, err = flags.clients(); err != nil {
			return nil, err
		}
	}
	if s == nil && r == nil {
		a.log.WarnContext(ctx, "no payment provider is set up for an app: it can sell nothing", "app", listed.ID,
			"settings", flags.prefix+"STRIPE_SECRET_KEY, …")
		return out, a.syncOnly(ctx, plans)
	}
	if live := listed.Mode == platform.Live; s != nil && s.Live() != live || r != nil && r.Live() != live {
		return nil, usagef("the app %s is %s, and a provider's key is of the other mode", listed.ID, listed.Mode)
	}
	if err := a.recordApp(ctx, listed, s, r, simulated != nil); err != nil {
		return nil, err
	}
	out.Billing, err = billing.New(billing.Config{
		DB: a.database.DB, Plans: plans, Clock: a.clock, Stripe: s, Razorpay: r, PublicURL: a.public.String(),
		Log: a.log, Changed: func(uuid.UUID) { out.Credits.Wake() },
	})
	if err != nil {
		return nil, usagef("%v", err)
	}
	return out, out.Billing.SyncPlans(ctx)
}

// syncOnly writes the plans of an app that cannot sell.
func (a *app) syncOnly(ctx context.Context, plans *billing.Plans) error {
	return billing.WritePlans(ctx, a.database.DB, plans, a.clock, a.log)
}

// recordApp records what the app's connections belong to, or refuses keys of something else.
func (a *app) recordApp(
	ctx context.Context, listed platform.Listed, s *stripe.Client, r *razorpay.Client, simulated bool,
) error {
	e := postgres.Environment{
		App: listed.ID, Mode: postgres.Test, Accounts: map[string]string{}, Permit: a.flags.Permit,
	}
	switch {
	case simulated:
		e.Mode = postgres.Simulated
	case listed.Mode == platform.Live:
		e.Mode = postgres.Live
	}
	work := billing.WorkOf(listed.ID)
	if s != nil {
		e.Accounts[work.Value(facts.Stripe).(string)] = ""
	}
	if r != nil {
		e.Accounts[work.Value(facts.Razorpay).(string)] = ""
	}
	if a.flags.NoMigrate {
		return a.database.CheckEnvironment(ctx, work, e)
	}
	return postgres.SetEnvironment(ctx, a.database.config, e, a.clock)
}

// providersOf reads the keys of an app from the environment: as Tijori's own, after TIJORI_APP_ and the app's id.
func providersOf(app string) appProviders {
	p := appProviders{prefix: "TIJORI_APP_" + strings.ToUpper(strings.ReplaceAll(app, "-", "_")) + "_"}
	p.StripeKey = os.Getenv(p.prefix + "STRIPE_SECRET_KEY")
	p.StripeWebhookSecrets = os.Getenv(p.prefix + "STRIPE_WEBHOOK_SECRETS")
	p.RazorpayKeyID = os.Getenv(p.prefix + "RAZORPAY_KEY_ID")
	p.RazorpayKeySecret = os.Getenv(p.prefix + "RAZORPAY_KEY_SECRET")
	p.RazorpayWebhookSecrets = os.Getenv(p.prefix + "RAZORPAY_WEBHOOK_SECRETS")
	p.RazorpayAccountID = os.Getenv(p.prefix + "RAZORPAY_ACCOUNT_ID")
	return p
}

type appProviders struct {
	providerFlags
	prefix string
}

// simulateApp starts providers of an app's own, on the ports after that of Tijori's.
func (a *app) simulateApp(
	ctx context.Context, id string, plans *billing.Plans, first net.Listener, place int,
) (*stripe.Client, *razorpay.Client, error) {
	host, port, err := net.SplitHostPort(first.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return nil, nil, err
	}
	if a.flags.SimulatorAddr != "" && strings.HasSuffix(a.flags.SimulatorAddr, ":0") {
		n = -1 - place // any free one
	}
	l, err := listen(net.JoinHostPort(host, strconv.Itoa(n+1+place)), "TIJORI_SIMULATOR_ADDR")
	if err != nil {
		return nil, nil, err
	}
	a.closers = append(a.closers, func() error {
		if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			return err
		}
		return nil
	})
	dir, err := a.flags.dataDir()
	if err != nil {
		return nil, nil, err
	}
	work := billing.WorkOf(id)
	hook := func(p facts.Provider) string { return a.public.String() + "/api/hooks/" + work.Value(p).(string) }
	sim, err := simulator.New(simulator.Config{
		URL: "http://" + l.Addr().String(), AppURL: a.public.String(), StripeWebhook: hook(facts.Stripe),
		RazorpayWebhook: hook(facts.Razorpay), State: filepath.Join(dir, "simulator-"+id+".json"),
		Prices: prices(plans), Log: a.log, Now: a.clock.Now,
	})
	if err != nil {
		return nil, nil, err
	}
	a.runSimulator(ctx, sim)
	a.serveOn(l, sim.Handler())
	a.appSims = append(a.appSims, id+" "+"http://"+l.Addr().String()+"/")
	return simulatedClients(sim.StripeURL(), sim.RazorpayURL())
}

// appLoops are what runs by itself for each app.
func (a *app) appLoops(granting *clockGuard) (loops []jobs.Loop) {
	for _, one := range a.platform.Apps() {
		loops = append(loops,
			jobs.Loop{
				Name: "refill credits of " + one.ID, Do: granting.guard(one.Credits.Refill), Wake: one.Credits.Woken(),
				Poll: refillEvery,
			},
			jobs.Loop{Name: "sweep credits of " + one.ID, Do: one.Credits.Sweep, Poll: refillEvery},
			jobs.Loop{
				Name: "verify credits of " + one.ID, Do: one.Credits.Watch, Poll: time.Hour, Turn: 55 * time.Minute,
			})
		id := one.ID
		loops = append(loops,
			jobs.Loop{
				Name: "deliver events of " + id, Poll: deliverEvery,
				Do: func(ctx context.Context) (int, error) { return a.platform.Deliver(ctx, id) },
			},
			jobs.Loop{
				Name: "tell lapses of " + id, Poll: lapseEvery,
				Do: func(ctx context.Context) (int, error) { return a.platform.TellLapses(ctx, id) },
			},
			jobs.Loop{
				Name: "forget events of " + id, Poll: time.Hour,
				Do: func(ctx context.Context) (int, error) { return a.platform.ForgetEvents(ctx, id) },
			})
		if one.Billing == nil {
			continue
		}
		loops = append(loops,
			jobs.Loop{
				Name: "apply inbox of " + one.ID, Do: one.Billing.ApplyInbox, Wake: one.Billing.Woken(),
				Poll: inboxEvery,
			},
			jobs.Loop{
				Name: "work imports of " + id, Poll: importEvery,
				Do: func(ctx context.Context) (int, error) { return a.platform.WorkImports(ctx, id) },
			},
			jobs.Loop{Name: "forget webhooks of " + one.ID, Do: one.Billing.ForgetWebhooks, Poll: time.Hour},
			jobs.Loop{
				Name: "end replaced subscriptions of " + one.ID, Do: one.Billing.EndReplaced, Poll: replacedEvery,
			},
			jobs.Loop{
				Name: "compare with the providers of " + one.ID, Do: one.Billing.ReconcileDue, Poll: compareEvery,
			})
	}
	return loops
}

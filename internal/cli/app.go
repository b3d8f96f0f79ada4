package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tijorihq/tijori/internal/account"
	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/facts"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/jobs"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/platform"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/tracing"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/accesslog"
	"github.com/tijorihq/tijori/internal/watch/probe"
	"github.com/tijorihq/tijori/internal/web"
)

// An app is a running Tijori: what start has opened, and stop closes in the other order.
type app struct {
	flags    *serveFlags
	log      *slog.Logger
	public   *url.URL
	database *database
	clock    *clock.Clock
	mode     postgres.Mode
	accounts *account.Service
	billing  *billing.Service
	credits  *credits.Service
	platform *platform.Service
	appSims  []string // the simulated providers of apps, for people
	outbox   *mail.Outbox
	sim      *simulated
	jobs     *jobs.Runner
	keeper   *keeper // nil without back-ups
	place    *machine
	requests *requestMetrics
	traces   *tracing.Source // nil where none are sent
	watch    *watch.Service
	inspect  *watch.Inspector
	access   *accesslog.Writer // nil where none is kept
	key      []byte            // of the installation; nil on a node that has none
	web      *web.Server
	servers  []*http.Server
	failed   chan error
	closers  []func() error
}

// start opens everything in order. Settings are checked before anything is touched.
func (f *serveFlags) start(ctx context.Context, log *slog.Logger, listener net.Listener) (_ *app, err error) {
	a := &app{flags: f, log: log, clock: clock.New(), requests: newRequestMetrics(), failed: make(chan error, 4)}
	if a.public, err = publicAddress(f.PublicURL, listener.Addr().String(), f.TLSDomain, f.tls()); err != nil {
		return nil, err
	}
	if err := f.tlsFlags.check(a.public); err != nil {
		return nil, err
	}
	proxies, err := parsePrefixes(f.TrustedProxies)
	if err != nil {
		return nil, err
	}
	if err := f.operatorFlags.check(); err != nil {
		return nil, err
	}
	plans, err := billing.LoadPlans(f.Plans, os.Environ())
	if err != nil {
		return nil, &postgres.SetupError{
			Problem: err.Error(),
			Hint:    "mend the plan file, or unset TIJORI_PLANS for the one built in",
		}
	}
	appPlans, err := f.loadAppPlans()
	if err != nil {
		return nil, err
	}
	development := f.simulated()
	if err := f.checkDevelopment(listener.Addr().String(), a.public, development); err != nil {
		return nil, err
	}
	stripeClient, razorpayClient, err := f.clients()
	if err != nil {
		return nil, err
	}
	environment, err := f.environment(f.Permit, stripeClient, razorpayClient)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.stop())
		}
	}()
	if f.OTLP != "" {
		if a.traces, err = tracing.Open(ctx, f.OTLP, versionText(), log); err != nil {
			return nil, usagef("OTEL_EXPORTER_OTLP_ENDPOINT: %v", err)
		}
		a.closers = append(a.closers, func() error {
			ctx, cancel := hold(5 * time.Second)
			defer cancel()
			if err := a.traces.Close(ctx); err != nil { // whoever collects traces keeps nobody from stopping
				a.log.Warn("traces", "error", err)
			}
			return nil
		})
	}
	secure, err := f.secure(log)
	if secure != nil && secure.http != nil {
		a.closers = append(a.closers, func() error { return closeUnserved(secure.http) })
	}
	if err != nil {
		return nil, err
	}
	a.place = &machine{public: a.public}
	if secure != nil {
		a.place.own = secure.Source
	}
	var simulatorListener net.Listener
	if development { // a port that is taken is told before the database starts
		if simulatorListener, err = listen(f.SimulatorAddr, "TIJORI_SIMULATOR_ADDR"); err != nil {
			return nil, err
		}
		a.closers = append(a.closers, func() error { return closeUnserved(simulatorListener) })
	}
	open := f.open
	if f.NoMigrate {
		open = f.openMigrated
	}
	if a.database, err = open(ctx); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.database.Close)
	if !f.NoAccessLog {
		a.access = accesslog.Start(a.database.Log, versionText(), log)
		a.closers = append(a.closers, func() error { // after the last request
			ctx, cancel := hold(10 * time.Second)
			defer cancel()
			return a.access.Stop(ctx)
		})
	}
	a.watch = watch.New(a.database.Watch, web.Watched(), log)
	a.inspect = a.watch.Inspect()
	a.closers = append(a.closers, func() error {
		ctx, cancel := hold(5 * time.Second)
		defer cancel()
		return errors.Join(a.inspect.Stop(ctx), a.watch.Release(ctx))
	})
	if development {
		if stripeClient, razorpayClient, err = a.simulate(ctx, simulatorListener, plans); err != nil {
			return nil, err
		}
	}
	if err := a.setEnvironment(ctx, environment, stripeClient); err != nil {
		return nil, err
	}
	if err := a.recordRelease(ctx, plans, environment); err != nil {
		return nil, err
	}
	if err := a.services(ctx, plans, f.Operators, stripeClient, razorpayClient); err != nil {
		return nil, err
	}
	if err := a.startApps(ctx, appPlans, simulatorListener); err != nil {
		return nil, err
	}
	sender, err := a.sender(development)
	if err != nil {
		return nil, err
	}
	sender = countedSender{sender, a.requests.mails}
	if err := a.furnish(); err != nil {
		return nil, err
	}
	if !f.NoJobs {
		if a.keeper, err = f.newKeeper(ctx, a.database, log); err != nil {
			return nil, err
		}
		a.place.keeper = a.keeper
		if err := a.startJobs(ctx, sender); err != nil {
			return nil, err
		}
	}
	config := web.Config{
		DB: a.database.DB, Accounts: a.accounts, Billing: a.billing, Credits: a.credits, Platform: a.platform,
		Plans: plans, Clock: a.clock, Outbox: a.outbox, PublicURL: a.public,
		PayOrigins: a.payOrigins(), Simulated: development, Operators: f.Operators, TrustedProxies: proxies, Log: log,
		Access: a.access, MarkKey: a.key, Inspector: a.inspect, InspectEvery: f.InspectEvery, Watch: a.watch,
		Probes:  probe.NewDatabase(a.database.Watch),
		Release: versionText(), Observe: a.requests.observe, Traces: a.traces,
	}
	config.Machine = a.place.look
	if development {
		config.Demo = a.fillDemo
	}
	a.web = web.New(config)
	if secure != nil {
		a.serveSecured(listener, secure, a.web)
	} else {
		a.serveOn(listener, a.web)
	}
	return a, a.serveMetrics()
}

// closeUnserved closes a listener that nobody may serve on yet: whoever does has closed it already.
func closeUnserved(l net.Listener) error {
	if err := l.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// checkDevelopment refuses simulated payments where strangers could reach them, and real ones without mail or without
// TLS.
func (f *serveFlags) checkDevelopment(addr string, public *url.URL, development bool) error {
	if !development {
		if f.SMTPURL == "" {
			return usagef("payment keys are set but no mail server is\nset TIJORI_SMTP_URL, or people cannot confirm their address or recover a password")
		}
		if public.Scheme != "https" && !loopbackHost(public.Hostname()) && !slices.Contains(f.Permit, plainHTTP) {
			return usagef("the public address %s has no TLS: sessions could be read on the way\n"+
				"set TIJORI_PUBLIC_URL to an address that begins with https://; --permit %s goes on without", public, plainHTTP)
		}
		return nil
	}
	if !loopback(addr) || !loopbackHost(public.Hostname()) {
		return usagef("payments are simulated, so Tijori answers this machine only\nset the keys of Razorpay or Stripe to serve others, or listen on 127.0.0.1")
	}
	return nil
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (a *app) services(ctx context.Context, plans *billing.Plans, operators []string, s *stripe.Client,
	r *razorpay.Client,
) (err error) {
	if a.accounts, err = account.New(a.database.DB, a.log, operators...); err != nil {
		return err
	}
	if a.key, err = a.flags.installationKey(a.log); err != nil {
		return err
	}
	if err := a.accounts.Equip(a.public, a.key); err != nil {
		return usagef("%v", err)
	}
	a.billing, err = billing.New(billing.Config{
		DB: a.database.DB, Plans: plans, Clock: a.clock, Stripe: s, Razorpay: r, PublicURL: a.public.String(),
		Log: a.log,
	})
	if err != nil {
		return usagef("%v", err)
	}
	a.credits = credits.New(credits.Config{DB: a.database.DB, Plans: plans, Clock: a.clock, Log: a.log})
	return a.billing.SyncPlans(ctx)
}

// sender is SMTP when it is configured, else the outbox of the development set-up.
func (a *app) sender(development bool) (mail.Sender, error) {
	if a.flags.SMTPURL != "" {
		return a.flags.smtp(a.public.Hostname())
	}
	if !development {
		return nil, errors.New("no mail server is set")
	}
	dir, err := a.flags.dataDir()
	if err != nil {
		return nil, err
	}
	a.outbox, err = mail.NewOutbox(filepath.Join(dir, "outbox"))
	return a.outbox, err
}

// How often loops look by themselves.
const (
	inboxEvery    = time.Second
	refillEvery   = 5 * time.Second
	replacedEvery = 10 * time.Second
	compareEvery  = time.Minute
	deliverEvery  = 500 * time.Millisecond
	lapseEvery    = 20 * time.Second
	importEvery   = time.Second
)

func (a *app) startJobs(ctx context.Context, sender mail.Sender) (err error) {
	var own []jobs.Loop
	if a.keeper != nil {
		own = a.keeper.loops()
	}
	if a.public.Scheme == "https" {
		own = append(own, jobs.Loop{
			Name: "look at the certificate", Do: (&certificateWatch{a: a}).look, Poll: certificateEvery,
		})
	}
	granting := newClockGuard(a.database.Server)
	own = append(own, a.appLoops(granting)...)
	teller := newTeller(&a.flags.operatorFlags, sender, a.public.String())
	prober, err := a.startProber(sender)
	if err != nil {
		return err
	}
	if prober != nil {
		own = append(own, jobs.Loop{Name: "probe", Do: prober.Do, Poll: time.Second})
		a.closers = append(a.closers, func() error {
			ctx, cancel := hold(5 * time.Second)
			defer cancel()
			prober.Close(ctx)
			return nil
		})
	}
	a.jobs, err = jobs.Start(ctx, jobs.Config{
		DB: a.database.DB, Accounts: a.accounts, Sender: sender, Links: mail.Links{Public: a.public}, Log: a.log,
		Traces: a.traces,
		Loops: append(own, []jobs.Loop{
			// Two: while one waits for a provider the other works. More would leave no connection to the rest.
			{Name: "apply inbox", Do: a.billing.ApplyInbox, Wake: a.billing.Woken(), Poll: inboxEvery},
			{Name: "apply inbox too", Do: a.billing.ApplyInbox, Wake: a.billing.Woken(), Poll: inboxEvery},
			{Name: "end replaced subscriptions", Do: a.billing.EndReplaced, Poll: replacedEvery},
			{Name: "compare with the providers", Do: a.billing.ReconcileDue, Poll: compareEvery},
			{
				Name: "tell alerts", Do: teller.loop(a.billing),
				Poll: time.Minute,
			},
			{Name: "watch the access log", Do: a.watch.Look, Poll: 3 * time.Second},
			{Name: "look after probers", Do: a.watch.LookAfterProbers, Poll: time.Minute},
			{Name: "tell what was found", Do: teller.watched(a.watch), Poll: 5 * time.Second},
			{Name: "look at reports", Do: a.lookAtReports, Poll: 2 * time.Second},
			{Name: "refill credits", Do: granting.guard(a.credits.Refill), Poll: refillEvery},
			{Name: "sweep credits", Do: a.credits.Sweep, Poll: refillEvery},
			{Name: "verify credits", Do: a.credits.Watch, Poll: time.Hour, Turn: 55 * time.Minute},
			{Name: "forget webhooks", Do: a.billing.ForgetWebhooks, Poll: time.Hour},
			{Name: "tend the access log", Do: accesslog.Tend(a.database.Watch, a.log), Poll: time.Hour},
			{Name: "verify sums", Do: ledger.WatchSums(a.database.Auth, a.log), Poll: time.Hour, Turn: 6 * time.Hour},
		}...),
	})
	if err != nil {
		return fmt.Errorf("start the jobs: %w", err)
	}
	a.closers = append(a.closers, func() error {
		ctx, cancel := hold(15 * time.Second)
		defer cancel()
		return a.jobs.Stop(ctx)
	})
	return nil
}

// furnish says where data is kept, when that is here.
func (a *app) furnish() error {
	if a.database.server == nil && a.outbox == nil {
		return nil
	}
	dir, err := a.flags.dataDir()
	a.place.data = dir
	return err
}

// serveOn answers on a listener until stop, which lets requests finish.
func (a *app) serveOn(l net.Listener, h http.Handler) { a.serve(l, h, nil) }

// serve is serveOn with TLS where there is a configuration of it. Without, HTTP/2 is spoken with proxies that know that
// they may.
func (a *app) serve(l net.Listener, h http.Handler, secure *tls.Config) {
	server := newHTTPServer(h, a.log)
	server.TLSConfig = secure
	server.Protocols = new(http.Protocols)
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetHTTP2(true)
	server.Protocols.SetUnencryptedHTTP2(secure == nil)
	a.servers = append(a.servers, server)
	a.closers = append(a.closers, func() error {
		ctx, cancel := hold(10 * time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			return server.Close()
		}
		return nil
	})
	go func() {
		serve := server.Serve
		if secure != nil {
			serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
		}
		if err := serve(l); !errors.Is(err, http.ErrServerClosed) {
			a.failed <- fmt.Errorf("stopped listening on %s: %w", l.Addr(), err)
		}
	}()
}

func (a *app) serveMetrics() error {
	if a.flags.MetricsAddr == "" {
		return nil
	}
	l, err := listen(a.flags.MetricsAddr, "TIJORI_METRICS_ADDR")
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(a.metrics()...)
	if a.keeper != nil {
		registry.MustRegister(a.keeper.metrics()...)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	a.serveOn(l, mux)
	return nil
}

// wait returns when ctx ends, or with the reason why serving cannot go on. The private server is started again where it
// ends by itself.
func (a *app) wait(ctx context.Context) error {
	var restarts restarts
	for {
		var gone <-chan error
		if a.database.server != nil {
			gone = a.database.server.Done()
		}
		select {
		case <-ctx.Done():
			return nil
		case err := <-a.failed:
			return err
		case err := <-gone:
			if err := a.restartPrivate(ctx, &restarts, err); err != nil {
				return err
			}
		}
	}
}

// stop closes in the opposite order of opening: first no more requests, then jobs, then the database.
func (a *app) stop() error {
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i]())
	}
	a.closers = nil
	return errors.Join(errs...)
}

func (a *app) payOrigins() []string {
	origins := a.billing.FormOrigins()
	if a.sim != nil && !slices.Contains(origins, a.sim.url) {
		origins = append(origins, a.sim.url)
	}
	for _, one := range a.platform.Apps() {
		if one.Billing != nil {
			origins = append(origins, one.Billing.FormOrigins()...)
		}
	}
	for _, sim := range a.appSims {
		_, url, _ := strings.Cut(sim, " ")
		origins = append(origins, strings.TrimSuffix(url, "/"))
	}
	slices.Sort(origins)
	return slices.Compact(origins)
}

// payments names the providers, and says whether money moves.
func (a *app) payments() string {
	var names []string
	for _, p := range []facts.Provider{facts.Razorpay, facts.Stripe} {
		if a.billing.Sells(p) {
			names = append(names, p.Name())
		}
	}
	if a.mode == postgres.Test {
		return strings.Join(names, " and ") + " in test mode: nobody pays anything"
	}
	return strings.Join(names, " and ") + ", real money"
}

// greet says where Tijori listens, with which database, and what is simulated.
func (a *app) greet(w io.Writer) {
	fmt.Fprintf(w, "Tijori listens on %s\n", a.public)
	fmt.Fprintf(w, "  database   %s\n", a.database.describe)
	if a.sim != nil {
		fmt.Fprintf(w, "  payments   simulated; control page %s/\n", a.sim.url)
	} else {
		fmt.Fprintf(w, "  payments   %s\n", a.payments())
	}
	for _, sim := range a.appSims {
		fmt.Fprintf(w, "  app        %s\n", sim)
	}
	if a.outbox != nil {
		fmt.Fprintf(w, "  mail       kept in the outbox: %s/dev/outbox\n", a.public)
		fmt.Fprintf(w, "  demo       a shop with a year of entries: the button on the first page, or tijori demo in another terminal\n")
	}
}

package cli

import (
	"context"
	"errors"
	"fmt"
	stdlog "log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web"
)

// serveFlags are the settings of a running server.
type serveFlags struct {
	databaseFlags `embed:""`

	Addr           string   `env:"TIJORI_ADDR" placeholder:"HOST:PORT" help:"Where to listen, or unix:/PATH (default: 127.0.0.1:8080, with TLS :443)."`
	MetricsAddr    string   `env:"TIJORI_METRICS_ADDR" placeholder:"HOST:PORT" help:"Where to answer /metrics; nowhere when empty."`
	PublicURL      string   `name:"public-url" env:"TIJORI_PUBLIC_URL" placeholder:"URL" help:"Where users reach this server (default: http://ADDR, or https:// and the first name of TIJORI_TLS_DOMAIN)."`
	TrustedProxies []string `env:"TIJORI_TRUSTED_PROXIES" placeholder:"NET,…" help:"Proxies whose X-Forwarded-For is believed."`
	Plans          string   `env:"TIJORI_PLANS" type:"path" placeholder:"FILE" help:"What is sold (default: the plans.toml built in)."`
	OTLP           string   `name:"otlp-endpoint" env:"OTEL_EXPORTER_OTLP_ENDPOINT" placeholder:"URL" help:"Send traces there by OTLP over HTTP, such as http://127.0.0.1:4318; nowhere when empty."`
	AppPlans       []string `env:"TIJORI_APP_PLANS" type:"path" placeholder:"FILE,…" help:"What founders' apps sell: a plan file for each, which names its app."`
	NoMigrate      bool     `env:"TIJORI_NO_MIGRATE" help:"Serve a database that tijori migrate has set up; needs no administrator's credential."`
	NoJobs         bool     `env:"TIJORI_NO_JOBS" help:"Answer requests only; another node runs the jobs."`
	NoAccessLog    bool     `env:"TIJORI_NO_ACCESS_LOG" help:"Keep no log of who asked for what."`
	Probe          string   `env:"TIJORI_PROBE" type:"path" placeholder:"FILE" help:"Probe what this file names beside the jobs (docs/watch.md); tijori watch probe does so from elsewhere."`
	InspectEvery   int      `env:"TIJORI_INSPECT_EVERY" default:"8" placeholder:"N" help:"Look into one answer in so many for what is another account's (default: ${default})."`
	Verbose        bool     `short:"v" env:"TIJORI_VERBOSE" help:"Log every request."`

	tlsFlags      `embed:""`
	keyFlags      `embed:""`
	providerFlags `embed:""`
	permitFlags   `embed:""`
	mailFlags     `embed:""`
	operatorFlags `embed:""`
	backupFlags   `embed:""`
}

type serveCmd struct {
	serveFlags `embed:""`
}

// Run serves until it is interrupted, then lets requests and jobs finish.
func (c *serveCmd) Run(e *env) error {
	tuneMemory()
	log := newLog(e, c.Verbose)
	listener, err := listen(c.listenAddr(), "TIJORI_ADDR")
	if err != nil {
		return err
	}
	a, err := c.start(e, log, listener)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	a.greet(e.stdout)
	notify(log, "READY=1")
	err = a.wait(e)
	notify(log, "STOPPING=1")
	fmt.Fprintln(e.stderr, "stopping…")
	return errors.Join(err, a.stop())
}

// tuneMemory lets the heap grow to five times what is alive before it is
// collected, as long as it stays small: requests cost 12 to 19 % less (docs/speed.md). GOGC and
// GOMEMLIMIT decide instead where they are set.
func tuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(160 << 20)
	}
}

func newLog(e *env, verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(e.stderr, &slog.HandlerOptions{Level: level}))
}

// listen opens a port, and says in one sentence when it is taken.
func listen(addr, setting string) (net.Listener, error) {
	path, socket := strings.CutPrefix(addr, unixPrefix)
	if socket {
		return listenUnix(path, setting)
	}
	l, err := net.Listen("tcp", addr)
	if err == nil {
		return l, nil
	}
	hint := "set " + setting + " to another HOST:PORT"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, &postgres.SetupError{Problem: addr + " is taken by another program", Hint: hint}
	case errors.Is(err, syscall.EACCES):
		return nil, &postgres.SetupError{
			Problem: "this user may not listen on " + addr,
			Hint:    "use a port above 1023: " + hint,
		}
	}
	return nil, &postgres.SetupError{Problem: "cannot listen on " + addr, Hint: hint, Err: err}
}

// unixPrefix begins the path of a socket where an address may stand.
const unixPrefix = "unix:"

// listenUnix opens a socket for a proxy of the same group on this machine. A socket that a killed server left behind is
// taken over; one on which somebody answers, or another file, is not.
func listenUnix(path, setting string) (net.Listener, error) {
	hint := "set " + setting + " to unix: and a path in a folder that you may write to"
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		return nil, errors.Join(&postgres.SetupError{
			Problem: path + " is taken by another program", Hint: hint,
		}, conn.Close())
	}
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSocket != 0 {
		if err := os.Remove(path); err != nil {
			return nil, &postgres.SetupError{Problem: "cannot replace " + path, Hint: hint, Err: err}
		}
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, &postgres.SetupError{Problem: "cannot listen on " + path, Hint: hint, Err: err}
	}
	if err := os.Chmod(path, 0o660); err != nil { //nolint:gosec // the group is the proxy's
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

// newHTTPServer has the time limits of a server that faces the internet.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: web.ReadTimeout,
		WriteTimeout: web.WriteTimeout, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 32 << 10, ErrorLog: stdlog.New(&serverLog{log: log}, "", 0),
	}
}

// A serverLog takes what net/http says by itself. Connections that cannot be accepted (too many open files) are an
// error, once a minute; the rest is what clients do, and of no use to an operator.
type serverLog struct {
	log  *slog.Logger
	mu   sync.Mutex
	told time.Time
}

func (l *serverLog) Write(p []byte) (int, error) {
	text := strings.TrimSpace(string(p))
	if !strings.Contains(text, "Accept error") {
		l.log.Debug(text)
		return len(p), nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); now.Sub(l.told) >= time.Minute {
		l.told = now
		l.log.Error("connections cannot be accepted", "error", text,
			"hint", "raise the limit of open files (LimitNOFILE)")
	}
	return len(p), nil
}

type migrateCmd struct {
	databaseFlags `embed:""`
}

// Run sets the database up and exits.
func (c *migrateCmd) Run(e *env) error {
	d, err := c.open(e)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s is at migration %d\n", d.describe, postgres.NewestMigration())
	return d.Close()
}

// hold keeps a context alive for as long as cleaning up may take.
func hold(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

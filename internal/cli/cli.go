// Package cli is the command line: flags, exit codes, and the wiring of rooms
// into a running program.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/tijorihq/tijori/internal/fault"
)

// Exit codes, the same for every command.
const (
	exitOK     = 0
	exitFailed = 1 // could not run
	exitUsage  = 2
	exitFound  = 3 // it ran, and found something

	exitIncomplete = 4 // it ran, found nothing, and could not test everything that --strict asks for
)

// version is set by the linker from git describe.
var version string

type commands struct {
	Serve     serveCmd     `cmd:"" help:"Run Tijori: pages, API, jobs and, without DATABASE_URL, its own PostgreSQL."`
	Migrate   migrateCmd   `cmd:"" help:"Set up roles and schemas and bring the database up to this program, then exit."`
	Demo      demoCmd      `cmd:"" help:"Fill a demonstration account: a kirana store with a year of entries."`
	Inbox     inboxCmd     `cmd:"" help:"What the providers sent: list, show, explain, replay, retry."`
	Reconcile reconcileCmd `cmd:"" help:"Compare with the providers, repair what is safe, and show the rest to a person."`
	Review    reviewCmd    `cmd:"" help:"What only a person may decide: list, show, snooze, resolve."`
	Watch     watchCmd     `cmd:"" help:"Watch from outside and within: probe, and simulate, which plays attacks (docs/watch.md)."`
	Alerts    alertsCmd    `cmd:"" help:"What is told to operators: list, show, snooze, dismiss."`
	Users     usersCmd     `cmd:"" help:"Help users who cannot sign in: reset-factors."`
	Support   supportCmd   `cmd:"" help:"Look users up, read-only and written down: lookup, why."`
	App       appCmd       `cmd:"" help:"Apps that sell to their own customers: create, origins, keys."`
	Import    importCmd    `cmd:"" help:"Move an app in that sells already: plan, subscriptions, shadow, end."`
	Credits   creditsCmd   `cmd:"" help:"Verify, grant and take back credits."`
	Ledger    ledgerCmd    `cmd:"" help:"Verify the sums that lists of parties show."`
	Incident  incidentCmd  `cmd:"" help:"The day a leak is suspected: freeze, evidence, blast, notify, reports (docs/incident.md)."`
	Release   releaseCmd   `cmd:"" help:"Which program ran when, and what changed: list."`
	Doctor    doctorCmd    `cmd:"" help:"Check the set-up: database, clock, mail, keys, webhooks and prices at the providers; change nothing."`
	Launch    launchCmd    `cmd:"" help:"Before you go live: check everything, and write the handover document."`
	Audit     auditCmd     `cmd:"" help:"Find out what your app shows to the wrong people: engines, reports, baseline (docs/audit.md)."`
	Backup    backupCmd    `cmd:"" help:"Back up, and look at back-ups: DIR or s3://…; list, verify, key."`
	Restore   restoreCmd   `cmd:"" help:"Get a back-up back, into an empty place or beside what is there."`
	Upgrade   upgradeCmd   `cmd:"" name:"upgrade-postgres" help:"Move Tijori's own PostgreSQL to a newer major version, keeping the old data: undo, remove."`
	Bench     benchCmd     `cmd:"" help:"Measure against pgbench on a PostgreSQL of its own."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// env is what commands write to and are stopped by.
type env struct {
	context.Context
	stdout, stderr io.Writer
}

// Main runs one command and returns the exit code. Results go to stdout,
// everything else to stderr.
func Main(args []string, stdout, stderr io.Writer) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("tijori"),
		kong.Description("A tenant-safe subscription backend with a khata for shopkeepers, on PostgreSQL.\n\nStart with: tijori serve"),
		kong.Writers(stdout, stderr),
		kong.Vars{"baseline": baselineFile},
		kong.Exit(func(code int) { exit = code }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}),
	)
	if err != nil {
		fmt.Fprintln(stderr, "tijori:", err)
		return exitFailed
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if err := settingsFromFiles(parser.Model); err != nil {
		complain(stderr, err)
		return exitUsage
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "tijori: %v\n  hint: tijori --help lists commands, tijori COMMAND --help their flags\n",
			err)
		return exitUsage
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := k.Run(&env{Context: ctx, stdout: stdout, stderr: stderr}); err != nil {
		complain(stderr, err)
		var usage usageError
		if errors.As(err, &usage) {
			return exitUsage
		}
		var found findings
		if errors.As(err, &found) {
			return exitFound
		}
		var partly incomplete
		if errors.As(err, &partly) {
			return exitIncomplete
		}
		return exitFailed
	}
	return exitOK
}

// complain prints one sentence, and what to do about it on a line of its own.
func complain(w io.Writer, err error) {
	text := err.Error()
	if f := fault.Of(err); f != nil {
		text = f.Sentence()
	}
	problem, hint, ok := strings.Cut(text, "\n")
	var usage usageError
	if !ok && errors.As(err, &usage) {
		hint, ok = "tijori COMMAND --help lists every setting", true
	}
	fmt.Fprintf(w, "tijori: %s\n", problem)
	if ok {
		fmt.Fprintf(w, "  hint: %s\n", strings.ReplaceAll(strings.TrimSpace(hint), "\n", "\n  "))
	}
}

// A usageError is a setting that cannot be.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

type versionCmd struct{}

func (versionCmd) Run(e *env) error {
	_, err := fmt.Fprintf(e.stdout, "tijori %s (%s, %s/%s)\n", versionText(), runtime.Version(), runtime.GOOS,
		runtime.GOARCH)
	return err
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

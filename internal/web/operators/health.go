package operators

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/insight"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/term"
	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/probe"
	"github.com/tijorihq/tijori/internal/web/frame"
	"github.com/tijorihq/tijori/internal/web/page/admin"
	"github.com/tijorihq/tijori/internal/web/ui"
)

// HealthPage is one line for everything that can go wrong by itself, with what to do.
func (h *Handlers) HealthPage(_ http.ResponseWriter, r *frame.Request) error {
	view := admin.Health{Shell: shell(r)}
	counts, err := h.Billing.CountInbox(r.Context())
	if err != nil {
		return err
	}
	runs, err := h.Billing.ListRuns(r.Context(), 20)
	if err != nil {
		return err
	}
	ground, err := h.Desk.Ground(r.Context())
	if err != nil {
		return err
	}
	x := examination{Shell: view.Shell, now: time.Now(), service: h.Clock.Now()}
	x.database(ground)
	x.queue(ground.Queue)
	for _, c := range counts {
		if !h.Billing.Sells(c.Provider) {
			continue
		}
		x.inbox(c)
		x.compared(c, runs)
		view.Counts = append(view.Counts, admin.Count{
			Provider: c.Provider.Name(), ID: string(c.Provider), Waiting: c.Waiting, Failing: c.Failing,
			Parked: c.Parked, Dead: c.Dead, Ignored: c.Foreign, Day: c.Day, Last: when(view.Shell, c.Last),
		})
	}
	if h.Machine != nil {
		x.machine(r.Context(), h.Machine)
	}
	if h.Watch != nil {
		probes, err := h.Watch.Probes(r.Context())
		if err != nil {
			return err
		}
		x.probes(probes)
	}
	x.clock(ground.Skew)
	view.Checks, view.Runs = x.checks, runViews(view.Shell, runs[:min(len(runs), 6)])
	return r.Page(admin.HealthPage(view))
}

func when(s ui.Shell, t time.Time) string {
	if t.IsZero() {
		return s.T("never")
	}
	return s.Moment(t)
}

// An examination gathers the lines.
type examination struct {
	ui.Shell
	now, service time.Time
	checks       []admin.Check
}

// The states of a line.
const (
	ok   = "ok"
	look = "watch"
	bad  = "bad"
)

func (x *examination) add(state, name, says, do, path string) {
	word := x.T("fine")
	switch state {
	case look:
		word = x.T("keep an eye on it")
	case bad:
		word = x.T("act now")
	}
	if state == ok {
		do = ""
	}
	x.checks = append(x.checks, admin.Check{Name: name, State: state, Word: word, Says: says, Do: do, Path: path})
}

func size(bytes uint64) string {
	const unit = 1 << 10
	value, word := bytes, "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 10*unit {
			break
		}
		value, word = value/unit, next
	}
	return strconv.FormatUint(value, 10) + " " + word
}

func (x *examination) database(g insight.Ground) {
	state := ok
	if g.Connections*10 > g.MaxConnections*9 {
		state = bad
	} else if g.Connections*10 > g.MaxConnections*7 {
		state = look
	}
	x.add(state, x.T("Database"), x.T("PostgreSQL %s answers. It holds %s; %d of %d connections are in use.", g.Version,
		size(uint64(max(g.Size, 0))), g.Connections, g.MaxConnections),
		x.T("Raise max_connections, or run fewer nodes for one server."), "")
}

func (x *examination) queue(q insight.Queue) {
	waits := time.Duration(0)
	if !q.Oldest.IsZero() {
		waits = x.now.Sub(q.Oldest)
	}
	state := ok
	switch {
	case waits > 15*time.Minute:
		state = bad
	case waits > 2*time.Minute, q.Discarded > 0:
		state = look
	}
	says := x.T("Nothing is late.")
	if q.Due > 0 {
		says = x.T("%s jobs are due, the oldest since %s.", money.Grouped(int64(q.Due)), x.Ago(q.Oldest))
	}
	if q.Retrying > 0 {
		says += " " + x.N(q.Retrying, "%d job failed and is tried again.", "%d jobs failed and are tried again.")
	}
	if q.Discarded > 0 {
		says += " " + x.N(q.Discarded, "%d job was discarded within a week.", "%d jobs were discarded within a week.")
	}
	x.add(state, x.T("Job queue"), says,
		x.T("See whether a node runs jobs (one without --no-jobs), and why jobs fail in its log. Most of them send email."), "")
}

func (x *examination) inbox(c billing.InboxCount) {
	state := ok
	switch {
	case c.Dead > 0:
		state = bad
	case c.Failing > 0 || c.Parked > 0:
		state = look
	}
	says := x.T("%s events came within a day; the last one %s.", money.Grouped(int64(c.Day)), x.agoOrNever(c.Last))
	if c.Dead+c.Failing+c.Parked > 0 {
		says += " " + x.T("Dead: %d, failing: %d, parked: %d.", c.Dead, c.Failing, c.Parked)
	}
	x.add(state, x.T("Webhooks of %s", c.Provider.Name()), says,
		x.T("Open the dead and parked events: each says why, and can be tried again."),
		"/admin/inbox?provider="+string(c.Provider))
}

func (x *examination) agoOrNever(t time.Time) string {
	if t.IsZero() {
		return x.T("never")
	}
	return x.Ago(t)
}

// compared is the last comparison of everything with a provider.
func (x *examination) compared(c billing.InboxCount, runs []billing.Run) {
	name := x.T("Comparison with %s", c.Provider.Name())
	for _, r := range runs {
		if r.Provider != c.Provider || r.DryRun || r.AccountID != uuid.Nil {
			continue
		}
		says := x.T("%d compared, %d differed, %d repaired, %d for a person, %s.", r.Looked, r.Differ, r.Repaired,
			r.Queued,
			x.Ago(r.StartedAt))
		state := ok
		switch {
		case r.State == "partial":
			state, says = bad, says+" "+x.T("It broke off.")
		case x.now.Sub(r.StartedAt) > 2*term.Comparison:
			state = look
		case r.Queued > 0:
			state = look
		}
		x.add(state, name, says, x.T("See what it found, and that a node runs jobs."), "/admin/reconcile")
		return
	}
	x.add(look, name, x.T("There was none yet."), x.T("The first begins within a minute of the start."),
		"/admin/reconcile")
}

func (x *examination) machine(ctx context.Context, ask func(context.Context) insight.Machine) {
	m := ask(ctx)
	x.backup(m)
	if m.DiskTotal > 0 {
		state := ok
		switch free := m.DiskFree * 100 / m.DiskTotal; {
		case free < 5:
			state = bad
		case free < 15:
			state = look
		}
		x.add(state, x.T("Disk"), x.T("%s of %s are free.", size(m.DiskFree), size(m.DiskTotal)),
			x.T("Make room or a larger disk: a full one stops the database."), "")
	}
	x.certificate(m)
}

func (x *examination) backup(m insight.Machine) {
	name, do := x.T("Back-up"), x.T("Set TIJORI_BACKUP and restore one to see that it works: docs/backup.md.")
	switch age := x.now.Sub(m.NewestBackup); {
	case !m.Backups:
		x.add(look, name, x.T("This node makes none."), do, "")
	case m.NewestBackup.IsZero():
		x.add(look, name, x.T("There is none yet."), x.T("The first is made soon after the start; look again in a minute."), "")
	case age > 2*m.BackupEvery:
		x.add(bad, name, x.T("The newest is of %s, and one is due every %s.", x.Moment(m.NewestBackup), hours(x.Shell,
			m.BackupEvery)),
			x.T("See in the node's log why none is made."), "")
	case m.KeepsLog && x.now.Sub(m.LogStored) > 10*time.Minute:
		x.add(bad, name, x.T("The newest is of %s; the log of changes was last stored %s.", x.Moment(m.NewestBackup),
			x.agoOrNever(m.LogStored)),
			x.T("See in the node's log why none is made."), "")
	default:
		kept := x.T("All of them stay.")
		if m.BackupsKept > 0 {
			kept = x.N(m.BackupsKept, "The newest %d stays.", "The newest %d stay.")
		}
		says := x.T("The newest is of %s.", x.Moment(m.NewestBackup))
		x.add(ok, name, says+" "+x.T("One is made every %s.", hours(x.Shell, m.BackupEvery))+" "+kept, "", "")
	}
}

func hours(s ui.Shell, d time.Duration) string {
	if d < 2*time.Hour {
		return s.N(int(d/time.Minute), "%d minute", "%d minutes")
	}
	return s.N(int(d/time.Hour), "%d hour", "%d hours")
}

func (x *examination) certificate(m insight.Machine) {
	name := x.T("Certificate")
	due, urgent := m.CertMargins()
	switch left := m.CertUntil.Sub(x.now); {
	case !m.TLS:
		x.add(look, name, x.T("%s is served without TLS.", m.Host),
			x.T("Fine on one's own machine. Elsewhere, put a proxy with a certificate in front."), "")
	case m.CertUntil.IsZero():
		x.add(look, name, x.T("%s could not be asked for its certificate: %s", m.Host, m.CertTrouble),
			x.T("See from outside whether the site opens."), "")
	case left < urgent:
		x.add(bad, name, x.T("That of %s ends on %s.", m.Host, x.Moment(m.CertUntil)), x.T("Renew it today."), "")
	case left < due:
		x.add(look, name, x.T("That of %s ends on %s.", m.Host, x.Moment(m.CertUntil)),
			x.T("See why it was not renewed automatically."), "")
	default:
		x.add(ok, name, x.T("That of %s ends on %s.", m.Host, x.Moment(m.CertUntil)), "", "")
	}
}

// probes is what is seen from outside.
func (x *examination) probes(h *probe.History) {
	name := x.T("Seen from outside")
	var down []string
	for _, l := range h.Lines {
		if l.State == probe.Down || l.State == probe.Partly {
			down = append(down, l.Name)
		}
	}
	switch {
	case len(h.Lines) == 0:
		x.add(look, name, x.T("Nobody looks."), x.T("Run tijori watch probe on another machine: docs/watch.md."), "")
	case x.now.Sub(h.Newest) > watch.ProberSilent:
		x.add(bad, name, x.T("The last look was %s.", x.Ago(h.Newest)), x.T("See whether the prober still runs."),
			"/status")
	case len(down) > 0:
		x.add(bad, name, x.T("Not reached: %s.", strings.Join(down, ", ")), x.T("Open the status page for how long."),
			"/status")
	default:
		x.add(ok, name, x.N(len(h.Lines), "%d address answers.", "%d addresses answer.")+" "+
			x.T("The last look was %s.", x.Ago(h.Newest)), "", "/status")
	}
}

// clock compares this machine's clock with the database's, and says when the service clock was moved.
func (x *examination) clock(skew time.Duration) {
	name := x.T("Clock")
	moved := x.service.Sub(x.now).Round(time.Minute)
	switch off := skew.Abs(); {
	case off > time.Minute:
		x.add(bad, name, x.T("This machine and the database differ by %s.", off.Round(time.Second).String()),
			x.T("Let both take the time from the same servers (NTP)."), "")
	case off > 5*time.Second:
		x.add(look, name, x.T("This machine and the database differ by %s.", off.Round(time.Second).String()),
			x.T("Let both take the time from the same servers (NTP)."), "")
	case moved.Abs() >= time.Minute:
		x.add(look, name, x.T("The service clock was moved by %s, as development may.", moved.String()),
			x.T("Nothing, on a development machine."), "")
	default:
		x.add(ok, name, x.T("This machine and the database agree."), "", "")
	}
}

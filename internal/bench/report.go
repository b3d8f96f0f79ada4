package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// A line is an endpoint at a number of clients, by HTTP and by pgbench.
type line struct {
	endpoint
	clients       int
	http, pgbench sample
}

func (l *line) ratio() float64 { return l.http.perSecond() / l.pgbench.perSecond() }

// A policyLine is one query with the policies as they are, with policies that
// believe settings, and with none.
type policyLine struct {
	name                  string
	lookup, setting, none sample
}

// share is how much of the database's processor time the look-ups take, compared with another way.
func (p *policyLine) share(other *sample) float64 {
	if p.lookup.cpu == 0 {
		return 0
	}
	return 1 - float64(other.cpuEach())/float64(p.lookup.cpuEach())
}

type named struct{ name, text string }

type report struct {
	machine        string
	lines          []line
	policies       []policyLine
	scripts        []named
	peak, resident int64 // bytes
}

func ms(d time.Duration) string { return fmt.Sprintf("%.1f", float64(d)/float64(time.Millisecond)) }

// write prints the tables for people, then the figures for scripts.
func (r *report) write(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", r.machine)
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "request\tclients\tper second\tp50 ms\tp95 ms\tp99 ms\tserver µs\tpgbench per second\tp50 ms\tp95 ms\tp99 ms\tdatabase µs\tratio\t")
	for i := range r.lines {
		l := &r.lines[i]
		fmt.Fprintf(t, "%s\t%d\t%.0f\t%s\t%s\t%s\t%d\t%.0f\t%s\t%s\t%s\t%d\t%.2f\t\n", l.name, l.clients,
			l.http.perSecond(), ms(l.http.percentile(0.50)), ms(l.http.percentile(0.95)), ms(l.http.percentile(0.99)),
			l.http.cpuEach().Microseconds(),
			l.pgbench.perSecond(),
			ms(l.pgbench.percentile(0.50)), ms(l.pgbench.percentile(0.95)), ms(l.pgbench.percentile(0.99)),
			l.pgbench.cpuEach().Microseconds(), l.ratio())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteString("\npgbench sends the statements that the server sent, in the same transactions; what is one round trip there is one pipeline here.\nserver µs and database µs are processor time for one request, which does not depend on what else the machine does.\n\n")
	t = tabwriter.NewWriter(&b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "pgbench, %d clients\tcredential looked up\tdatabase CPU µs\tplain settings\tCPU µs\tno policies\tCPU µs\tlook-up costs of CPU\tpolicies cost\t\n", compared)
	for i := range r.policies {
		p := &r.policies[i]
		fmt.Fprintf(t, "%s\t%.0f/s\t%d\t%.0f/s\t%d\t%.0f/s\t%d\t%.0f %%\t%.0f %%\t\n", p.name,
			p.lookup.perSecond(), p.lookup.cpuEach().Microseconds(),
			p.setting.perSecond(), p.setting.cpuEach().Microseconds(),
			p.none.perSecond(), p.none.cpuEach().Microseconds(),
			100*p.share(&p.setting), 100*p.share(&p.none))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteString("\n")
	r.figures(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *report) figures(w io.Writer) {
	figure := func(name string, value float64, unit string) {
		fmt.Fprintf(w, "figure %s %.2f %s\n", name, value, unit)
	}
	most := 0
	for _, l := range r.lines {
		most = max(most, l.clients)
	}
	for i := range r.lines {
		l := &r.lines[i]
		name := l.figure
		if l.body == nil {
			name = "read_" + name
		}
		if l.clients == compared {
			figure(name+"_vs_pgbench", l.ratio(), "ratio")
			figure(name+"_per_second", l.http.perSecond(), "1/s")
		}
		if l.clients == most {
			figure(l.figure+"_p95", float64(l.http.percentile(0.95))/float64(time.Millisecond), "ms")
		}
	}
	for i := range r.policies {
		p := &r.policies[i]
		prefix := strings.ReplaceAll(p.name, " ", "_") + "_"
		if p.name == "party list" {
			prefix = ""
		}
		figure(prefix+"rls_cost", p.lookup.perSecond()/p.none.perSecond(), "ratio")
		figure(prefix+"lookup_cpu", 100*p.share(&p.setting), "%")
		figure(prefix+"rls_cpu", 100*p.share(&p.none), "%")
		figure(prefix+"lookup_cost", p.lookup.perSecond()/p.setting.perSecond(), "ratio")
	}
	figure("server_rss", float64(r.peak)/1e6, "MB")
}

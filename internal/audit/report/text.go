package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// The widths of the text report: it is read in logs of 100 characters.
const (
	textWidth = 96
	margin    = 10 // of the words on the left, such as "who"
)

type textWriter struct {
	io.Writer
	color bool
	err   error
}

func (t *textWriter) printf(format string, args ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.Writer, format, args...)
	}
}

// The colours of the severities, from note to critical.
var severityColor = []string{"\x1b[2m", "\x1b[36m", "\x1b[33m", "\x1b[31m", "\x1b[1;31m"}

func (t *textWriter) paint(color, s string) string {
	if !t.color {
		return s
	}
	return color + s + "\x1b[0m"
}

func (t *textWriter) head(color, s string) { t.printf("%s\n\n", t.paint(color, s)) }

const bold = "\x1b[1m"

func writeText(w io.Writer, r *finding.Report, o Options) error {
	t := &textWriter{Writer: w, color: o.Color}
	t.printf("%s\n\n", t.paint(bold, strings.TrimSpace("tijori "+line(r.Command)+"  "+line(r.Target))))
	open := r.Open()
	for s := finding.Critical; s >= finding.Note; s-- {
		first := true
		for _, f := range open {
			if f.Severity != s {
				continue
			}
			if first {
				t.head(severityColor[s], strings.ToUpper(s.String()))
				first = false
			}
			t.finding(f)
		}
	}
	t.timeline(r.Timeline)
	if len(r.NotTested) > 0 {
		t.head(bold, "NOT TESTED")
		for _, n := range r.NotTested {
			t.item(n.What + ": " + n.Reason)
		}
		t.printf("\n")
	}
	if len(r.Withdrawn) > 0 {
		t.head(bold, "WITHDRAWN, because an attack was stopped")
		for _, n := range r.Withdrawn {
			t.item(fmt.Sprintf("%s (%s on %s): %s", n.Finding.Title, n.Finding.Rule, n.Finding.Object, n.Reason))
		}
		t.printf("\n")
	}
	if len(open) < len(r.Findings) {
		t.head(bold, "ACCEPTED")
		for _, f := range r.Findings {
			if f.Accepted {
				t.item(fmt.Sprintf("%s %s on %s, by the %s: %s", f.Severity, f.Rule, f.Object, f.By, f.Reason))
			}
		}
		t.printf("\n")
	}
	for _, n := range r.Notes {
		t.item("note: " + n)
	}
	if s := lookedAt(r); s != "" {
		t.printf("Looked at %s.\n", line(s))
	}
	t.printf("%s\n", Summary(r))
	if len(open) > 0 {
		t.printf("tijori audit explain RULE says more about a rule.\n")
	}
	return t.err
}

func (t *textWriter) item(s string) {
	for i, l := range wrap(s, textWidth) {
		t.printf("%s%s\n", []string{"  ", "    "}[min(i, 1)], l)
	}
}

// finding prints the proof first, then what to do, then where.
func (t *textWriter) finding(f finding.Finding) {
	for _, l := range wrap(f.Title, textWidth) {
		t.printf("  %s\n", t.paint(bold, l))
	}
	if p := f.Proof; p != nil {
		t.field("who", p.Who)
		for i, s := range p.Steps {
			t.verbatim([]string{"did", ""}[min(i, 1)], s)
		}
		t.field("saw", p.Saw)
	} else {
		t.field("who", strings.Join(f.Actors, ", "))
		if can := strings.Join(f.Verbs, ", "); can != "" {
			t.field("can", strings.TrimSuffix(can+" on "+f.Object, " on "))
		}
	}
	t.field("why", f.Why)
	t.field("fix", f.Fix)
	t.verbatim("", f.Patch)
	if where := f.Place.String(); where != "" {
		t.field("where", where)
		t.verbatim("", f.Place.Text)
	}
	if f.Object != f.Place.File {
		t.field("object", f.Object)
	}
	if len(f.Affects) > 0 {
		t.field("also on", strings.Join(f.Affects, ", "))
	}
	for i, p := range f.Way {
		t.field([]string{"way", ""}[min(i, 1)], strings.TrimSpace(p.String()+"  "+p.What))
	}
	t.check(f.Check)
	t.field("rule", fmt.Sprintf("%s (finding %s)", f.Rule, f.Fingerprint()))
	t.printf("\n")
}

// check prints what proves a finding of code on the running app.
func (t *textWriter) check(c *finding.Check) {
	if c == nil {
		return
	}
	t.field("check", checked(c))
	t.verbatim("", c.Command)
}

// checked is a check and what came of it, in words.
func checked(c *finding.Check) string {
	on := ""
	if c.On != "" {
		on = " on " + c.On
	}
	s := fmt.Sprintf("audit %s%s: %s", c.Engine, on, c.Result)
	if c.Detail != "" {
		s += ": " + c.Detail
	}
	return s
}

func (t *textWriter) field(name, s string) {
	for i, l := range wrap(s, textWidth-margin) {
		t.row(name, l, i == 0)
	}
}

// verbatim prints statements and code with the spaces that they have.
func (t *textWriter) verbatim(name, s string) {
	if strings.TrimSpace(s) == "" {
		return
	}
	for i, l := range strings.Split(strings.TrimRight(plain(s), "\n"), "\n") {
		t.row(name, l, i == 0)
	}
}

func (t *textWriter) row(name, s string, first bool) {
	if !first {
		name = ""
	}
	pad := strings.Repeat(" ", max(1, margin-2-utf8.RuneCountInString(name)))
	t.printf("%s\n", strings.TrimRight("    "+name+pad+s, " "))
}

func (t *textWriter) timeline(moments []finding.Moment) {
	if len(moments) == 0 {
		return
	}
	t.head(bold, "TIME LINE")
	for _, m := range moments {
		times := ""
		if m.N > 1 {
			times = fmt.Sprintf(" (%d times)", m.N)
		}
		t.item(m.At.UTC().Format("2006-01-02 15:04Z") + "  " + m.Who + "  " + m.What + times)
	}
	t.printf("\n")
}

// Explain prints what a rule looks for.
func Explain(w io.Writer, r finding.Rule) error {
	t := &textWriter{Writer: w}
	t.printf("%s  %s\n\n", r.ID, r.Severity)
	for _, l := range wrap(r.Title, textWidth) {
		t.printf("%s\n", l)
	}
	t.printf("\n")
	t.field("why", r.Why)
	t.field("fix", r.Fix)
	t.field("ASVS 5.0", strings.Join(r.ASVS, ", "))
	t.field("CWE", strings.Join(r.CWE, ", "))
	t.field("found by", "tijori audit "+r.Engine)
	return t.err
}

// Package report writes what an audit found, in the formats that people and
// machines read, and reads its own JSON back. Targets are hostile: whatever
// stands in a finding is shown as text, never as markup or as a control.
package report

import (
	"bytes"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Options say how to write a report.
type Options struct {
	Version string         // of the program
	Rules   []finding.Rule // that were looked for, to explain them and to name those that held
	Color   bool           // text only: for a terminal
}

func (o Options) rule(id string) (finding.Rule, bool) {
	i := slices.IndexFunc(o.Rules, func(r finding.Rule) bool { return r.ID == id })
	if i < 0 {
		return finding.Rule{ID: id}, false
	}
	return o.Rules[i], true
}

// engineRules are the rules of the engines whose findings the report holds, in order of their names.
func (o Options) engineRules(r *finding.Report) []finding.Rule {
	var out []finding.Rule
	for _, rule := range o.Rules {
		if slices.Contains(engines(r), rule.Engine) {
			out = append(out, rule)
		}
	}
	slices.SortFunc(out, func(a, b finding.Rule) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// engines are read from the command: "audit db + audit source" has two.
func engines(r *finding.Report) []string {
	var out []string
	for command := range strings.SplitSeq(r.Command, "+") {
		out = append(out, strings.TrimPrefix(strings.TrimSpace(command), "audit "))
	}
	return out
}

var writers = []struct {
	format string
	write  func(io.Writer, *finding.Report, Options) error
}{
	{"text", writeText},
	{"json", writeJSON},
	{"sarif", writeSARIF},
	{"html", writeHTML},
	{"github", writeGitHub},
	{"junit", writeJUnit},
}

// Formats are the names of the formats that Write knows.
func Formats() []string {
	var out []string
	for _, w := range writers {
		out = append(out, w.format)
	}
	return out
}

// Write writes the report in a format. Nothing is written when it fails before the end.
func Write(w io.Writer, format string, r *finding.Report, o Options) error {
	for _, known := range writers {
		if known.format == format {
			sorted := *r
			sorted.Findings = slices.Clone(r.Findings)
			sorted.NotTested = slices.Clone(r.NotTested)
			sorted.Sort()
			var out bytes.Buffer
			if err := known.write(&out, &sorted, o); err != nil {
				return fmt.Errorf("write the report as %s: %w", format, err)
			}
			_, err := w.Write(out.Bytes())
			return err
		}
	}
	return fmt.Errorf("format %q: want one of %s", format, strings.Join(Formats(), ", "))
}

// Merge joins reports into one, in the order given. Counts of the same thing are added up.
func Merge(reports ...*finding.Report) *finding.Report {
	if len(reports) == 1 {
		return reports[0]
	}
	all := &finding.Report{}
	add := func(list, s string) string {
		switch {
		case list == "":
			return s
		case slices.Contains(strings.Split(list, " + "), s):
			return list
		}
		return list + " + " + s
	}
	for _, r := range reports {
		all.Command, all.Target = add(all.Command, r.Command), add(all.Target, r.Target)
		for _, f := range r.Findings {
			f.Place = rooted(r.Root, f.Place)
			f.Way = slices.Clone(f.Way)
			for i := range f.Way {
				f.Way[i] = rooted(r.Root, f.Way[i])
			}
			all.Findings = append(all.Findings, f)
		}
		all.NotTested = append(all.NotTested, r.NotTested...)
		all.Withdrawn = append(all.Withdrawn, r.Withdrawn...)
		all.Timeline = append(all.Timeline, r.Timeline...)
		all.Did = append(all.Did, r.Did...)
		all.Notes = append(all.Notes, r.Notes...)
		for _, c := range r.Looked {
			if i := slices.IndexFunc(all.Looked, func(l finding.Count) bool { return l.What == c.What }); i >= 0 {
				all.Looked[i].N += c.N
			} else {
				all.Looked = append(all.Looked, c)
			}
		}
	}
	slices.SortStableFunc(all.Timeline, func(a, b finding.Moment) int { return a.At.Compare(b.At) })
	all.Sort()
	return all
}

// rooted is a place as seen from where the audit ran, which is how CI systems name files.
func rooted(root string, p finding.Place) finding.Place {
	if root != "" && root != "." && p.File != "" && !strings.Contains(p.File, "://") && !path.IsAbs(p.File) {
		p.File = path.Join(root, p.File)
	}
	return p
}

// counts says how many open findings there are of each severity, worst first: "1 critical, 2 high".
func counts(open []finding.Finding) string {
	var parts []string
	for s := finding.Critical; s >= finding.Note; s-- {
		n := 0
		for _, f := range open {
			if f.Severity == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

// Summary says in a sentence or two how the audit ended. It never says that
// all is well where something was not tested, or where nothing was looked at.
func Summary(r *finding.Report) string {
	open := r.Open()
	var b strings.Builder
	switch {
	case len(open) > 0:
		fmt.Fprintf(&b, "%s: %s.", plural(len(open), "finding"), counts(open))
	case looked(r) == 0:
		b.WriteString("Nothing was looked at, so nothing is known.")
	case len(r.NotTested) > 0:
		b.WriteString("No findings in what was tested.")
	default:
		b.WriteString("No findings.")
	}
	if n := len(r.Findings) - len(open); n > 0 {
		fmt.Fprintf(&b, " %s.", plural(n, "accepted finding"))
	}
	if n := len(r.NotTested); n > 0 {
		fmt.Fprintf(&b, " %s could not be tested.", plural(n, "thing"))
	}
	return b.String()
}

func looked(r *finding.Report) (n int) {
	for _, c := range r.Looked {
		n += c.N
	}
	return n
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// lookedAt is "34 files, 2 source maps".
func lookedAt(r *finding.Report) string {
	var parts []string
	for _, c := range r.Looked {
		if c.N > 0 {
			what := c.What
			if stem, ok := strings.CutSuffix(what, "ies"); ok && c.N == 1 {
				what = stem + "y"
			} else if c.N == 1 {
				what = strings.TrimSuffix(what, "s")
			}
			parts = append(parts, fmt.Sprintf("%d %s", c.N, what))
		}
	}
	return strings.Join(parts, ", ")
}

package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

type junitSuites struct {
	XMLName  xml.Name   `xml:"testsuites"`
	Name     string     `xml:"name,attr"`
	Tests    int        `xml:"tests,attr"`
	Failures int        `xml:"failures,attr"`
	Skipped  int        `xml:"skipped,attr"`
	Suite    junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Errors   int         `xml:"errors,attr"`
	Skipped  int         `xml:"skipped,attr"`
	Cases    []junitCase `xml:"testcase"`
	Out      string      `xml:"system-out"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	File    string        `xml:"file,attr,omitempty"`
	Line    int           `xml:"line,attr,omitempty"`
	Failure *junitOutcome `xml:"failure"`
	Skipped *junitOutcome `xml:"skipped"`
}

type junitOutcome struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// writeJUnit writes a failing case for each finding, a skipped one for what was
// accepted or not tested, and a passing one for each rule without a finding.
func writeJUnit(w io.Writer, r *finding.Report, o Options) error {
	s := junitSuite{Name: "tijori " + plain(r.Command), Out: Summary(r)}
	for _, f := range r.Findings {
		place := rooted(r.Root, f.Place)
		c := junitCase{
			Class: plain(f.Rule), Name: line(f.Object + ": " + f.Title), File: plain(place.File),
			Line: max(0, place.Line),
		}
		if f.Accepted {
			c.Skipped = &junitOutcome{Message: line("accepted by the " + f.By + ": " + f.Reason)}
			s.Skipped++
		} else {
			c.Failure = &junitOutcome{Message: line(f.Title), Type: f.Severity.String(), Text: plain(story(f))}
			s.Failures++
		}
		s.Cases = append(s.Cases, c)
	}
	for _, n := range r.NotTested {
		s.Cases = append(s.Cases, junitCase{
			Class: "not-tested", Name: line(n.What),
			Skipped: &junitOutcome{Message: line(n.Reason)},
		})
		s.Skipped++
	}
	for _, rule := range o.engineRules(r) {
		if !slices.ContainsFunc(r.Findings, func(f finding.Finding) bool { return f.Rule == rule.ID }) &&
			looked(r) > 0 {
			s.Cases = append(s.Cases, junitCase{Class: rule.ID, Name: "not found: " + line(rule.Title)})
		}
	}
	s.Tests = len(s.Cases)
	out, err := xml.MarshalIndent(junitSuites{
		Name: "tijori", Tests: s.Tests, Failures: s.Failures, Skipped: s.Skipped,
		Suite: s,
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", xml.Header, strings.TrimSpace(string(out)))
	return err
}

package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"plain": plain,
	"line":  line,
	"check": checked,
	"list":  func(l []string) string { return strings.Join(l, ", ") },
	"upper": func(s string) string { return strings.ToUpper(s[:1]) + s[1:] },
	"place": func(p finding.Place) string { return p.String() },
	"time":  func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
}).Parse(page))

// A view is what the page shows.
type view struct {
	*finding.Report
	Version  string
	Verdict  string
	Tone     string // bad, unsure or good
	Tally    []tally
	Groups   []group
	Accepted []finding.Finding
	Held     []finding.Rule
	Seen     string
}

type tally struct {
	Severity string
	N        int
}

type group struct {
	Severity string
	Meaning  string
	Findings []card
}

type card struct {
	finding.Finding
	Fingerprint string
}

// The meaning of each severity, for a reader who decides what to do first.
var meaning = []string{
	"A remark. Nothing is exposed.",
	"True and small. Fix it when you are there.",
	"Exposes little, or to few.",
	"Exposes or changes another customer's data.",
	"Money, credentials or everybody's data are open to strangers. Fix these before anything else.",
}

func writeHTML(w io.Writer, r *finding.Report, o Options) error {
	v := view{Report: r, Version: o.Version, Seen: lookedAt(r)}
	open := r.Open()
	for s := finding.Critical; s >= finding.Note; s-- {
		g := group{Severity: s.String(), Meaning: meaning[s]}
		for _, f := range open {
			if f.Severity == s {
				g.Findings = append(g.Findings, card{f, f.Fingerprint()})
			}
		}
		if len(g.Findings) > 0 {
			v.Groups = append(v.Groups, g)
			v.Tally = append(v.Tally, tally{s.String(), len(g.Findings)})
		}
	}
	for _, f := range r.Findings {
		if f.Accepted {
			v.Accepted = append(v.Accepted, f)
		}
	}
	found := map[string]bool{}
	for _, f := range r.Findings {
		found[f.Rule] = true
	}
	for _, rule := range o.engineRules(r) {
		if !found[rule.ID] && looked(r) > 0 {
			v.Held = append(v.Held, rule)
		}
	}
	v.Verdict, v.Tone = verdict(r)
	return pageTemplate.Execute(w, v)
}

// verdict is the headline: what a founder has to know before reading further.
func verdict(r *finding.Report) (text, tone string) {
	open := r.Open()
	worst, any := r.Worst()
	urgent := 0
	for _, f := range open {
		if f.Severity >= finding.High {
			urgent++
		}
	}
	leak, none := "leak to fix before you launch", "No leak found"
	if strings.Join(engines(r), "") == "logs" { // which tell of the past
		leak, none = "incident to look into now", "Nothing suspicious found"
	}
	if urgent != 1 {
		leak = strings.Replace(leak, " to", "s to", 1)
	}
	switch {
	case urgent > 0:
		return fmt.Sprintf("%d %s", urgent, leak), "bad"
	case any && worst > finding.Note:
		return plural(len(open), "finding") + ", none of them urgent", "unsure"
	case looked(r) == 0:
		return "Nothing was looked at", "unsure"
	case len(r.NotTested) > 0:
		return none + ", but not everything was tested", "unsure"
	}
	return none, "good"
}

package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// writeGitHub writes workflow commands, which GitHub shows beside the lines of
// a pull request.
func writeGitHub(w io.Writer, r *finding.Report, _ Options) error {
	var b strings.Builder
	for _, f := range r.Open() {
		level := "error"
		switch {
		case f.Severity <= finding.Low:
			level = "notice"
		case f.Severity == finding.Medium:
			level = "warning"
		}
		var properties []string
		if p := rooted(r.Root, f.Place); p.File != "" && !strings.Contains(p.File, "://") {
			properties = append(properties, "file="+property(p.File))
			if p.Line > 0 {
				properties = append(properties, fmt.Sprintf("line=%d", p.Line))
			}
			if p.Column > 0 {
				properties = append(properties, fmt.Sprintf("col=%d", p.Column))
			}
		}
		properties = append(properties, "title="+property(fmt.Sprintf("%s: %s", f.Severity, f.Rule)))
		fmt.Fprintf(&b, "::%s %s::%s\n", level, strings.Join(properties, ","), message(story(f)))
	}
	for _, n := range r.NotTested {
		fmt.Fprintf(&b, "::warning title=%s::%s\n", property("not tested"), message(n.What+": "+n.Reason))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "::notice title=%s::%s\n", property("audit"), message(n))
	}
	level := "notice"
	if len(r.Open()) > 0 {
		level = "error"
	}
	fmt.Fprintf(&b, "::%s title=%s::%s\n", level, property("tijori "+line(r.Command)), message(Summary(r)))
	_, err := io.WriteString(w, b.String())
	return err
}

// story is a finding in a few sentences, the proof first.
func story(f finding.Finding) string {
	parts := []string{f.Title}
	if p := f.Proof; p != nil {
		parts = append(parts, fmt.Sprintf("Proof: %s did: %s\nand saw: %s", p.Who, strings.Join(p.Steps, "\n"), p.Saw))
	} else if len(f.Actors) > 0 {
		parts = append(parts, "Who: "+strings.Join(f.Actors, ", "))
	}
	if f.Why != "" {
		parts = append(parts, "Why: "+f.Why)
	}
	if f.Fix != "" {
		parts = append(parts, "Fix: "+f.Fix)
	}
	return strings.Join(parts, "\n")
}

var (
	messageEscapes  = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A")
	propertyEscapes = strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C")
)

func message(s string) string  { return messageEscapes.Replace(plain(s)) }
func property(s string) string { return propertyEscapes.Replace(plain(s)) }

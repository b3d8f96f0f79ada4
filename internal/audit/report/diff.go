package report

import (
	"io"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// A Difference is what has changed from one report to the next.
type Difference struct {
	New    []finding.Finding // were not there
	Worse  []finding.Finding // are more severe than they were, or were accepted and no longer are
	Gone   []finding.Finding // are there no longer
	Blind  []finding.NotTested
	Remain int
}

// Compare compares two reports of the same command. What could be tested before
// and no longer can is part of it: a finding may be gone because nobody looked.
func Compare(before, after *finding.Report) Difference {
	var d Difference
	was := map[string]finding.Finding{}
	for _, f := range before.Findings {
		was[f.Fingerprint()] = f
	}
	is := map[string]bool{}
	for _, f := range after.Findings {
		old, known := was[f.Fingerprint()]
		is[f.Fingerprint()] = true
		switch {
		case f.Accepted:
		case !known:
			d.New = append(d.New, f)
		case f.Severity > old.Severity || old.Accepted:
			d.Worse = append(d.Worse, f)
		default:
			d.Remain++
		}
	}
	for _, f := range before.Findings {
		if !is[f.Fingerprint()] {
			d.Gone = append(d.Gone, f)
		}
	}
	blind := map[string]bool{}
	for _, n := range before.NotTested {
		blind[n.What] = true
	}
	for _, n := range after.NotTested {
		if !blind[n.What] {
			d.Blind = append(d.Blind, n)
		}
	}
	return d
}

// WriteDifference writes it as text.
func WriteDifference(w io.Writer, d Difference, o Options) error {
	t := &textWriter{Writer: w, color: o.Color}
	for _, part := range []struct {
		head string
		list []finding.Finding
	}{{"NEW", d.New}, {"WORSE", d.Worse}} {
		if len(part.list) == 0 {
			continue
		}
		t.head(severityColor[finding.Critical], part.head)
		for _, f := range part.list {
			f.Title = f.Severity.String() + ": " + f.Title
			t.finding(f)
		}
	}
	if len(d.Blind) > 0 {
		t.head(bold, "NO LONGER TESTED")
		for _, n := range d.Blind {
			t.item(n.What + ": " + n.Reason)
		}
		t.printf("\n")
	}
	if len(d.Gone) > 0 {
		t.head(bold, "GONE")
		for _, f := range d.Gone {
			t.item(f.Severity.String() + " " + f.Rule + " on " + f.Object + ": " + f.Title)
		}
		t.printf("\n")
	}
	t.printf("%d new, %d worse, %d gone, %d as before.\n", len(d.New), len(d.Worse), len(d.Gone), d.Remain)
	return t.err
}

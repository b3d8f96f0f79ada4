package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Schema names the form of the JSON, which docs/audit.md describes. Fields are
// added under the same name; a change of meaning gets another one.
const Schema = "tijori-audit/1"

// maxReport is how large a report may be that Read takes.
const maxReport = 256 << 20

type document struct {
	Schema  string `json:"schema"`
	Version string `json:"version,omitempty"`
	Summary string `json:"summary"`
	finding.Report
	Findings []printed `json:"findings"` // instead of the report's own
}

// printed is a finding with its fingerprint, which baselines and other tools need.
type printed struct {
	finding.Finding
	Fingerprint string `json:"fingerprint"`
}

func writeJSON(w io.Writer, r *finding.Report, o Options) error {
	d := document{Schema: Schema, Version: o.Version, Summary: Summary(r), Report: *r, Findings: []printed{}}
	for _, f := range r.Findings {
		d.Findings = append(d.Findings, printed{f, f.Fingerprint()})
	}
	if d.NotTested == nil {
		d.NotTested = []finding.NotTested{}
	}
	if d.Looked == nil {
		d.Looked = []finding.Count{}
	}
	e := json.NewEncoder(w) // escapes <, > and &, so it may stand in a page as well
	e.SetIndent("", "  ")
	return e.Encode(d)
}

// Read reads a report that Write wrote as JSON.
func Read(r io.Reader) (*finding.Report, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxReport+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxReport {
		return nil, errors.New("the report is larger than 256 MB")
	}
	var d document
	if err := json.Unmarshal(b, &d); err != nil {
		return nil, fmt.Errorf("this is not a report in JSON: %w", err)
	}
	if d.Schema != Schema {
		return nil, fmt.Errorf("the report has the schema %.40q, want %q", d.Schema, Schema)
	}
	for _, f := range d.Findings {
		d.Report.Findings = append(d.Report.Findings, f.Finding)
	}
	return &d.Report, nil
}

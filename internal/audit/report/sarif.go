package report

import (
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// The parts of SARIF 2.1.0 that we write (OASIS, "Static Analysis Results
// Interchange Format (SARIF) Version 2.1.0"; GitHub's code scanning reads
// security-severity, precision and tags from the properties of a rule).
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		Results     []sarifResult     `json:"results"`
		ColumnKind  string            `json:"columnKind"`
		Properties  map[string]any    `json:"properties,omitempty"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version,omitempty"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID         string         `json:"id"`
		Short      sarifText      `json:"shortDescription"`
		Full       sarifText      `json:"fullDescription"`
		Help       sarifText      `json:"help"`
		Config     sarifConfig    `json:"defaultConfiguration"`
		Properties map[string]any `json:"properties"`
	}
	sarifConfig struct {
		Level string `json:"level"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifInvocation struct {
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications,omitempty"`
	}
	sarifNotification struct {
		Level   string    `json:"level"`
		Message sarifText `json:"message"`
	}
	sarifResult struct {
		RuleID       string             `json:"ruleId"`
		RuleIndex    int                `json:"ruleIndex"`
		Level        string             `json:"level"`
		Message      sarifText          `json:"message"`
		Locations    []sarifLocation    `json:"locations"`
		CodeFlows    []sarifCodeFlow    `json:"codeFlows,omitempty"`
		Fingerprints map[string]string  `json:"partialFingerprints"`
		Suppressions []sarifSuppression `json:"suppressions,omitempty"`
		Properties   map[string]any     `json:"properties"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
		Message  *sarifText     `json:"message,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   *sarifRegion  `json:"region,omitempty"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifRegion struct {
		StartLine   int        `json:"startLine"`
		StartColumn int        `json:"startColumn,omitempty"`
		Snippet     *sarifText `json:"snippet,omitempty"`
	}
	sarifLogical struct {
		Name string `json:"fullyQualifiedName"`
	}
	sarifCodeFlow struct {
		ThreadFlows []sarifThreadFlow `json:"threadFlows"`
	}
	sarifThreadFlow struct {
		Locations []sarifFlowLocation `json:"locations"`
	}
	sarifFlowLocation struct {
		Location sarifLocation `json:"location"`
	}
	sarifSuppression struct {
		Kind          string `json:"kind"`
		Justification string `json:"justification,omitempty"`
	}
)

func writeSARIF(w io.Writer, r *finding.Report, o Options) error {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "tijori", Version: plain(o.Version), Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{Successful: true}},
		Results:     []sarifResult{},
		ColumnKind:  "unicodeCodePoints",
		Properties:  map[string]any{"command": plain(r.Command), "target": plain(r.Target), "summary": Summary(r)},
	}
	for _, f := range r.Findings {
		i := slices.IndexFunc(run.Tool.Driver.Rules, func(known sarifRule) bool { return known.ID == plain(f.Rule) })
		if i < 0 {
			i = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(f, o))
		}
		run.Results = append(run.Results, sarifResultOf(f, i, r.Root))
	}
	for _, n := range r.NotTested {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications,
			sarifNotification{"warning", sarifText{plain("not tested: " + n.What + ": " + n.Reason)}})
	}
	for _, n := range r.Notes {
		run.Invocations[0].Notifications = append(run.Invocations[0].Notifications, sarifNotification{
			"note",
			sarifText{plain(n)},
		})
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(sarifLog{
		Schema:  "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
		Version: "2.1.0", Runs: []sarifRun{run},
	})
}

// sarifRuleOf describes a rule, from the list of rules or, where another
// program wrote the finding, from the finding itself.
func sarifRuleOf(f finding.Finding, o Options) sarifRule {
	rule, known := o.rule(f.Rule)
	if !known {
		rule = finding.Rule{
			ID: f.Rule, Title: f.Rule, Why: f.Why, Fix: f.Fix, Severity: f.Severity, CWE: f.CWE,
			ASVS: f.ASVS,
		}
	}
	tags := []string{"security"}
	for _, id := range rule.CWE {
		tags = append(tags, "external/cwe/"+strings.ToLower(plain(id)))
	}
	for _, id := range rule.ASVS {
		tags = append(tags, "asvs-5.0/"+plain(id))
	}
	return sarifRule{
		ID: plain(rule.ID), Short: sarifText{filled(rule.Title, rule.ID)},
		Full:   sarifText{filled(rule.Why, rule.Title)},
		Help:   sarifText{filled(strings.TrimSpace(rule.Why+"\n\nFix: "+rule.Fix), rule.Title)},
		Config: sarifConfig{sarifLevel(rule.Severity)},
		Properties: map[string]any{
			"tags": distinct(tags), "precision": "high",
			"security-severity": securitySeverity(rule.Severity),
		},
	}
}

func sarifResultOf(f finding.Finding, rule int, root string) sarifResult {
	result := sarifResult{
		RuleID: plain(f.Rule), RuleIndex: rule, Level: sarifLevel(f.Severity),
		Message:      sarifText{filled(story(f), f.Rule)},
		Fingerprints: map[string]string{"tijori/v1": f.Fingerprint()},
		Properties: map[string]any{
			"severity": f.Severity.String(), "proven": f.Proof != nil,
			"security-severity": securitySeverity(f.Severity),
		},
		Locations: []sarifLocation{sarifPlace(rooted(root, f.Place))},
	}
	if f.Object != "" {
		result.Locations[0].Logical = []sarifLogical{{plain(f.Object)}}
	}
	if f.Proof != nil {
		result.Properties["proof"] = map[string]any{
			"who": plain(f.Proof.Who), "steps": plainAll(f.Proof.Steps),
			"saw": plain(f.Proof.Saw),
		}
	}
	if c := f.Check; c != nil {
		result.Properties["check"] = map[string]any{
			"engine": c.Engine, "result": c.Result, "command": plain(c.Command), "detail": plain(c.Detail),
		}
	}
	if len(f.Way) > 0 {
		var flow sarifThreadFlow
		for _, p := range f.Way {
			l := sarifPlace(rooted(root, p))
			if p.What != "" {
				l.Message = &sarifText{plain(p.What)}
			}
			flow.Locations = append(flow.Locations, sarifFlowLocation{l})
		}
		result.CodeFlows = []sarifCodeFlow{{[]sarifThreadFlow{flow}}}
	}
	if f.Accepted {
		kind := "external"
		if f.By == finding.ByComment {
			kind = "inSource"
		}
		result.Suppressions = []sarifSuppression{{kind, plain(f.Reason)}}
	}
	return result
}

func sarifPlace(p finding.Place) sarifLocation {
	if p.File == "" {
		return sarifLocation{}
	}
	physical := &sarifPhysical{Artifact: sarifArtifact{URI: sarifURI(p.File)}}
	if p.Line > 0 {
		physical.Region = &sarifRegion{StartLine: p.Line, StartColumn: max(0, p.Column)}
		if p.Text != "" {
			physical.Region.Snippet = &sarifText{plain(p.Text)}
		}
	}
	return sarifLocation{Physical: physical}
}

// sarifURI is a file's name as a URI reference: percent-encoded, and never
// taken for one with a scheme.
func sarifURI(file string) string {
	if u, err := url.Parse(file); err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" {
		return u.String()
	}
	return (&url.URL{Path: strings.ToValidUTF8(file, "\uFFFD")}).String()
}

func sarifLevel(s finding.Severity) string {
	switch s {
	case finding.Critical, finding.High:
		return "error"
	case finding.Medium:
		return "warning"
	}
	return "note"
}

// securitySeverity is a number from 0 to 10 by which GitHub sorts: above 9 is
// critical, from 7 high, from 4 medium.
func securitySeverity(s finding.Severity) string {
	return []string{"0.0", "3.0", "5.5", "8.0", "9.5"}[s]
}

func filled(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		s = otherwise
	}
	return plain(s)
}

func plainAll(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = plain(s)
	}
	return out
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

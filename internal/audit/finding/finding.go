// Package finding is what the auditor says: one model for every engine and for
// every writer. It knows neither how a flaw is found nor how it is printed.
package finding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Severity follows what is exposed, not the name of the rule that saw it.
type Severity int

// The severities, from a remark to what must be mended before anything else.
const (
	Note     Severity = iota // style or speed: never a flaw
	Low                      // true and small
	Medium                   // exposes little, or to few
	High                     // exposes or changes another customer's data
	Critical                 // money, credentials, or everybody's data, for strangers
)

var severities = []string{"note", "low", "medium", "high", "critical"}

// String is the severity in one word.
func (s Severity) String() string { return severities[s] }

// MarshalText writes the word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word.
func (s *Severity) UnmarshalText(text []byte) error {
	i := slices.Index(severities, string(text))
	if i < 0 {
		return fmt.Errorf("severity %q: want one of %s", text, strings.Join(severities, ", "))
	}
	*s = Severity(i)
	return nil
}

// A Place is where something stands in the target's files.
type Place struct {
	File   string `json:"file"`             // relative to what was audited, with slashes
	Line   int    `json:"line"`             // from 1
	Column int    `json:"column,omitempty"` // from 1, in characters; 0 is unknown
	Text   string `json:"text,omitempty"`   // the line, without its margin and cut at 200 characters
	What   string `json:"what,omitempty"`   // in the way of a value: what happens here
}

// String is file:line, or file:line:column.
func (p Place) String() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// A Proof is an attack that was carried out: who did what, and what came of it.
type Proof struct {
	Who   string   `json:"who"`   // in words: "a member of another tenant"
	Steps []string `json:"steps"` // statements or requests, in order, as they can be repeated
	Saw   string   `json:"saw"`   // the row, answer or balance it got, without secrets
}

// A Check is what an engine that attacks the running app does about a finding in its code.
type Check struct {
	Engine  string   `json:"engine"`            // http, race, webhook or bundle
	Rules   []string `json:"rules"`             // what that engine reports when the flaw is there
	On      string   `json:"on,omitempty"`      // the route, as audit.toml has it
	Command string   `json:"command,omitempty"` // what to run for it
	Result  string   `json:"result"`            // NotRun, Proved, Withstood or Untested
	Detail  string   `json:"detail,omitempty"`  // the finding that proves it, or why it could not be tested
}

// What has come of a check.
const (
	NotRun    = "not run"
	Proved    = "proved"
	Withstood = "withstood"
	Untested  = "not tested"
)

// A Finding is one cause of a leak, with all that it affects.
type Finding struct {
	Rule     string   `json:"rule"` // of the rule that found it; explained by `tijori audit explain`
	Severity Severity `json:"severity"`
	Title    string   `json:"title"`             // one sentence: what is wrong
	Object   string   `json:"object"`            // table, function, route or file that is at fault
	Verbs    []string `json:"verbs,omitempty"`   // select, insert, update, delete, execute; GET, POST …
	Affects  []string `json:"affects,omitempty"` // other objects on which it shows
	Actors   []string `json:"actors,omitempty"`  // who can do it: anonymous, signed in, another tenant, a lower role
	Why      string   `json:"why"`               // why it costs money or trust
	Fix      string   `json:"fix"`               // what to change, in words
	Patch    string   `json:"patch,omitempty"`   // the change as SQL or code for this target
	Place    Place    `json:"place,omitzero"`    // the cause
	Way      []Place  `json:"way,omitempty"`     // of a value, from where it comes to where it ends
	Proof    *Proof   `json:"proof,omitempty"`   // present when the attack was carried out
	Route    string   `json:"route,omitempty"`   // in code: the route that leads there, as GET /invoices/:id
	Check    *Check   `json:"check,omitempty"`   // of code: what proves it on the running app
	ASVS     []string `json:"asvs,omitempty"`    // requirements of OWASP ASVS 5.0
	CWE      []string `json:"cwe,omitempty"`     // as CWE-862
	Reason   string   `json:"reason,omitempty"`  // of an accepted finding: why it may stay
	// tells findings of one rule on one object apart, such as a policy's name
	Key      string `json:"key,omitempty"`
	Accepted bool   `json:"accepted,omitempty"` // by the baseline, the allow-list or a comment
	By       string `json:"by,omitempty"`       // of an accepted finding: ByBaseline, ByAllowList or ByComment
}

// Who accepts findings.
const (
	ByBaseline  = "baseline"
	ByAllowList = "allow-list"
	ByComment   = "comment"
)

// Fingerprint names a finding in every run: it stays the same when lines move,
// when the severity is judged again, and when a proof is added.
func (f Finding) Fingerprint() string {
	sum := sha256.Sum256([]byte(strings.Join([]string{f.Rule, f.Object, f.Key}, "\x00")))
	return hex.EncodeToString(sum[:8])
}

// NotTested is something that could not be judged. It never counts as clean.
type NotTested struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

// A Withdrawn is a static finding that an attack has refuted.
type Withdrawn struct {
	Finding Finding `json:"finding"`
	Reason  string  `json:"reason"` // what stopped the attack: a trigger, a grant
}

// A Report is the result of a run.
type Report struct {
	Command   string      `json:"command"` // such as "audit db"
	Target    string      `json:"target"`  // what was audited, without passwords
	Findings  []Finding   `json:"findings"`
	NotTested []NotTested `json:"not_tested"`
	Withdrawn []Withdrawn `json:"withdrawn,omitempty"`
	// at what and how much, so that nothing is taken for clean because it was not seen
	Looked []Count `json:"looked"`
	// what else to know about this run, such as an allowance that has expired
	Notes    []string `json:"notes,omitempty"`
	Timeline []Moment `json:"timeline,omitempty"` // of an incident, in order
	// every request that a dynamic engine sent, in order: who, and what
	Did []string `json:"did,omitempty"`
	// the directory that places are relative to, as seen from where the audit ran
	Root string `json:"root,omitempty"`
}

// A Moment is a line in the time line of an incident.
type Moment struct {
	At   time.Time `json:"at"`
	Who  string    `json:"who"`  // a user or an address, as the log names them
	What string    `json:"what"` // what they did, in words
	N    int       `json:"n"`    // how many times within that minute
}

// A Count is a line of what was looked at.
type Count struct {
	What string `json:"what"` // "tables", "policies", "routes"
	N    int    `json:"n"`
}

// Open are the findings that nobody accepted.
func (r *Report) Open() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Accepted })
}

// Worst is the highest severity of the open findings, and whether there is any.
func (r *Report) Worst() (worst Severity, any bool) {
	for _, f := range r.Open() {
		worst, any = max(worst, f.Severity), true
	}
	return worst, any
}

// Sort puts the worst first, and what is as bad in the order of objects and
// places, so that two runs over one target say the same.
func (r *Report) Sort() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		if a.Severity != b.Severity {
			return int(b.Severity - a.Severity)
		}
		for _, pair := range [][2]string{
			{a.Object, b.Object},
			{a.Rule, b.Rule},
			{a.Key, b.Key},
			{a.Place.File, b.Place.File},
		} {
			if c := strings.Compare(pair[0], pair[1]); c != 0 {
				return c
			}
		}
		return a.Place.Line - b.Place.Line
	})
	slices.SortFunc(r.NotTested, func(a, b NotTested) int {
		if c := strings.Compare(a.What, b.What); c != 0 {
			return c
		}
		return strings.Compare(a.Reason, b.Reason)
	})
}

// A Rule describes what a rule looks for. Its code finds; this explains.
type Rule struct {
	ID       string   // of lower-case words with hyphens
	Engine   string   // "db", "source", "bundle", "http" …
	Title    string   // what is wrong, in one sentence
	Why      string   // what it costs, with the incident it comes from
	Fix      string   // how to mend it
	Severity Severity // the usual one; a finding may judge otherwise
	ASVS     []string
	CWE      []string
}

// Package accept holds what people have decided about findings: a baseline of
// those that were there when they began, and a list of those that may stay.
package accept

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

// BaselineSchema names the form of a baseline file.
const BaselineSchema = "tijori-baseline/1"

// A Baseline is a ratchet: the findings in it are accepted until they are
// mended, and nothing is added to it without being asked for.
type Baseline struct {
	Schema   string  `json:"schema"`
	Findings []Known `json:"findings"`
}

// A Known finding was there when the baseline was written.
type Known struct {
	Fingerprint string           `json:"fingerprint"`
	Command     string           `json:"command"` // that found it, such as "audit db"
	Severity    finding.Severity `json:"severity"`
	Rule        string           `json:"rule"` // this and what follows is for the reader
	Object      string           `json:"object"`
	Title       string           `json:"title"`
}

// ReadBaseline reads what Write wrote.
func ReadBaseline(r io.Reader) (*Baseline, error) {
	var b Baseline
	d := json.NewDecoder(io.LimitReader(r, 64<<20))
	if err := d.Decode(&b); err != nil {
		return nil, fmt.Errorf("not a baseline: %w", err)
	}
	if b.Schema != BaselineSchema {
		return nil, fmt.Errorf("not a baseline: the schema is %.40q, want %q", b.Schema, BaselineSchema)
	}
	return &b, nil
}

// Write writes the baseline in an order that makes changes readable.
func (b *Baseline) Write(w io.Writer) error {
	out := Baseline{Schema: BaselineSchema, Findings: slices.Clone(b.Findings)}
	if out.Findings == nil {
		out.Findings = []Known{}
	}
	slices.SortFunc(out.Findings, func(a, b Known) int {
		return cmp.Or(strings.Compare(a.Command, b.Command), strings.Compare(a.Rule, b.Rule),
			strings.Compare(a.Object, b.Object), strings.Compare(a.Fingerprint, b.Fingerprint))
	})
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// A Turn is how the ratchet moved.
type Turn struct {
	Added, Removed, Kept int
	Refused              []finding.Finding // new ones that were not asked for
}

// Update takes what is mended out of the baseline and, when add is set, what is
// new into it. Only entries of the commands that the reports are of can go, so
// a report of one engine says nothing about another's findings. A finding that
// the allow-list or a comment accepts needs no baseline.
func (b *Baseline) Update(add bool, reports ...*finding.Report) Turn {
	var t Turn
	was := map[string]Known{}
	for _, k := range b.Findings {
		was[k.Fingerprint] = k
	}
	commands, taken := map[string]bool{}, map[string]bool{}
	var next []Known
	for _, r := range reports {
		commands[r.Command] = true
		for _, f := range r.Findings {
			if f.Accepted && f.By != finding.ByBaseline || taken[f.Fingerprint()] {
				continue
			}
			old, known := was[f.Fingerprint()]
			if (!known || f.Severity > old.Severity) && !add {
				t.Refused = append(t.Refused, f)
				if !known {
					continue
				}
				f.Severity = old.Severity
			}
			if known {
				t.Kept++
			} else {
				t.Added++
			}
			taken[f.Fingerprint()] = true
			next = append(next, Known{
				Fingerprint: f.Fingerprint(), Command: r.Command, Severity: f.Severity,
				Rule: f.Rule, Object: f.Object, Title: f.Title,
			})
		}
	}
	for _, k := range b.Findings {
		switch {
		case taken[k.Fingerprint]:
		case commands[k.Command]:
			t.Removed++
		default:
			t.Kept++
			next = append(next, k)
		}
	}
	b.Findings = next
	return t
}

// Apply marks the findings of a report that the baseline knows. One that has
// become more severe since counts again.
func (b *Baseline) Apply(r *finding.Report) {
	if b == nil {
		return
	}
	was := map[string]Known{}
	for _, k := range b.Findings {
		was[k.Fingerprint] = k
	}
	for i := range r.Findings {
		f := &r.Findings[i]
		k, known := was[f.Fingerprint()]
		switch {
		case f.Accepted || !known:
		case f.Severity > k.Severity:
			r.Notes = append(r.Notes, fmt.Sprintf("%s on %s is in the baseline as %s; it is %s now, so it counts again",
				f.Rule, f.Object, k.Severity, f.Severity))
		default:
			f.Accepted, f.By, f.Reason = true, finding.ByBaseline, "it was there when the baseline was written"
		}
	}
}

// An AllowList is what people have looked at and let stay.
type AllowList struct {
	File  string
	Allow []Allowance
}

// An Allowance lets the findings of a rule on an object stay.
type Allowance struct {
	Rule    string `toml:"rule"`
	Object  string `toml:"object"`  // as the report names it; a * stands for any characters
	Key     string `toml:"key"`     // of one finding among several on the object; empty is all
	Reason  string `toml:"reason"`  // why it may stay: who looked, and what they saw
	Expires string `toml:"expires"` // the last day on which it counts, as 2027-01-31; empty is never

	last time.Time
	used bool
}

// allowFields are what an entry may say. Others are refused, so that a typing
// error does not make a rule wider.
var allowFields = []string{"rule", "object", "key", "reason", "expires"}

// ReadAllowList reads the [[allow]] entries of an audit.toml. What else stands
// in the file is for other parts of the auditor.
func ReadAllowList(name string, r io.Reader) (*AllowList, error) {
	b, err := io.ReadAll(io.LimitReader(r, 4<<20))
	if err != nil {
		return nil, err
	}
	var raw struct {
		Allow []map[string]any `toml:"allow"`
	}
	if _, err := toml.NewDecoder(bytes.NewReader(b)).Decode(&raw); err != nil {
		return nil, err
	}
	l := &AllowList{File: name}
	for i, entry := range raw.Allow {
		a, err := readAllowance(entry)
		if err != nil {
			return nil, fmt.Errorf("entry %d of [[allow]]: %w", i+1, err)
		}
		l.Allow = append(l.Allow, a)
	}
	return l, nil
}

func readAllowance(entry map[string]any) (Allowance, error) {
	var a Allowance
	for name, value := range entry {
		if !slices.Contains(allowFields, name) {
			return a, fmt.Errorf("unknown field %q, want %s", name, strings.Join(allowFields, ", "))
		}
		text, ok := value.(string)
		if day, isTime := value.(time.Time); isTime && name == "expires" {
			text, ok = day.Format(time.DateOnly), true // a date of TOML, without quotes
		}
		if !ok {
			return a, fmt.Errorf("%s is not a text", name)
		}
		text = strings.TrimSpace(text)
		*map[string]*string{
			"rule": &a.Rule, "object": &a.Object, "key": &a.Key, "reason": &a.Reason,
			"expires": &a.Expires,
		}[name] = text
	}
	switch {
	case a.Rule == "" || strings.Contains(a.Rule, "*"):
		return a, errors.New("name one rule")
	case strings.Trim(a.Object, "*") == "":
		return a, errors.New("name an object; a part of its name may be a *")
	case a.Reason == "":
		return a, errors.New("give a reason: who looked at it, and why it may stay")
	}
	if a.Expires != "" {
		day, err := time.Parse(time.DateOnly, a.Expires)
		if err != nil {
			return a, fmt.Errorf("expires %q is not a date such as 2027-01-31", a.Expires)
		}
		a.last = day
	}
	return a, nil
}

// Apply marks the findings that the list allows on the day of now. What has
// expired counts again and is said; so is an entry for one of the given rules
// that nothing needs any more.
func (l *AllowList) Apply(r *finding.Report, now time.Time, rules []finding.Rule) {
	if l == nil {
		return
	}
	today := now.UTC().Truncate(24 * time.Hour)
	for i := range l.Allow {
		a := &l.Allow[i]
		expired := !a.last.IsZero() && today.After(a.last)
		for j := range r.Findings {
			f := &r.Findings[j]
			if f.Accepted || !a.covers(f) {
				continue
			}
			a.used = true
			if expired {
				r.Notes = append(r.Notes,
					fmt.Sprintf("the allowance for %s on %s expired on %s, so it counts again (%s)", f.Rule, f.Object,
						a.Expires, l.File))
				continue
			}
			f.Accepted, f.By, f.Reason = true, finding.ByAllowList, a.Reason
			if a.Expires != "" {
				f.Reason += " (until " + a.Expires + ")"
			}
		}
		if !a.used && slices.ContainsFunc(rules, func(rule finding.Rule) bool { return rule.ID == a.Rule }) {
			r.Notes = append(r.Notes,
				fmt.Sprintf("%s allows %s on %s, which was not found; take the entry out", l.File, a.Rule, a.Object))
		}
	}
}

func (a *Allowance) covers(f *finding.Finding) bool {
	return a.Rule == f.Rule && (a.Key == "" || a.Key == f.Key) && like(a.Object, f.Object)
}

// like matches a pattern with * in time that grows with the length of both.
func like(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(s, first) || len(s) < len(first)+len(last) || !strings.HasSuffix(s, last) {
		return false
	}
	s = s[len(first) : len(s)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, found := strings.Cut(s, part)
		if !found {
			return false
		}
		s = rest
	}
	return true
}

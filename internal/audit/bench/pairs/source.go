// Package pairs measures the auditor on cases that come in pairs, a leaking
// one and its repaired twin, and says which flaws it missed and where it
// cried wolf.
package pairs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/source"
	"github.com/tijorihq/tijori/internal/audit/source/golang"
	"github.com/tijorihq/tijori/internal/audit/source/ir"
	"github.com/tijorihq/tijori/internal/audit/source/script"
)

type spot struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type sourceFlaw struct {
	ID   string `json:"id"`
	Kind string `json:"kind"`
	spot
	Severity finding.Severity `json:"severity"`
	AlsoAt   []spot           `json:"also_at"`
}

type sourceTruth struct {
	Title string       `json:"title"`
	Flaws []sourceFlaw `json:"flaws"`
	Good  []string     `json:"good"`
}

// A Tally counts flaws that were found and findings that were not flaws.
type Tally struct{ Flaws, Hits, False int }

// Recall is the share of the flaws that were found.
func (t Tally) Recall() float64 { return share(t.Hits, t.Flaws) }

// Precision is the share of the findings that were flaws.
func (t Tally) Precision() float64 { return share(t.Hits, t.Hits+t.False) }

func share(a, b int) float64 {
	if b == 0 {
		return 1
	}
	return float64(a) / float64(b)
}

// A SourceScore is the result over all cases.
type SourceScore struct {
	Tally
	HighOnFixed int
	ByKind      map[string]*Tally
	Notes       []string // misses and false alarms by name
}

// families are kinds that say the same in other words.
var families = [][]string{
	{"identity_from_request", "owner_filter_by_client_id"},
	{"query_without_owner", "privileged_client_without_check", "owner_filter_by_client_id"},
	{"webhook_fallback_secret", "webhook_no_signature"},
	{"idempotency_missing", "idempotency_in_memory", "effect_before_inbox"},
	{"personal_page_shared_cache", "personal_page_static", "personal_data_cached"},
	{"price_from_client", "verify_trusts_client"},
}

func sameKind(a, b string) bool {
	if a == b {
		return true
	}
	for _, f := range families {
		if slices.Contains(f, a) && slices.Contains(f, b) {
			return true
		}
	}
	return false
}

// Source audits the pairs in a folder, each with leaky, fixed and truth.json,
// and writes a table of kinds, then every miss and false alarm.
func Source(ctx context.Context, dir string, w io.Writer) (*SourceScore, error) {
	var names []string
	for _, pattern := range []string{"*/truth.json", "*/testdata/*/truth.json"} {
		list, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, err
		}
		names = append(names, list...)
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("audit bench: %s holds no cases", dir)
	}
	sort.Strings(names)
	score := &SourceScore{ByKind: map[string]*Tally{}}
	for _, name := range names {
		if err := score.pair(ctx, filepath.Dir(name)); err != nil {
			return nil, err
		}
	}
	score.print(w)
	return score, nil
}

func (s *SourceScore) kind(k string) *Tally {
	if s.ByKind[k] == nil {
		s.ByKind[k] = &Tally{}
	}
	return s.ByKind[k]
}

func (s *SourceScore) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

func audit(ctx context.Context, dir string) (*finding.Report, error) {
	r, err := source.Audit(ctx, source.Options{Dir: dir})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	if r == nil {
		r = &finding.Report{}
	}
	return r, nil
}

func (s *SourceScore) pair(ctx context.Context, dir string) error {
	data, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if err != nil {
		return err
	}
	var truth sourceTruth
	if err := json.Unmarshal(data, &truth); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	name := filepath.Base(dir)
	leaky := filepath.Join(dir, "leaky")
	report, err := audit(ctx, leaky)
	if err != nil {
		return err
	}
	spans := map[string][]span{}
	hit := make([]bool, len(truth.Flaws))
	for _, f := range report.Open() {
		kind := strings.ReplaceAll(f.Rule, "-", "_")
		matched := false
		// an exact kind is looked for first
		for _, exact := range []bool{true, false} {
			for i, flaw := range truth.Flaws {
				if matched || exact && flaw.Kind != kind || !sameKind(flaw.Kind, kind) {
					continue
				}
				if at(leaky, f.Place, flaw, spans) {
					matched, hit[i] = true, true
				}
			}
		}
		if !matched && f.Severity >= finding.Medium {
			s.False++
			s.kind(kind).False++
			s.note("false alarm  %s leaky  %s %s %s: %s", name, kind, f.Severity, f.Place, f.Title)
		}
	}
	for i, flaw := range truth.Flaws {
		t := s.kind(flaw.Kind)
		t.Flaws++
		s.Flaws++
		if hit[i] {
			t.Hits++
			s.Hits++
			continue
		}
		s.note("missed       %s %s  %s %s:%d", name, flaw.ID, flaw.Kind, flaw.File, flaw.Line)
	}
	fixed, err := audit(ctx, filepath.Join(dir, "fixed"))
	if err != nil {
		return err
	}
	for _, f := range fixed.Open() {
		if f.Severity < finding.Medium {
			continue
		}
		kind := strings.ReplaceAll(f.Rule, "-", "_")
		s.False++
		s.kind(kind).False++
		if f.Severity >= finding.High {
			s.HighOnFixed++
		}
		s.note("false alarm  %s fixed  %s %s %s: %s", name, kind, f.Severity, f.Place, f.Title)
	}
	return nil
}

// at tells whether a finding stands where a flaw is: on its line, on one that
// also shows it, or in the same statement.
func at(dir string, p finding.Place, flaw sourceFlaw, spans map[string][]span) bool {
	for _, x := range append([]spot{flaw.spot}, flaw.AlsoAt...) {
		if x.File != p.File {
			continue
		}
		if x.Line == p.Line {
			return true
		}
		if _, ok := spans[x.File]; !ok {
			spans[x.File] = statements(filepath.Join(dir, x.File), x.File)
		}
		best := span{0, 1 << 30}
		for _, s := range spans[x.File] {
			if s.from <= x.Line && x.Line <= s.to && s.to-s.from < best.to-best.from {
				best = s
			}
		}
		if best.from > 0 && best.from <= p.Line && p.Line <= best.to && best.to-best.from <= 14 {
			return true
		}
	}
	return false
}

type span struct{ from, to int }

// statements are the lines of the simple statements of a file.
func statements(name, rel string) (list []span) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	var f *ir.File
	if strings.HasSuffix(name, ".go") {
		f = golang.Parse(rel, string(data))
	} else {
		f = script.Parse(rel, string(data))
	}
	var walk func(stmts []*ir.Stmt)
	walk = func(stmts []*ir.Stmt) {
		for _, s := range stmts {
			if s == nil {
				continue
			}
			switch s.Kind {
			case ir.SExpr, ir.SVar, ir.SReturn, ir.SThrow, ir.SExportDefault:
				from, _ := f.Line(s.Pos)
				to, _ := f.Line(max(s.End-1, s.Pos))
				list = append(list, span{from, to})
			case ir.SIf:
				if s.X != nil {
					from, _ := f.Line(s.Pos)
					to, _ := f.Line(s.X.End)
					list = append(list, span{from, to})
				}
			}
			walk(s.Body)
			walk(s.Else)
			walk(s.Catch)
			walk(s.Finally)
			for _, c := range s.Cases {
				walk(c.Body)
			}
		}
	}
	walk(f.Stmts)
	for _, fn := range f.Funcs {
		walk(fn.Body)
	}
	return list
}

func (s *SourceScore) print(w io.Writer) {
	kinds := make([]string, 0, len(s.ByKind))
	for k := range s.ByKind {
		kinds = append(kinds, k)
	}
	sort.Strings(kinds)
	fmt.Fprintf(w, "%-34s %6s %6s %6s %8s %9s\n", "kind", "flaws", "found", "false", "recall", "precision")
	for _, k := range kinds {
		t := s.ByKind[k]
		fmt.Fprintf(w, "%-34s %6d %6d %6d %7.0f%% %8.0f%%\n",
			k, t.Flaws, t.Hits, t.False, 100*t.Recall(), 100*t.Precision())
	}
	fmt.Fprintln(w)
	for _, n := range s.Notes {
		fmt.Fprintln(w, n)
	}
	fmt.Fprintf(w, "figure audit_source_recall %.3f\n", s.Recall())
	fmt.Fprintf(w, "figure audit_source_precision %.3f\n", s.Precision())
	fmt.Fprintf(w, "figure audit_source_high_on_fixed %d\n", s.HighOnFixed)
}

// SourceCases is the folder of the pairs: CASES when it is set, the training
// pairs beside the repository, or else the cases of the rules themselves.
func SourceCases(root string) string {
	if dir := os.Getenv("CASES"); dir != "" {
		return dir
	}
	dir := filepath.Join(root, "..", "shared", "conformance", "audit", "source")
	if _, err := os.Stat(dir); err == nil {
		return dir
	}
	return SourceOwn(root)
}

// SourceOwn is the folder of the pairs that belong to the rules.
func SourceOwn(root string) string {
	return filepath.Join(root, "internal", "audit", "source", "rules")
}

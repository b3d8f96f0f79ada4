// Package secdefsearchpath is the rule secdef-search-path.
package secdefsearchpath

import (
	"strings"

	"github.com/tijorihq/tijori/internal/audit/db/rule/pass"
	"github.com/tijorihq/tijori/internal/audit/finding"
)

// Rule explains itself.
var Rule = pass.Rule{
	Rule: finding.Rule{
		ID:     "secdef-search-path",
		Engine: "db",
		Title:  "A function with its owner's rights looks its tables up by bare names.",
		Why: "A caller puts a temporary table of the same name in front, and the function reads or " +
			"writes that.",
		Fix:      "set search_path = '' and write every name with its schema; or put pg_temp last.",
		Severity: finding.Medium,
		ASVS:     []string{"8.4.1"},
		CWE:      []string{"CWE-426", "CWE-427"},
	},
	Find: find,
}

func find(p *pass.Pass) {
	for _, f := range p.Schema.Functions {
		if !f.Definer || f.Atomic || f.Extension || f.Language != "sql" && f.Language != "plpgsql" ||
			!p.RunsForOthers(f) {
			continue
		}
		path, set := f.Setting("search_path")
		if set && pathEnds(path) {
			continue
		}
		if name := p.BareTable(f); name != "" {
			s := finding.Medium
			if p.Model.Supabase {
				s = finding.Low // no temporary tables through the API
			}
			out := p.FunctionFinding(
				"secdef-search-path",
				f,
				s,
				f.Identity+" looks up "+name+" where a temporary table can stand in front",
			)
			out.Actors = []string{"signed in"}
			out.Affects = append(out.Affects, p.AskedBy(f)...)
			out.Patch = "alter function " + f.SQL() + " set search_path = " + strings.TrimPrefix(
				path+", pg_temp",
				", ",
			) + ";"
			p.Add(out)
		}
	}
}

// pathEnds says whether temporary tables are looked at last, or no table is.
func pathEnds(path string) bool {
	parts := strings.Split(strings.NewReplacer(`"`, "", " ", "", "'", "").Replace(path), ",")
	return parts[len(parts)-1] == "pg_temp"
}

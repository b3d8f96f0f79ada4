package cli

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/past"
)

var updatePages = flag.Bool("update-rule-pages", false, "write docs/audit anew")

// rulePage is the page of a rule that has no page written by hand.
func rulePage(rules []finding.Rule) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", strings.TrimSuffix(rules[0].Title, "."))
	for i, r := range rules {
		if i > 0 {
			fmt.Fprintf(&b, "## In %s\n\n%s\n\n", engineName(r.Engine), r.Title)
		}
		fmt.Fprintf(&b, "Rule `%s` · %s · `tijori audit %s` · [all rules](../audit.md#rules)\n\n", r.ID, r.Severity,
			r.Engine)
		fmt.Fprintf(&b, "**Why it matters.** %s\n\n", r.Why)
		if i == 0 && past.Of(r.ID) != "" {
			fmt.Fprintf(&b, "**Where it happened.** %s\n\n", past.Of(r.ID))
		}
		fmt.Fprintf(&b, "**What to do.** %s\n\n", r.Fix)
		if len(r.ASVS)+len(r.CWE) > 0 {
			fmt.Fprintf(&b, "OWASP ASVS 5.0: %s · %s\n\n", or(strings.Join(r.ASVS, ", "), "none"),
				or(strings.Join(r.CWE, ", "), "no CWE"))
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func engineName(engine string) string {
	return map[string]string{
		"db": "the database", "source": "the code", "bundle": "the bundle", "logs": "the logs",
	}[engine]
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// ruleTable is the list of all rules in docs/audit.md.
func ruleTable(rules []finding.Rule) string {
	var b strings.Builder
	b.WriteString("| rule | found by | severity | finds |\n|---|---|---|---|\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "| [`%s`](audit/%s.md) | %s | %s | %s |\n", r.ID, r.ID, r.Engine, r.Severity, r.Title)
	}
	return b.String()
}

// byID are the rules by name: one name may be found by several engines.
func byID() (names []string, rules map[string][]finding.Rule) {
	rules = map[string][]finding.Rule{}
	for _, r := range auditRules() {
		if rules[r.ID] == nil {
			names = append(names, r.ID)
		}
		rules[r.ID] = append(rules[r.ID], r)
	}
	return names, rules
}

// byHand says whether a page tells more than the rule: only those of the schema and the code do not.
func byHand(rules []finding.Rule) bool { return rules[0].Engine != "db" && rules[0].Engine != "source" }

var year = regexp.MustCompile(`(20|19)[0-9]{2}`)

// Every rule has a page, which says what the rule says; a page without a rule goes.
func TestAuditRulePages(t *testing.T) {
	const dir = "../../docs/audit"
	names, rules := byID()
	for _, id := range names {
		file := filepath.Join(dir, id+".md")
		want := rulePage(rules[id])
		got, err := os.ReadFile(file)
		switch {
		case byHand(rules[id]):
			if err != nil || !strings.Contains(string(got), "Rule `"+id+"`") {
				t.Errorf("%s: %v", file, err)
			}
		case *updatePages:
			if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
				t.Fatal(err)
			}
		case err != nil || string(got) != want:
			t.Errorf("%s is not what the rule says (%v); run go test ./internal/cli -run RulePages -update-rule-pages",
				file, err)
		}
		text := strings.Join(strings.Fields(string(got)), " ")
		if !year.MatchString(text) || !strings.Contains(text, past.Of(id)) {
			t.Errorf("%s does not say where it has happened: %q", file, past.Of(id))
		}
	}
	pages, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range pages {
		if id := strings.TrimSuffix(p.Name(), ".md"); !slices.Contains(names, id) {
			t.Errorf("%s explains no rule", p.Name())
		}
	}
	doc, err := os.ReadFile("../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(doc), "## Rules\n\n")
	if !ok {
		t.Fatal("docs/audit.md has no list of rules")
	}
	want := head + "## Rules\n\n" + ruleTable(auditRules())
	if *updatePages {
		if err := os.WriteFile("../../docs/audit.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	} else if string(doc) != want {
		t.Error("the list in docs/audit.md is not that of the rules; run with -update-rule-pages")
	}
}

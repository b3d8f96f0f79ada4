package confirm

import (
	"slices"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/audit/bundle"
	"github.com/tijorihq/tijori/internal/audit/finding"
	"github.com/tijorihq/tijori/internal/audit/live"
	"github.com/tijorihq/tijori/internal/audit/race"
	"github.com/tijorihq/tijori/internal/audit/source"
	"github.com/tijorihq/tijori/internal/audit/target"
	"github.com/tijorihq/tijori/internal/audit/webhook"
)

// Every rule that is named exists, in the engine that is named.
func TestProofsNameRules(t *testing.T) {
	t.Parallel()
	engines := map[string][]finding.Rule{
		"http": live.Rules(), "race": race.Rules(), "webhook": webhook.Rules(), "bundle": bundle.Rules(),
	}
	has := func(list []finding.Rule, id string) bool {
		return slices.ContainsFunc(list, func(r finding.Rule) bool { return r.ID == id })
	}
	for id, p := range proofs {
		if !has(source.Rules(), id) {
			t.Errorf("audit source has no rule %q", id)
		}
		for _, r := range p.rules {
			if !has(engines[p.engine], r) {
				t.Errorf("%s: audit %s has no rule %q", id, p.engine, r)
			}
		}
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		route, method, path string
		want                bool
	}{
		{"GET /invoices/:id", "", "/invoices/{invoice}", true},
		{"GET /invoices/:id", "", "/invoices/{invoice}?page=1", true},
		{"GET /api/invoices/[id]", "", "/api/invoices/{invoice}", true},
		{"GET /invoices/{id}", "", "/invoices/17", true},
		{"ALL /invoices/:id", "DELETE", "/invoices/{invoice}", true},
		{"/(app)/billing", "", "/billing", true},
		{"POST /invoices/:id", "", "/invoices/{invoice}", false},
		{"GET /invoices/:id", "", "/parties/{party}", false},
		{"GET /invoices/:id", "", "/invoices", false},
		{"GET /:id", "", "/{invoice}", false}, // nothing in common
		{"GET /invoices/list", "", "/api/v1/invoices/list", true},
		{"GET /list", "", "/api/v1/list", false}, // one word is no route
		{"", "", "/invoices", false},
	} {
		if got := Matches(c.route, &target.Request{Method: c.method, Path: c.path}); got != c.want {
			t.Errorf("Matches(%q, %s %q) = %t, want %t", c.route, c.method, c.path, got, c.want)
		}
	}
}

const config = `
[target]
url = "http://127.0.0.1:1"
[person.a]
account = "first"
sign_in = { by = "cookie", cookie = "s=1" }
check = { path = "/", contains = "a" }
[[route]]
path = "/invoices/{invoice}"
may = ["a"]
[[route]]
path = "/reports/{report}"
may = ["a"]
[[webhook]]
provider = "stripe"
path = "/hooks/stripe"
secret = "x"
as = "a"
state = { path = "/plan" }
paid = "pro"
`

func TestChecksAndWhatCameOfThem(t *testing.T) {
	t.Parallel()
	c, err := target.Read(strings.NewReader(config))
	if err != nil {
		t.Fatal(err)
	}
	code := &finding.Report{Findings: []finding.Finding{
		{Rule: "query-without-owner", Route: "GET /invoices/:id"},
		{Rule: "query-without-owner", Route: "GET /reports/:id"},
		{Rule: "query-without-owner", Route: "GET /notes/:id"},
		{Rule: "webhook-no-signature", Route: "POST /hooks/stripe"},
		{Rule: "credit-read-then-write", Route: "POST /spend"},
		{Rule: "secrets-logged", Route: "POST /spend"},
	}}
	Plan(code, c, "my audit.toml")
	if got, want := code.Findings[0].Check.Command,
		`tijori audit http --config 'my audit.toml' --route 'GET /invoices/{invoice}'`; got != want {
		t.Errorf("command %s, want %s", got, want)
	}
	proof := &finding.Proof{Who: "a stranger"}
	Results(code, code, &finding.Report{
		Command: "audit http",
		Findings: []finding.Finding{
			{Rule: "http-cookie", Object: "GET /reports/{report}"}, // another flaw of that route
			{Rule: "http-read-stranger", Object: "GET /invoices/{invoice}", Proof: proof},
		},
	}, &finding.Report{Command: "audit webhook", NotTested: []finding.NotTested{
		{What: "webhook stripe /hooks/stripe: the rest", Reason: "nobody signs in"},
	}})
	for i, want := range []string{
		finding.Proved, finding.Withstood, finding.Untested, finding.Untested, finding.Untested,
	} {
		if got := code.Findings[i].Check; got == nil || got.Result != want {
			t.Errorf("finding %d: check %+v, want %s", i, got, want)
		}
	}
	if code.Findings[0].Proof != proof || code.Findings[1].Proof != nil {
		t.Error("the proof belongs to what it proves, and to nothing else")
	}
	if code.Findings[5].Check != nil {
		t.Error("a log cannot be seen from outside")
	}
	for i, word := range map[int]string{2: "GET /notes/:id", 3: "nobody signs in", 4: "[[race]]"} {
		if d := code.Findings[i].Check.Detail; !strings.Contains(d, word) {
			t.Errorf("finding %d: %q does not say %q", i, d, word)
		}
	}
}

package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/net/html"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var rules = []finding.Rule{
	{
		ID: "own-row-update", Engine: "db", Title: "Users can give themselves a role.",
		Why: "A free user becomes an administrator.", Fix: "Grant single columns.",
		Severity: finding.Critical, ASVS: []string{"8.2.3"}, CWE: []string{"CWE-269"},
	},
	{
		ID: "view-bypass", Engine: "db", Title: "A view shows everybody's rows.", Why: "Views run as their owner.",
		Fix: "Set security_invoker.", Severity: finding.High,
	},
	{ID: "elsewhere", Engine: "source", Title: "A rule of another engine."},
}

func sample() *finding.Report {
	return &finding.Report{
		Command: "audit db", Target: "supabase/migrations", Root: "supabase/migrations",
		Findings: []finding.Finding{
			{
				Rule: "view-bypass", Severity: finding.High,
				Title: "The view public.totals shows every shop's takings.", Object: "public.totals",
				Verbs: []string{"select"}, Actors: []string{"anonymous", "another tenant"},
				Why:     "Competitors read your customers' takings.",
				Fix:     "Let the view ask as the caller.",
				Patch:   "alter view public.totals\n  set (security_invoker = true);",
				Place:   finding.Place{File: "0003_totals.sql", Line: 12, Column: 1, Text: "create view totals as"},
				CWE:     []string{"CWE-863"},
				Affects: []string{"public.invoices"},
			},
			{
				Rule: "own-row-update", Severity: finding.Critical,
				Title: "Every user can make himself an administrator.", Object: "public.profiles",
				Verbs: []string{"update"}, Actors: []string{"signed in"},
				Why: "One request turns a free account into an administrator's, who reads all invoices.",
				Fix: "Grant update on single columns only.", Place: finding.Place{File: "0001_init.sql", Line: 40},
				Proof: &finding.Proof{
					Who: "a new user of the free plan",
					Steps: []string{
						"update profiles set role = 'admin' where id = auth.uid();",
						"select role from profiles;",
					}, Saw: "role = admin",
				},
				Way: []finding.Place{
					{File: "0001_init.sql", Line: 40, What: "the policy allows the own row"},
					{File: "0001_init.sql", Line: 44, What: "the grant has every column"},
				},
				ASVS: []string{"8.2.3"}, CWE: []string{"CWE-269"},
			},
			{
				Rule: "public-bucket", Severity: finding.Medium, Title: "The bucket logos is public.",
				Object: "storage.logos", Accepted: true, By: finding.ByAllowList,
				Reason: "logos are on the home page", Why: "w", Fix: "f",
			},
		},
		NotTested: []finding.NotTested{{
			What:   "function public.charge",
			Reason: "the extension pg_net is not installed here",
		}},
		Withdrawn: []finding.Withdrawn{{Finding: finding.Finding{
			Rule: "own-row-update", Object: "public.wallets",
			Title: "Users can set their balance.",
		}, Reason: "the trigger guard_wallet refused it"}},
		Looked: []finding.Count{{What: "tables", N: 31}, {What: "policies", N: 88}, {What: "views", N: 0}},
		Notes:  []string{"the allowance for view-bypass on public.stats expired on 2026-01-31"},
		Timeline: []finding.Moment{{
			At: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), Who: "203.0.113.9",
			What: "read invoices", N: 40,
		}},
	}
}

func write(t testing.TB, format string, r *finding.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, format, r, Options{Version: "1.2.3", Rules: rules}); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return out.String()
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for _, format := range Formats() {
		got := write(t, format, sample())
		name := filepath.Join("testdata", "report."+format)
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil || got != string(want) {
			t.Errorf("%s differs from %s (%v); run with -update and read the difference\n%s", format, name, err, got)
		}
	}
}

func TestNothingFoundIsNotAlwaysClean(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		r    finding.Report
		says string
	}{
		{finding.Report{}, "Nothing was looked at, so nothing is known."},
		{finding.Report{Looked: []finding.Count{{What: "files", N: 3}}}, "No findings."},
		{
			finding.Report{Looked: []finding.Count{{What: "files", N: 3}}, NotTested: []finding.NotTested{{What: "a"}}},
			"No findings in what was tested. 1 thing could not be tested.",
		},
	} {
		if got := Summary(&c.r); got != c.says {
			t.Errorf("%q, want %q", got, c.says)
		}
		if got := write(t, "html", &c.r); (c.says == "No findings.") != strings.Contains(got,
			"<h1 class=\"good\">No leak found</h1>") {
			t.Errorf("%q has another headline on the page", c.says)
		}
	}
}

func TestJSONComesBack(t *testing.T) {
	t.Parallel()
	want := sample()
	want.Sort()
	got, err := Read(strings.NewReader(write(t, "json", want)))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\nwant\n%+v", err, got, want)
	}
	for _, bad := range []string{
		"", "{}", "[]", `{"schema":"tijori-audit/2"}`,
		`{"schema":"tijori-audit/1","findings":[{"severity":"grave"}]}`,
	} {
		if r, err := Read(strings.NewReader(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, r)
		}
	}
}

func TestColourOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Write(&out, "text", sample(), Options{Color: true}); err != nil || !strings.Contains(out.String(),
		"\x1b[1;31mCRITICAL\x1b[0m") {
		t.Errorf("%v %q", err, out.String())
	}
	if strings.Contains(write(t, "text", sample()), "\x1b") {
		t.Error("colour without being asked")
	}
}

// docs/audit.md describes every field of the JSON.
func TestFieldsAreDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/audit.md")
	if err != nil {
		t.Fatal(err)
	}
	_, about, _ := strings.Cut(string(doc), "## The JSON")
	about, _, _ = strings.Cut(about, "\n## ")
	for _, v := range []any{
		document{},
		finding.Report{},
		finding.Finding{},
		finding.Place{},
		finding.Proof{},
		finding.NotTested{},
		finding.Withdrawn{},
		finding.Count{},
		finding.Moment{},
		printed{},
	} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name != "" && !strings.Contains(about, "`"+name) {
				t.Errorf("%T.%s is not described", v, name)
			}
		}
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	before, after := sample(), sample()
	after.Findings[0].Severity = finding.Critical        // worse
	after.Findings = slices.Delete(after.Findings, 1, 2) // gone
	after.Findings[1].Accepted = false                   // counts again
	after.Findings = append(after.Findings, finding.Finding{Rule: "new", Object: "o"})
	after.NotTested = append(after.NotTested, finding.NotTested{What: "a view", Reason: "r"})
	d := Compare(before, after)
	if len(d.New) != 1 || len(d.Worse) != 2 || len(d.Gone) != 1 || len(d.Blind) != 1 || d.Remain != 0 {
		t.Errorf("%+v", d)
	}
	var out bytes.Buffer
	if err := WriteDifference(&out, d, Options{}); err != nil || !strings.HasSuffix(out.String(),
		"1 new, 2 worse, 1 gone, 0 as before.\n") {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	other := &finding.Report{Command: "audit source", Target: ".", Looked: []finding.Count{
		{What: "tables", N: 1},
		{What: "files", N: 2},
	}}
	all := Merge(sample(), other)
	if all.Command != "audit db + audit source" || all.Looked[0].N != 32 || all.Looked[3].N != 2 ||
		all.Findings[0].Place.File != "supabase/migrations/0001_init.sql" {
		t.Errorf("%+v", all)
	}
	if got := (Options{Rules: rules}).engineRules(all); len(got) != 3 {
		t.Errorf("rules of %v", got)
	}
}

// hostile is a report with a text in every field that a target can write.
func hostile(s string) *finding.Report {
	place := finding.Place{File: s, Line: 3, Column: 4, Text: s, What: s}
	f := finding.Finding{
		Rule: s, Severity: finding.High, Title: s, Object: s, Verbs: []string{s}, Affects: []string{s, s},
		Actors: []string{s}, Why: s, Fix: s, Patch: s,
		Place: place, Way: []finding.Place{place, place}, Proof: &finding.Proof{Who: s, Steps: []string{s, s}, Saw: s},
		ASVS: []string{s}, CWE: []string{s}, Key: s,
	}
	accepted, static := f, f
	accepted.Accepted, accepted.By, accepted.Reason, accepted.Object = true, s, s, s+"2"
	static.Proof, static.Object = nil, s+"3"
	return &finding.Report{
		Command: s, Target: s, Root: s, Findings: []finding.Finding{f, accepted, static},
		NotTested: []finding.NotTested{{What: s, Reason: s}},
		Withdrawn: []finding.Withdrawn{{Finding: f, Reason: s}}, Looked: []finding.Count{{What: s, N: 1}},
		Notes:    []string{s},
		Timeline: []finding.Moment{{Who: s, What: s, N: 2}},
	}
}

var nasty = []string{
	"", "plain", "</script><script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "'; drop table x; --",
	"</style><link rel=stylesheet href=//evil>",
	"a\n::error file=x::owned\n::set-output name=a::b", "\r\n::stop-commands::x", "%0A::error::", "]]>&amp;<!--",
	"\x00\x01\x1b[31mred\x1b]0;title\x07", "\u202egnp.exe\u2066",
	"\xff\xfe\x80bad", "javascript:alert(1)", "https://evil.example/?a=b&c=d", "//evil.example/x", "C:\\Users\\x",
	"\u2028\u2029", strings.Repeat("A", 20000), "हिन्दी 🙂 {{.}}",
	"file:///etc/passwd", "../../../etc/passwd", "http://[::1", "\ufeff\u00ad", "<base href=//evil>", "</pre></dd>",
	"ftp://a:b@c/%zz",
}

func TestHostileTextBreaksNoFormat(t *testing.T) {
	t.Parallel()
	for _, s := range nasty {
		checkHostile(t, s)
	}
}

func FuzzHostileText(f *testing.F) {
	for _, s := range nasty {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkHostile(t, s) })
}

func checkHostile(t *testing.T, s string) {
	t.Helper()
	r := hostile(s)
	for format, check := range map[string]func(*testing.T, string){
		"text": checkText, "github": checkGitHub, "html": checkHTML, "junit": checkJUnit,
		"sarif": func(t *testing.T, got string) {
			for _, wrong := range checkSARIF([]byte(got)) {
				t.Errorf("sarif of %.60q: %s", s, wrong)
			}
		},
		"json": func(t *testing.T, got string) {
			back, err := Read(strings.NewReader(got))
			if err != nil || len(back.Findings) != 3 || back.Findings[0].Title != strings.ToValidUTF8(s,
				"\ufffd") && utf8.ValidString(s) {
				t.Errorf("json of %.60q comes back as %+v, %v", s, back, err)
			}
			if strings.ContainsAny(got, "<>\x1b\x00") {
				t.Errorf("json of %.60q has characters that steer", s)
			}
		},
	} {
		got := write(t, format, r)
		if !utf8.ValidString(got) {
			t.Errorf("%s of %.60q is not UTF-8", format, s)
		}
		check(t, got)
	}
}

func checkText(t *testing.T, got string) {
	if i := strings.IndexFunc(got, func(r rune) bool { return r != '\n' && r != '\t' && steers(r) }); i >= 0 {
		t.Errorf("text steers the terminal: %.80q", got[i:])
	}
}

var command = regexp.MustCompile(`^::(error|warning|notice) ((file|line|col|title)=[^,:\r\n]*,?)+::[^\r\n]*$`)

func checkGitHub(t *testing.T, got string) {
	lines := strings.Split(strings.TrimSuffix(got, "\n"), "\n")
	if want := 5; len(lines) != want { // two findings, one not tested, one note, the summary
		t.Errorf("%d commands, want %d:\n%.900s", len(lines), want, got)
	}
	for _, l := range lines {
		if !command.MatchString(l) {
			t.Errorf("not a command: %.200q", l)
		}
	}
}

func checkJUnit(t *testing.T, got string) {
	var s junitSuites
	if err := xml.Unmarshal([]byte(got), &s); err != nil {
		t.Fatalf("junit is not XML: %v", err)
	}
	if len(s.Suite.Cases) < 4 || s.Tests != len(s.Suite.Cases) || s.Failures != 2 || s.Skipped != 2 {
		t.Errorf("junit counts %d tests, %d failures, %d skipped in %d cases", s.Tests, s.Failures, s.Skipped,
			len(s.Suite.Cases))
	}
}

// checkHTML holds the elements and attributes of a page against those of a tame
// one: hostile text may only change text.
func checkHTML(t *testing.T, got string) {
	z := html.NewTokenizer(strings.NewReader(got))
	allowed := []string{
		"class", "id", "href", "lang", "charset", "name", "content", "http-equiv", "aria-label",
		"aria-labelledby",
	}
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Error(z.Err())
			}
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if slices.Contains([]string{
				"script", "img", "link", "iframe", "base", "form", "object", "embed", "svg",
				"template",
			}, token.Data) {
				t.Errorf("the page has <%s>", token.Data)
			}
			for _, a := range token.Attr {
				if !slices.Contains(allowed, a.Key) {
					t.Errorf("the page has <%s %s>", token.Data, a.Key)
				}
				if a.Key == "href" && !regexp.MustCompile(`^#[a-z-]+$`).MatchString(a.Val) {
					t.Errorf("the page leads to %q", a.Val)
				}
			}
		}
	}
}

func TestEveryElementOfThePageStaysInPlace(t *testing.T) {
	t.Parallel()
	shape := func(s string) string {
		var b strings.Builder
		z := html.NewTokenizer(strings.NewReader(write(t, "html", hostile(s))))
		for {
			switch z.Next() {
			case html.ErrorToken:
				return b.String()
			case html.StartTagToken, html.EndTagToken:
				name, _ := z.TagName()
				fmt.Fprintf(&b, "%s ", name)
			}
		}
	}
	want := shape("tame")
	for _, s := range nasty {
		if s != "" && shape(s) != want {
			t.Errorf("%.60q changes the elements of the page", s)
		}
	}
}

func TestSARIFIsValid(t *testing.T) {
	t.Parallel()
	for _, wrong := range checkSARIF([]byte(write(t, "sarif", sample()))) {
		t.Error(wrong)
	}
	if len(checkSARIF([]byte(`{"version":"2.1.0","runs":[{"tool":{"driver":{}},"results":[{"message":{}}]}]}`))) == 0 {
		t.Error("the check of SARIF finds nothing in what is wrong")
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(write(t, "sarif", sample())), &log); err != nil {
		t.Fatal(err)
	}
	first := log.Runs[0].Results[0]
	if first.RuleID != "own-row-update" ||
		first.Locations[0].Physical.Artifact.URI != "supabase/migrations/0001_init.sql" ||
		len(first.CodeFlows[0].ThreadFlows[0].Locations) != 2 {
		t.Errorf("%+v", first)
	}
	if s := log.Runs[0].Results[2].Suppressions; len(s) != 1 || s[0].Kind != "external" {
		t.Errorf("an accepted finding is not suppressed: %+v", s)
	}
}

func BenchmarkHTML(b *testing.B) {
	r := sample()
	for range 500 {
		r.Findings = append(r.Findings, r.Findings[0])
	}
	for b.Loop() {
		write(b, "html", r)
	}
}

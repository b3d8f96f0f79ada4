package accept

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/audit/finding"
)

func found(rule, object string, s finding.Severity) finding.Finding {
	return finding.Finding{Rule: rule, Object: object, Severity: s}
}

func report(findings ...finding.Finding) *finding.Report {
	return &finding.Report{Command: "audit db", Findings: findings}
}

func TestRatchetTurnsOneWay(t *testing.T) {
	t.Parallel()
	var b Baseline
	if turn := b.Update(true, report(found("a", "x", finding.High), found("b", "y", finding.Low))); turn.Added != 2 {
		t.Fatalf("%+v", turn)
	}
	other := &finding.Report{Command: "audit bundle", Findings: []finding.Finding{found("c", "z", finding.Low)}}
	b.Update(true, other)

	next := report(found("a", "x", finding.High), found("new", "n", finding.Low))
	turn := b.Update(false, next)
	if turn.Kept != 2 || turn.Removed != 1 || len(turn.Refused) != 1 || turn.Refused[0].Rule != "new" ||
		len(b.Findings) != 2 {
		t.Errorf("%+v leaves %+v", turn, b.Findings)
	}

	worse := report(found("a", "x", finding.Critical), found("new", "n", finding.Low))
	b.Apply(worse)
	if len(worse.Open()) != 2 || !strings.Contains(strings.Join(worse.Notes, ""), "counts again") {
		t.Errorf("what has become worse is accepted: %+v %v", worse.Findings, worse.Notes)
	}
	if turn := b.Update(false, worse); len(turn.Refused) != 2 || b.Findings[0].Severity != finding.High {
		t.Errorf("a worse finding got in: %+v %+v", turn, b.Findings)
	}
	same := report(found("a", "x", finding.High), found("new", "n", finding.Low))
	b.Apply(same)
	if open := same.Open(); len(open) != 1 || open[0].Rule != "new" {
		t.Errorf("open: %+v", open)
	}
	if turn := b.Update(false, same); turn.Kept != 2 {
		t.Errorf("what the baseline accepts falls out of it: %+v", turn)
	}

	var out bytes.Buffer
	if err := b.Write(&out); err != nil {
		t.Fatal(err)
	}
	back, err := ReadBaseline(&out)
	if err != nil || !slices.EqualFunc(back.Findings, b.Findings,
		func(x, y Known) bool { return x.Fingerprint != "" }) {
		t.Errorf("%+v, %v", back, err)
	}
	for _, bad := range []string{"", "[]", "{}", `{"schema":"tijori-audit/1"}`} {
		if b, err := ReadBaseline(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is read as %+v", bad, b)
		}
	}
}

func TestAllowListNeedsAReasonAndEnds(t *testing.T) {
	t.Parallel()
	l, err := ReadAllowList("audit.toml", strings.NewReader(`
[http]
target = "http://127.0.0.1:3000"

[[allow]]
rule = "a"
object = "public.countries"
reason = "A public catalogue. Asha looked on 2 March."

[[allow]]
rule = "b"
object = "assets/*.map"
reason = "the maps are public on purpose"
expires = 2026-03-31

[[allow]]
rule = "b"
object = "never"
reason = "r"
expires = "2026-12-31"

[[allow]]
rule = "of-another-engine"
object = "never"
reason = "r"
`))
	if err != nil {
		t.Fatal(err)
	}
	now := func(day string) time.Time {
		at, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return at.Add(20 * time.Hour)
	}
	rules := []finding.Rule{{ID: "a"}, {ID: "b"}}
	r := report(found("a", "public.countries", finding.High), found("a", "public.country", finding.High),
		found("b", "assets/x.map", finding.Low))
	l.Apply(r, now("2026-03-31"), rules)
	if open := r.Open(); len(open) != 1 || open[0].Object != "public.country" {
		t.Errorf("open: %+v", open)
	}
	if r.Findings[0].By != finding.ByAllowList || !strings.Contains(r.Findings[2].Reason, "until 2026-03-31") {
		t.Errorf("%+v", r.Findings)
	}
	if len(r.Notes) != 1 || !strings.Contains(r.Notes[0], "take the entry out") {
		t.Errorf("notes: %q", r.Notes)
	}
	r = report(found("b", "assets/x.map", finding.Low))
	l.Apply(r, now("2026-04-01"), nil)
	if len(r.Open()) != 1 || len(r.Notes) != 1 || !strings.Contains(r.Notes[0],
		"expired on 2026-03-31, so it counts again") {
		t.Errorf("expired: %+v", r)
	}

	for text, says := range map[string]string{
		`rule = "a"` + "\n" + `object = "x"`:                                                     "reason",
		`rule = "a"` + "\n" + `object = "x"` + "\n" + `reason = " "`:                             "reason",
		`rule = "*"` + "\n" + `object = "x"` + "\n" + `reason = "r"`:                             "one rule",
		`rule = "a"` + "\n" + `object = "**"` + "\n" + `reason = "r"`:                            "name an object",
		`rule = "a"` + "\n" + `reason = "r"`:                                                     "name an object",
		`rule = "a"` + "\n" + `object = "x"` + "\n" + `reason = "r"` + "\n" + `expires = "soon"`: "not a date",
		`rule = "a"` + "\n" + `object = "x"` + "\n" + `reason = "r"` + "\n" + `expire = "x"`:     "unknown field",
		`rule = 3`: "not a text",
		`rule = `:  "",
	} {
		if l, err := ReadAllowList("f", strings.NewReader("[[allow]]\n"+text)); err == nil ||
			!strings.Contains(err.Error(), says) {
			t.Errorf("%q: %+v, %v; want a refusal with %q", text, l, err, says)
		}
	}
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"a", "a", true},
		{"a", "ab", false},
		{"a*", "ab", true},
		{"*b", "ab", true},
		{"a*c*e", "abcde", true},
		{"a*c*e", "abde", false},
		{"aa*aa", "aaa", false},
		{"x*", "", false},
		{strings.Repeat("a*", 2000) + "b", strings.Repeat("a", 5000), false},
	} {
		if got := like(c.pattern, c.s); got != c.want {
			t.Errorf("like(%.20q, %.20q) = %v", c.pattern, c.s, got)
		}
	}
}

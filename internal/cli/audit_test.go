package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tijori runs the program, and returns its exit code, its results and what it says beside them.
func tijori(t *testing.T, args ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	exit = Main(args, &out, &errs)
	return exit, out.String(), errs.String()
}

func write(t *testing.T, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

var leakingKey = "sk_" + "live_51Hq7Rk2Zw9TnB4xVd8MsL3hYc6" // no key of anybody

// A founder's first day: an audit, its exit codes, a baseline, an allowance, and the reports.
func TestAuditTranscript(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{
		"clean/index.html": "<html><body>Hello</body></html>", "src/package.json": "{}",
		"dist/index.html": `<html><body><script src="a.js"></script></body></html>`,
		"dist/a.js":       `k="` + leakingKey + `"`,
		"medium/a.js":     `k="` + "sk_" + `test_51Hq7Rk2Zw9TnB4xVd8MsL3hYc6"`,
	})
	if err := os.MkdirAll("linked", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc", "linked/etc"); err != nil {
		t.Fatal(err)
	}
	write(t, map[string]string{"linked/a.js": "1"})
	for _, c := range []struct {
		args string
		exit int
		says string // on stdout where it ran, on stderr where it did not
	}{
		{"bundle clean", 0, "No findings."},
		{"bundle dist", 3, "    who     anyone who opens the site\n    did     download /a.js\n"},
		{"bundle medium", 3, "MEDIUM"},
		{"bundle medium --fail-on high", 0, "1 finding: 1 medium."},
		{"bundle linked", 0, "1 thing could not be tested."},
		{"bundle linked --strict", 4, "NOT TESTED"},
		{"bundle src", 1, "tijori: this folder holds source code and no built files\n  hint: run the build first"},
		{"bundle nowhere", 1, "no such file"},
		{"bundle", 2, "<dir|url>"},
		{"bundle dist --format xml", 2, "must be one of"},
		{"bundle dist --fail-on grave", 2, "must be one of"},
		{"bundle dist --baseline nowhere.json", 1, "nowhere.json"},
		{"bundle dist --baseline dist/a.js", 2, "not a baseline"},
		{"bundle ftp://x/", 1, "no such file"},
		{"explain", 0, "bundle-database-key"},
		{"explain bundle-database-key", 0, "    why     A service_role key"},
		{"explain database", 2, "do you mean bundle-database-key?"},
		{"explain nothing", 2, "lists all of them"},
		{"logs nowhere.log", 1, "no such file"},
		{"logs dist/a.js", 1, "no line of dist/a.js is a request in a known format"},
		{"report dist/a.js", 1, "not a report"},
	} {
		exit, stdout, stderr := tijori(t, append([]string{"audit"}, strings.Fields(c.args)...)...)
		said := stdout
		if exit == 1 || exit == 2 {
			said = stderr
			if stdout != "" {
				t.Errorf("audit %s could not run, and yet prints %q", c.args, stdout)
			}
		}
		if exit != c.exit || !strings.Contains(said, c.says) {
			t.Errorf("audit %s: exit %d, want %d and %q\n%s%s", c.args, exit, c.exit, c.says, stdout, stderr)
		}
		if strings.Contains(stdout+stderr, leakingKey[8:20]) || strings.Contains(stdout+stderr, "\x1b") {
			t.Errorf("audit %s shows a secret or steers the terminal:\n%s%s", c.args, stdout, stderr)
		}
	}
}

func TestAuditRulesHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range auditRules() {
		if seen[r.Engine+" "+r.ID] {
			t.Errorf("two rules of %s are called %s", r.Engine, r.ID)
		}
		seen[r.Engine+" "+r.ID] = true
	}
}

func TestAuditFormats(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"dist/a.js": `k="` + leakingKey + `"`})
	for format, says := range map[string]string{
		"text": "CRITICAL", "json": `"schema": "tijori-audit/1"`, "sarif": `"uri": "dist/a.js"`,
		"html":   "<!doctype html>",
		"github": "::error file=dist/a.js,line=1,col=4,title=critical%3A bundle-payment-key::", "junit": "<testsuites",
	} {
		exit, stdout, _ := tijori(t, "audit", "bundle", "dist", "--format", format)
		if exit != 3 || !strings.Contains(stdout, says) {
			t.Errorf("%s: exit %d\n%s", format, exit, stdout)
		}
		if exit, stdout, stderr := tijori(t, "audit", "bundle", "dist", "--format", format, "-o",
			"out/"+format); exit != 1 || stdout != "" {
			t.Errorf("a folder that is not there: exit %d %s%s", exit, stdout, stderr)
		}
		exit, out, stderr := tijori(t, "audit", "bundle", "dist", "--format", format, "-o", "r."+format)
		written, err := os.ReadFile("r." + format)
		if exit != 3 || out != "" || err != nil || string(written) != stdout || !strings.Contains(stderr, "wrote ") {
			t.Errorf("%s into a file: exit %d, %v\n%s%s", format, exit, err, out, stderr)
		}
		exit, again, stderr := tijori(t, "audit", "report", "r.json", "--format", format)
		if format == "json" && (exit != 0 || again != stdout) {
			t.Errorf("the report of a report differs: %s%s", again, stderr)
		}
	}
	left, err := filepath.Glob(".tijori-*")
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestAuditBaseline(t *testing.T) {
	t.Chdir(t.TempDir())
	run := func(want int, args ...string) string {
		t.Helper()
		exit, stdout, stderr := tijori(t, append([]string{"audit"}, args...)...)
		if exit != want {
			t.Fatalf("%v: exit %d, want %d\n%s%s", args, exit, want, stdout, stderr)
		}
		return stdout + stderr
	}
	write(t, map[string]string{"dist/a.js": `k="` + leakingKey + `"`})
	run(3, "bundle", "dist", "--format", "json", "-o", "r.json")
	if said := run(0, "baseline", "r.json"); !strings.Contains(said,
		"tijori-baseline.json: 1 accepted; 1 added, 0 gone") {
		t.Error(said)
	}
	if said := run(0, "bundle", "dist"); !strings.Contains(said, "No findings. 1 accepted finding.") {
		t.Error(said)
	}
	run(3, "bundle", "dist", "--all")

	write(t, map[string]string{"dist/b.js": `k="` + leakingKey[:20] + "Zz9" + leakingKey[20:] + `"`})
	run(3, "bundle", "dist", "--format", "json", "-o", "next.json", "--all")
	if said := run(3, "baseline", "next.json"); !strings.Contains(said,
		"not taken in: critical bundle-payment-key on /b.js") {
		t.Error(said)
	}
	if said := run(3, "diff", "r.json", "next.json"); !strings.Contains(said, "1 new, 0 worse, 0 gone, 1 as before.") {
		t.Error(said)
	}
	if said := run(0, "diff", "next.json", "r.json"); !strings.Contains(said, "0 new, 0 worse, 1 gone, 1 as before.") {
		t.Error(said)
	}
	run(0, "baseline", "next.json", "--add")
	run(0, "bundle", "dist")
	if err := os.Remove("dist/a.js"); err != nil {
		t.Fatal(err)
	}
	run(3, "bundle", "dist", "--format", "json", "-o", "last.json", "--all")
	if said := run(0, "baseline", "last.json"); !strings.Contains(said, "1 accepted; 0 added, 1 gone") {
		t.Error(said)
	}
	write(t, map[string]string{"tijori-baseline.json": "{"})
	run(2, "bundle", "dist")
}

func TestAuditAllowList(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, map[string]string{"dist/a.js": `k="` + leakingKey + `"`})
	allow := func(entry string) {
		write(t, map[string]string{"audit.toml": "[[allow]]\nrule = \"bundle-payment-key\"\nobject = \"*.js\"\n" +
			entry})
	}
	for entry, want := range map[string]struct {
		exit int
		says string
	}{
		`reason = "a demonstration"`: {0, "by the allow-list: a demonstration"},
		`reason = "a demonstration"` + "\nexpires = " + time.Now().AddDate(0, 0, 7).Format(time.DateOnly): {
			0,
			"(until ",
		},
		`reason = "a demonstration"` + "\nexpires = 2020-01-31": {3, "expired on 2020-01-31, so it counts again"},
		``:                 {2, "give a reason"},
		`reasons = "typo"`: {2, "unknown field"},
	} {
		allow(entry)
		exit, stdout, stderr := tijori(t, "audit", "bundle", "dist")
		if exit != want.exit || !strings.Contains(stdout+stderr, want.says) {
			t.Errorf("%s: exit %d, want %d and %q\n%s%s", entry, exit, want.exit, want.says, stdout, stderr)
		}
	}
	allow(`reason = "a demonstration"`)
	write(t, map[string]string{".tijori-audit.toml": ""})
	if exit, _, stderr := tijori(t, "audit", "bundle", "dist"); exit != 2 || !strings.Contains(stderr,
		"there are both") {
		t.Errorf("two lists: exit %d %s", exit, stderr)
	}
	if exit, _, stderr := tijori(t, "audit", "bundle", "dist", "--allow", "audit.toml"); exit != 0 {
		t.Errorf("a chosen list: exit %d %s", exit, stderr)
	}
}

func TestAuditLogs(t *testing.T) {
	t.Chdir(t.TempDir())
	var b strings.Builder
	line := func(path string, status int, user string) {
		text, err := json.Marshal(map[string]any{
			"time": "2026-03-01T09:30:00Z", "method": "GET", "path": path,
			"status": status, "user_id": user, "account_id": "a1", "ip": "203.0.113.9",
		})
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(text, '\n'))
	}
	for range 4 {
		line("/api/invoices/7", 401, "")
	}
	line("/api/invoices/7", 200, "u1")
	line("/api/invoices/7", 200, "")
	write(t, map[string]string{"a.log": b.String()})
	exit, stdout, stderr := tijori(t, "audit", "logs", "a.log")
	for _, says := range []string{
		"GET /api/invoices/{id} answered without a session, though it refused 4 other",
		"TIME LINE", "2026-03-01 09:30Z address 203.0.113.9 GET /api/invoices/{id}", "where   a.log:6",
	} {
		if exit != 3 || !strings.Contains(stdout, says) {
			t.Errorf("exit %d, want 3 and %q\n%s%s", exit, says, stdout, stderr)
		}
	}
	if exit, _, _ := tijori(t, "audit", "logs", "a.log", "--public", "/api/*"); exit != 0 {
		t.Errorf("a public route: exit %d", exit)
	}
}

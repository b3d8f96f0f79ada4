package journey

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// packagesDir has the packages for other languages.
const packagesDir = "../../packages"

// A shop is a server with an app that sells, and what a program of that app needs.
type shop struct {
	*server
	key      string // of the app's server
	payments string // the app's simulated providers
	origin   string // of the app's pages
}

// plansFile is what the app sells, and the examples.
const plansFile = "../../examples/plans.toml"

var appProviders = regexp.MustCompile(`acme-test (http://[^\s/]+)`)

// openShop makes an app by the commands that its founder types, and starts the server.
func openShop(t *testing.T, origin string) *shop {
	t.Helper()
	data := stateDir(t)
	command := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(within(t, 2*time.Minute), program, args...)
		cmd.Env = environment("TIJORI_DATA=" + data)
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("tijori %s: %v\n%s", strings.Join(args, " "), err, &stderr)
		}
		return strings.TrimSpace(string(out))
	}
	command("migrate")
	command("app", "create", "acme", "--mode", "test", "--origin", origin)
	s := &shop{key: command("app", "key", "create", "acme-test", "--name", "server"), origin: origin}
	plans, err := filepath.Abs(plansFile)
	if err != nil {
		t.Fatal(err)
	}
	s.server = serve(t, data, "TIJORI_APP_PLANS="+plans)
	found := appProviders.FindStringSubmatch(s.greeting)
	if found == nil {
		t.Fatalf("the server does not name the app's payments:\n%s", s.greeting)
	}
	s.payments = found[1]
	return s
}

// settings are what a program of the app has in its environment.
func (s *shop) settings() []string {
	return []string{
		"TIJORI_URL=" + s.url, "TIJORI_KEY=" + s.key, "TIJORI_ORIGIN=" + s.origin,
		"TIJORI_PAYMENTS=" + s.payments,
	}
}

// inPackages runs a program of the packages and returns what it printed.
func inPackages(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(within(t, 10*time.Minute), name, args...)
	cmd.Dir, cmd.Env = packagesDir, environment(env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestExamplesHaveNoFindings audits the examples as their founders would.
func TestExamplesHaveNoFindings(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"../../examples/next", "../../examples/go", "../../packages/client/src"} {
		cmd := exec.CommandContext(within(t, 2*time.Minute), program, "audit", "source", dir, "--all")
		cmd.Env = environment()
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "No findings") {
			t.Errorf("tijori audit source %s: %v\n%s", dir, err, out)
		}
	}
}

var tapLine = regexp.MustCompile(`(?m)^(ok|not ok) \d+ - (.+)$`)

// node runs tests of Node and makes each a test of ours.
func node(t *testing.T, env []string, pattern string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(packagesDir, pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files (%v)", pattern, len(files), err)
	}
	args := []string{"--test", "--test-reporter=tap", "--test-timeout=120000"}
	for _, f := range files {
		name, err := filepath.Rel(packagesDir, f)
		if err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	cmd := exec.CommandContext(within(t, 10*time.Minute), "node", args...)
	cmd.Dir, cmd.Env = packagesDir, environment(env...)
	out, err := cmd.CombinedOutput()
	found := tapLine.FindAllStringSubmatch(string(out), -1)
	failed := 0
	for _, line := range found {
		t.Run(line[2], func(t *testing.T) {
			if line[1] != "ok" || strings.Contains(line[2], "# SKIP") {
				failed++
				t.Error(after(string(out), line[0]))
			}
		})
	}
	if err != nil && failed == 0 || len(found) == 0 {
		t.Errorf("node %s: %v, %d tests\n%s", strings.Join(args, " "), err, len(found), out)
	}
}

// after is what a test's output says beneath its line.
func after(out, line string) string {
	_, rest, _ := strings.Cut(out, line)
	rest, _, _ = strings.Cut(rest, "\n# Subtest")
	return line + rest
}

// TestPackages tries the packages for TypeScript: by themselves, and against a server with simulated payments.
func TestPackages(t *testing.T) {
	t.Parallel()
	inPackages(t, nil, "node", "client/scripts/types.mjs", "--check")
	inPackages(t, nil, "npm", "run", "build")
	node(t, nil, "*/test/*.test.mjs")
	s := openShop(t, "http://localhost:3000")
	node(t, s.settings(), "live/*.test.mjs")
	if said := s.stderr.String(); strings.Contains(said, "level=ERROR") || strings.Contains(said, "panic") {
		t.Errorf("the server says:\n%s", said)
	}
	if strings.Contains(s.stderr.String(), s.key) {
		t.Error("the server's log has the key")
	}
}

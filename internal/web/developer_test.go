package web

import (
	"html"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDeveloperExamplesWork takes the examples off the page, sends what the curl line sends, and builds and runs the
// program in Go: both with a key of the account, against this server.
func TestDeveloperExamplesWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	page := w.send("GET", ask{path: "/developer"}, w.a.Token)
	if page.status != 200 {
		t.Fatalf("the page: %d", page.status)
	}
	example := func(id string) string {
		t.Helper()
		m := regexp.MustCompile(`(?s)<code id="` + id + `">(.*?)</code>`).FindStringSubmatch(page.body)
		if m == nil {
			t.Fatalf("no example %s on the page", id)
		}
		return html.UnescapeString(m[1])
	}
	left := func() int64 {
		t.Helper()
		return one[int64](w, `select balance - held from credit_balances where account_id = $1 and meter = 'credits'`,
			w.a.AccountID)
	}
	before := left()
	for range 2 { // the idempotency key makes of two one
		req := curlRequest(t, example("curl"), w.a.key)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil || answer.StatusCode != 200 {
			t.Errorf("the curl line: %d %v", answer.StatusCode, err)
		}
	}
	if n := before - left(); n != 1 {
		t.Errorf("the curl line, sent twice, took %d credits, want 1", n)
	}
	program := strings.Replace(example("go"), `"job-1"`, `"job-2"`, 1)
	if out := runGo(t, program, w.a.key); !strings.HasPrefix(out, "left: ") {
		t.Errorf("the program in Go says %q", out)
	}
	for _, part := range []string{
		w.url + "/api/credits/consume", `idempotency_key: "job-1"`,
		"process.env.TIJORI_KEY",
	} {
		if !strings.Contains(example("typescript"), part) {
			t.Errorf("the example in TypeScript has no %q", part)
		}
	}
	if n := before - left(); n != 2 {
		t.Errorf("both took %d credits, want 2", n)
	}
}

// curlRequest is what a curl line of the page sends.
func curlRequest(t *testing.T, line, key string) *http.Request {
	t.Helper()
	line = strings.ReplaceAll(line, "\\\n", " ")
	address := regexp.MustCompile(`^curl (\S+)`).FindStringSubmatch(line)
	body := regexp.MustCompile(`-d '([^']*)'`).FindStringSubmatch(line)
	if address == nil || body == nil {
		t.Fatalf("the line %q has no address or no body", line)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address[1], strings.NewReader(body[1]))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`-H "([^:"]+): ([^"]*)"`).FindAllStringSubmatch(line, -1) {
		req.Header.Set(m[1], strings.ReplaceAll(m[2], "$TIJORI_KEY", key))
	}
	return req
}

// runGo builds and runs a program that imports our client, as a module of its own.
func runGo(t *testing.T, program, key string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	version, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^go \S+$`).FindString(string(version))
	for name, text := range map[string]string{
		"main.go": program,
		"go.mod": "module example.com/shop\n\n" + line + "\n\nrequire github.com/tijorihq/tijori v0.0.0\n\n" +
			"replace github.com/tijorihq/tijori => " + root + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "run", "-mod=mod", ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TIJORI_KEY="+key, "GOFLAGS=", "GOPROXY=off", "GOSUMDB=off", "GOWORK=off")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go run: %v\n%s%s", err, out, stderr.String())
	}
	return string(out)
}

// TestShopsAreNotToldOfCredits: what only programs spend stands on the plan page of no account without a key.
func TestShopsAreNotToldOfCredits(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	if got := w.send("GET", ask{path: "/billing"}, w.a.Token); !strings.Contains(got.body, "/developer") {
		t.Error("an account with a key is not led to the developer page")
	}
	w.exec(`delete from credentials where kind = 'api_key'`)
	got := w.send("GET", ask{path: "/billing"}, w.a.Token)
	for _, word := range []string{"/developer", "/billing/usage", "redits"} {
		if got.status != 200 || strings.Contains(got.body, word) {
			t.Errorf("the plan page of a shop: %d, says %q", got.status, word)
		}
	}
}

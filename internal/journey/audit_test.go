package journey

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tijorihq/tijori/internal/billing/simulator"
)

// Our own server under our own auditor: everybody tries everything, and
// nothing is found and nothing left untested.
func TestAuditOfTijori(t *testing.T) {
	t.Parallel()
	data := stateDir(t)
	s := serve(t, data)
	register(t, s, "bina@example.com")
	register(t, s, "cara@example.com")
	register(t, s, "dora@example.com")
	res, err := http.Post(s.url+"/api/dev/demo", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("the demonstration is answered with %s, %v", res.Status, err)
	}
	fill := strings.NewReplacer("URL", s.url, "SIM", s.sim, "PASSWORD", password, "AUTH",
		base64.StdEncoding.EncodeToString(
			[]byte(simulator.RazorpayKeyID+":"+simulator.RazorpayKeySecret)))
	dir := t.TempDir()
	for _, name := range []string{"audit.toml", "money.toml"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(fill.Replace(string(b))), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, engine := range []string{"http", "race", "webhook"} {
		config := "money.toml"
		if engine == "http" {
			config = "audit.toml"
		}
		cmd := exec.Command(program, "audit", engine, "--config", config, "--strict", "--fail-on", "note",
			"--format", "json")
		cmd.Dir, cmd.Env = dir, environment()
		out, err := cmd.Output()
		var r struct {
			Findings []struct {
				Rule, Object string
				Proof        any
			}
			NotTested []struct{ What, Reason string } `json:"not_tested"`
			Looked    []struct {
				What string
				N    int
			}
		}
		if jsonErr := json.Unmarshal(out, &r); jsonErr != nil {
			t.Fatalf("audit %s: %v, %v", engine, err, jsonErr)
		}
		for _, f := range r.Findings {
			t.Errorf("audit %s found %s on %s: %v", engine, f.Rule, f.Object, f.Proof)
		}
		for _, n := range r.NotTested {
			t.Errorf("audit %s did not test %s: %s", engine, n.What, n.Reason)
		}
		if err != nil || len(r.Looked) == 0 {
			t.Errorf("audit %s: %v", engine, err)
		}
		t.Logf("audit %s looked at %v", engine, r.Looked)
	}
}

package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"go.yaml.in/yaml/v3"

	"github.com/tijorihq/tijori/internal/web"
)

const rulesDir = "../../packaging/prometheus"

// promtool runs Prometheus's own tool, which scripts/setup-test fetches, and returns what it says where it refuses.
func promtool(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	cmd := exec.Command("promtool", args...)
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err == nil {
		return ""
	}
	if len(out) == 0 {
		t.Fatalf("promtool: %v; scripts/setup-test sets it up", err)
	}
	return string(out)
}

// What Prometheus reads, Prometheus's own tool has checked: the rules, what they say about made-up figures, the
// expressions of the dashboard, and the names of the metrics.
func TestPromtool(t *testing.T) {
	t.Parallel()
	t.Run("rules", func(t *testing.T) {
		t.Parallel()
		if wrong := promtool(t, "", "check", "rules", filepath.Join(rulesDir, "alerts.yml")); wrong != "" {
			t.Error(wrong)
		}
	})
	t.Run("what rules say", func(t *testing.T) {
		t.Parallel()
		if wrong := promtool(t, "", "test", "rules", filepath.Join(rulesDir, "alerts_test.yml")); wrong != "" {
			t.Error(wrong)
		}
	})
	t.Run("dashboard", func(t *testing.T) {
		t.Parallel()
		text, err := os.ReadFile("../../packaging/grafana/tijori.json")
		if err != nil {
			t.Fatal(err)
		}
		var dashboard struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		if err := json.Unmarshal(text, &dashboard); err != nil {
			t.Fatal(err)
		}
		type rule struct {
			Record string `yaml:"record"`
			Expr   string `yaml:"expr"`
		}
		var rules []rule
		for _, p := range dashboard.Panels {
			for _, target := range p.Targets {
				expr := strings.NewReplacer("$__rate_interval", "5m", "$__interval", "1m").Replace(target.Expr)
				rules = append(rules, rule{fmt.Sprintf("panel_%d", len(rules)), expr})
			}
		}
		file := filepath.Join(t.TempDir(), "panels.yml")
		groups, err := yaml.Marshal(map[string]any{"groups": []any{map[string]any{"name": "panels", "rules": rules}}})
		if err != nil || len(rules) < 20 {
			t.Fatalf("%d expressions: %v", len(rules), err)
		}
		if err := os.WriteFile(file, groups, 0o600); err != nil {
			t.Fatal(err)
		}
		if wrong := promtool(t, "", "check", "rules", file); wrong != "" {
			t.Error(wrong)
		}
	})
	t.Run("metrics", func(t *testing.T) {
		t.Parallel()
		m := newRequestMetrics()
		m.observe(web.Observation{Route: "GET /b/{business}", Status: 200, Verdict: "allowed", Took: time.Millisecond})
		registry := prometheus.NewRegistry()
		registry.MustRegister(m.all()...)
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for _, f := range families {
			if _, err := expfmt.MetricFamilyToText(&text, f); err != nil {
				t.Fatal(err)
			}
		}
		if wrong := promtool(t, text.String(), "check", "metrics"); wrong != "" {
			t.Error(wrong)
		}
	})
}

// No rule is without a test of what it says.
func TestEveryRuleIsTested(t *testing.T) {
	t.Parallel()
	var rules struct {
		Groups []struct {
			Rules []struct{ Alert string }
		}
	}
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	for file, into := range map[string]any{"alerts.yml": &rules, "alerts_test.yml": &tests} {
		text, err := os.ReadFile(filepath.Join(rulesDir, file))
		if err == nil {
			err = yaml.Unmarshal(text, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	fires := map[string]bool{}
	for _, one := range tests.Tests {
		for _, a := range one.Alerts {
			fires[a.Name] = fires[a.Name] || len(a.Want) > 0
		}
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			if !fires[r.Alert] {
				t.Errorf("no test in alerts_test.yml makes %s fire", r.Alert)
			}
		}
	}
}

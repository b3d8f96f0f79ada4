package cli

import (
	"encoding/json"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"

	"github.com/tijorihq/tijori/internal/watch/accesslog"
	"github.com/tijorihq/tijori/internal/web"
)

// everyMetric is an app that answers /metrics with all there is, but to nobody's questions.
func everyMetric() []prometheus.Collector {
	a := &app{
		database: &database{}, access: &accesslog.Writer{}, requests: newRequestMetrics(),
		log: slog.New(slog.DiscardHandler),
	}
	return append(a.metrics(), (&keeper{}).metrics()...)
}

var (
	fqName  = regexp.MustCompile(`fqName: "([^"]+)"`)
	variant = regexp.MustCompile(`_(bucket|count|sum)$`)
)

// metricNames are the names of the metrics, and of which a histogram has parts.
func metricNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{"up": true}
	for _, c := range everyMetric() {
		descs := make(chan *prometheus.Desc, 100)
		c.Describe(descs)
		close(descs)
		for d := range descs {
			m := fqName.FindStringSubmatch(d.String())
			if m == nil {
				t.Fatalf("no name in %s", d)
			}
			names[m[1]] = true
			for _, part := range []string{"_bucket", "_count", "_sum"} {
				names[m[1]+part] = strings.HasSuffix(m[1], "_seconds")
			}
		}
	}
	return names
}

// checkExpression parses PromQL as Prometheus does, and looks whether there is what it asks for.
func checkExpression(t *testing.T, where, text string, names, used map[string]bool) {
	t.Helper()
	expr, err := parser.ParseExpr(text)
	if err != nil {
		t.Errorf("%s: %v", where, err)
		return
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if s, ok := n.(*parser.VectorSelector); ok {
			if !names[s.Name] {
				t.Errorf("%s asks for %s, which is no metric", where, s.Name)
			}
			used[variant.ReplaceAllString(s.Name, "")] = true
		}
		return nil
	})
}

// The rules and the dashboard are read by Prometheus and Grafana: they must parse, and name what there is. What there
// is, the dashboard or a rule shows.
func TestRulesAndDashboard(t *testing.T) {
	t.Parallel()
	names, used := metricNames(t), map[string]bool{}
	text, err := os.ReadFile("../../packaging/prometheus/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal(text, &rules); err != nil || len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 10 {
		t.Fatalf("the rules: %v, %+v", err, rules)
	}
	var alerts []string
	for _, r := range rules.Groups[0].Rules {
		checkExpression(t, r.Alert, r.Expr, names, used)
		if r.Annotations["summary"] == "" || !slices.Contains([]string{"page", "ticket"}, r.Labels["severity"]) ||
			slices.Contains(alerts, r.Alert) {
			t.Errorf("%s says neither what is wrong nor how soon, or is there twice", r.Alert)
		}
		alerts = append(alerts, r.Alert)
	}
	if text, err = os.ReadFile("../../packaging/grafana/tijori.json"); err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &dashboard); err != nil || len(dashboard.Panels) < 20 {
		t.Fatalf("the dashboard: %v, %d panels", err, len(dashboard.Panels))
	}
	for _, p := range dashboard.Panels {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("panel %s shows nothing", p.Title)
		}
		for _, target := range p.Targets {
			checkExpression(t, p.Title, target.Expr, names, used)
		}
	}
	shownElsewhere := []string{
		"tijori_connection_waits_total", "tijori_connection_waits_given_up_total",
		"tijori_backup_log_stored_timestamp_seconds",
	}
	for name := range names {
		if names[name] && variant.ReplaceAllString(name, "") == name && name != "up" && !used[name] &&
			!slices.Contains(shownElsewhere, name) {
			t.Errorf("nobody looks at %s", name)
		}
	}
}

// A request counts once, where it belongs, and its id leads from the bucket to the access log.
func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	m := newRequestMetrics()
	for _, o := range []web.Observation{
		{Route: "GET /b/{business}", Status: 200, Verdict: accesslog.Allowed, Took: 2e8, RequestID: "abc"},
		{Route: "GET /b/{business}", Status: 404, Verdict: accesslog.NotFound},
		{Route: "POST /login", Status: 422, Verdict: accesslog.Denied},
		{Route: "POST /login", Status: 303, Verdict: accesslog.Allowed},
		{Route: "POST /api/credits/consume", Status: 402, Verdict: accesslog.Limited},
		{Route: "GET /b/{business}/export.csv", Status: 500, Verdict: accesslog.Failed},
	} {
		m.observe(o)
	}
	for what, c := range map[string]struct {
		got  float64
		want float64
	}{
		"allowed":            {testutil.ToFloat64(m.verdicts.WithLabelValues("allowed")), 2},
		"refused sign-ins":   {testutil.ToFloat64(m.signIns.WithLabelValues("refused")), 1},
		"sign-ins":           {testutil.ToFloat64(m.signIns.WithLabelValues("ok")), 1},
		"refused credits":    {testutil.ToFloat64(m.credits.WithLabelValues("refused")), 1},
		"files that failed":  {testutil.ToFloat64(m.exports.WithLabelValues("failed")), 1},
		"series of requests": {float64(testutil.CollectAndCount(m.seconds)), 6},
		"dashboards":         {float64(testutil.CollectAndCount(m.dashboard)), 1},
	} {
		if c.got != c.want {
			t.Errorf("%s: %v, want %v", what, c.got, c.want)
		}
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range families {
		for _, one := range f.GetMetric() {
			for _, b := range one.GetHistogram().GetBucket() {
				for _, l := range b.GetExemplar().GetLabel() {
					found = found || l.GetName() == "request_id" && l.GetValue() == "abc"
				}
			}
		}
	}
	if !found {
		t.Error("no bucket names the request")
	}
}

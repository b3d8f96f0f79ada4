package cli

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stateMetrics say what waits in the database. Whoever scrapes more often than every ten seconds gets the last answer.
type stateMetrics struct {
	a     *app
	descs map[string]*prometheus.Desc

	mu   sync.Mutex
	at   time.Time
	last []prometheus.Metric
}

const (
	stateFor   = 10 * time.Second
	stateLimit = 5 * time.Second
)

func newStateMetrics(a *app) *stateMetrics {
	m := &stateMetrics{a: a, descs: map[string]*prometheus.Desc{}}
	for _, d := range []struct {
		name, help string
		labels     []string
	}{
		{"tijori_queue_jobs", "How many jobs are in which state.", []string{"state"}},
		{"tijori_queue_oldest_seconds", "For how long the oldest job has been due.", nil},
		{"tijori_inbox_events", "How many events of a provider wait or need somebody.", []string{"provider", "state"}},
		{
			"tijori_inbox_oldest_seconds", "How long the oldest event that is not applied has waited.",
			[]string{"provider"},
		},
		{
			"tijori_inbox_last_event_timestamp_seconds", "When a provider sent its last event; 0 for never.",
			[]string{"provider"},
		},
		{"tijori_reconcile_findings", "What the last whole comparison with a provider found.", []string{
			"provider",
			"outcome",
		}},
		{"tijori_alerts", "How many alerts are raised, by who found them and why.", []string{"source", "kind"}},
		{"tijori_watch_behind_seconds", "How far the detector is behind the access log.", nil},
		{"tijori_dashboard_p95_seconds", "What 95 in 100 dashboards stayed below within the last hour, on all nodes.", nil},
		{"tijori_state_errors", "How many of these figures could not be read.", nil},
	} {
		m.descs[d.name] = prometheus.NewDesc(d.name, d.help, d.labels, nil)
	}
	return m
}

func (m *stateMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range m.descs {
		to <- d
	}
}

func (m *stateMetrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.at) > stateFor {
		m.read()
	}
	for _, one := range m.last {
		to <- one
	}
}

func (m *stateMetrics) gauge(name string, value float64, labels ...string) {
	m.last = append(m.last, prometheus.MustNewConstMetric(m.descs[name], prometheus.GaugeValue, value, labels...))
}

// read asks for each figure by itself: one that fails leaves the others.
func (m *stateMetrics) read() {
	ctx, cancel := context.WithTimeout(context.Background(), stateLimit)
	defer cancel()
	m.at, m.last = time.Now(), nil
	failed := 0
	for _, fn := range []func(context.Context) error{
		m.queue, m.inbox, m.reconcile, m.billingAlerts, m.watchAlerts, m.behind, m.reads,
	} {
		if err := fn(ctx); err != nil {
			failed++
			m.a.log.Warn("read a metric", "error", err)
		}
	}
	m.gauge("tijori_state_errors", float64(failed))
}

func (m *stateMetrics) queue(ctx context.Context) error {
	states, oldest, err := m.a.database.QueueState(ctx)
	if err != nil {
		return err
	}
	for _, s := range states {
		m.gauge("tijori_queue_jobs", float64(s.N), s.State)
	}
	m.gauge("tijori_queue_oldest_seconds", oldest.Seconds())
	return nil
}

func (m *stateMetrics) inbox(ctx context.Context) error {
	counts, err := m.a.billing.CountInbox(ctx)
	if err != nil {
		return err
	}
	ages, err := m.a.billing.InboxAges(ctx)
	if err != nil {
		return err
	}
	for _, c := range counts {
		if !m.a.billing.Sells(c.Provider) {
			continue
		}
		provider := string(c.Provider)
		for _, s := range []struct {
			state string
			n     int
		}{{"waiting", c.Waiting}, {"failing", c.Failing}, {"parked", c.Parked}, {"dead", c.Dead}, {
			"foreign",
			c.Foreign,
		}} {
			m.gauge("tijori_inbox_events", float64(s.n), provider, s.state)
		}
		m.gauge("tijori_inbox_oldest_seconds", ages[c.Provider].Seconds(), provider)
		last := 0.0
		if !c.Last.IsZero() {
			last = float64(c.Last.Unix())
		}
		m.gauge("tijori_inbox_last_event_timestamp_seconds", last, provider)
	}
	return nil
}

func (m *stateMetrics) reconcile(ctx context.Context) error {
	runs, err := m.a.billing.ListRuns(ctx, 40)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range runs {
		r := &runs[i]
		provider := string(r.Provider)
		if seen[provider] || r.State == "running" || r.AccountID != [16]byte{} || !m.a.billing.Sells(r.Provider) {
			continue
		}
		seen[provider] = true
		for _, o := range []struct {
			outcome string
			n       int
		}{{"different", r.Differ}, {"repaired", r.Repaired}, {"queued", r.Queued}, {"failed", r.Failed}} {
			m.gauge("tijori_reconcile_findings", float64(o.n), provider, o.outcome)
		}
	}
	return nil
}

func (m *stateMetrics) billingAlerts(ctx context.Context) error {
	list, err := m.a.billing.ListAlerts(ctx)
	if err != nil {
		return err
	}
	kinds := map[string]int{}
	for _, a := range list {
		if a.State == "raised" {
			kinds[a.Kind]++
		}
	}
	for kind, n := range kinds {
		m.gauge("tijori_alerts", float64(n), "payments", kind)
	}
	return nil
}

func (m *stateMetrics) watchAlerts(ctx context.Context) error {
	raised, err := m.a.watch.RaisedAlerts(ctx)
	for rule, n := range raised {
		m.gauge("tijori_alerts", float64(n), "watch", rule)
	}
	return err
}

func (m *stateMetrics) behind(ctx context.Context) error {
	behind, err := m.a.watch.Behind(ctx)
	if err == nil {
		m.gauge("tijori_watch_behind_seconds", behind.Seconds())
	}
	return err
}

func (m *stateMetrics) reads(ctx context.Context) error {
	p95, n, err := m.a.watch.Reads(ctx)
	if err == nil && n > 0 {
		m.gauge("tijori_dashboard_p95_seconds", p95.Seconds())
	}
	return err
}

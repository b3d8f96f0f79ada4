package cli

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tijorihq/tijori/internal/postgres"
)

// metrics tell what is in use, what was done, and what waits. docs/watch.md lists them; packaging/prometheus has the
// rules and packaging/grafana the dashboard that read them.
func (a *app) metrics() []prometheus.Collector {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	counter := func(name, help string, value func() int64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
			func() float64 { return float64(value()) })
	}
	out := []prometheus.Collector{
		gauge("tijori_files_making", "How many downloads are being made.", func() float64 {
			making, _ := a.web.FilesUnderWay()
			return float64(making)
		}),
		gauge("tijori_spool_reserved_bytes", "How much room files that leave or arrive have reserved.", func() float64 {
			_, reserved := a.web.FilesUnderWay()
			return float64(reserved)
		}),
		counter("tijori_inspected_answers_total", "How many answers were searched for ids of other accounts.",
			a.inspect.Looked),
		counter("tijori_uninspected_answers_total", "How many answers came too fast to be searched.", a.inspect.Missed),
		newPoolMetrics(a.database.DB), a.requests, newStateMetrics(a), a.certificateMetric(),
	}
	if a.access != nil {
		out = append(out,
			gauge("tijori_access_log_waiting", "How many records of the access log wait to be written.",
				func() float64 { return float64(a.access.Waiting()) }),
			counter("tijori_access_log_written_total", "How many records of the access log were written.",
				a.access.Written),
			counter("tijori_access_log_left_out_total",
				"How many refusals were only counted, because one caller had too many.", a.access.LeftOut),
			counter("tijori_access_log_lost_total", "How many records the access log lacks.", a.access.Lost))
	}
	return out
}

// poolMetrics say of each pool of connections how long the database took and how long requests waited.
type poolMetrics struct {
	db                                            *postgres.DB
	busy, most, trips, took, waits, waited, given *prometheus.Desc
}

func newPoolMetrics(db *postgres.DB) *poolMetrics {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{"pool"}, nil)
	}
	return &poolMetrics{
		db: db, busy: desc("tijori_connections_in_use", "How many connections of a pool are in use."),
		most:   desc("tijori_connections_max", "How many connections a pool may have."),
		trips:  desc("tijori_database_trips_total", "How often something was asked of the database."),
		took:   desc("tijori_database_seconds_total", "How long the database took to answer, in all."),
		waits:  desc("tijori_connection_waits_total", "How often a connection was waited for."),
		waited: desc("tijori_connection_wait_seconds_total", "How long connections were waited for, in all."),
		given:  desc("tijori_connection_waits_given_up_total", "How often nobody waited to the end."),
	}
}

func (m *poolMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.busy, m.most, m.trips, m.took, m.waits, m.waited, m.given} {
		to <- d
	}
}

func (m *poolMetrics) Collect(to chan<- prometheus.Metric) {
	for _, p := range m.db.Pools() {
		send := func(d *prometheus.Desc, kind prometheus.ValueType, value float64) {
			to <- prometheus.MustNewConstMetric(d, kind, value, p.Name)
		}
		send(m.busy, prometheus.GaugeValue, float64(p.Busy))
		send(m.most, prometheus.GaugeValue, float64(p.Most))
		send(m.trips, prometheus.CounterValue, float64(p.Trips))
		send(m.took, prometheus.CounterValue, p.Took.Seconds())
		send(m.waits, prometheus.CounterValue, float64(p.Waits))
		send(m.waited, prometheus.CounterValue, p.Waited.Seconds())
		send(m.given, prometheus.CounterValue, float64(p.Canceled))
	}
}

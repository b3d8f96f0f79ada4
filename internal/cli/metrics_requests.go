package cli

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	tijorimail "github.com/tijorihq/tijori/internal/mail"
	"github.com/tijorihq/tijori/internal/watch/detect"
	"github.com/tijorihq/tijori/internal/web"
)

// requestMetrics count requests where they end.
type requestMetrics struct {
	routes    map[string]detect.Route
	seconds   *prometheus.HistogramVec // by route pattern and status
	dashboard prometheus.Histogram     // of every node's dashboard, whatever the route's pattern
	verdicts  *prometheus.CounterVec
	signIns   *prometheus.CounterVec
	credits   *prometheus.CounterVec
	exports   *prometheus.CounterVec
	mails     *prometheus.CounterVec
}

func newRequestMetrics() *requestMetrics {
	counter := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	m := &requestMetrics{
		routes: web.Watched(),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "tijori_request_seconds", Help: "How long requests took, by the pattern of the route and the status.",
			Buckets: []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 10, 30},
		}, []string{"route", "status"}),
		dashboard: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tijori_dashboard_seconds", Help: "How long the list of parties took, which people open first.",
			Buckets: []float64{0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 3},
		}),
		verdicts: counter("tijori_requests_total", "How many requests came to which end.", "verdict"),
		signIns:  counter("tijori_sign_ins_total", "How many tried to sign in by password.", "outcome"),
		credits:  counter("tijori_credit_requests_total", "How many programs asked to spend credits.", "outcome"),
		exports:  counter("tijori_exports_total", "How many files of accounts were asked for.", "outcome"),
		mails:    counter("tijori_mails_total", "How many mails were handed to the mail server.", "outcome"),
	}
	for _, v := range []string{"allowed", "denied", "not_found", "limited", "failed"} { // so that a first one is a rise
		m.verdicts.WithLabelValues(v)
	}
	for _, c := range []*prometheus.CounterVec{m.signIns, m.credits, m.exports, m.mails} {
		c.WithLabelValues("ok")
		c.WithLabelValues("refused")
		c.WithLabelValues("failed")
	}
	return m
}

func (m *requestMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.seconds, m.dashboard, m.verdicts, m.signIns, m.credits, m.exports, m.mails}
}

func (m *requestMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, c := range m.all() {
		c.Describe(to)
	}
}

func (m *requestMetrics) Collect(to chan<- prometheus.Metric) {
	for _, c := range m.all() {
		c.Collect(to)
	}
}

// observe takes a request. Its id is the exemplar: it leads from a slow bucket to the row of the access log.
func (m *requestMetrics) observe(o web.Observation) {
	took, id := o.Took.Seconds(), prometheus.Labels{"request_id": o.RequestID}
	m.verdicts.WithLabelValues(string(o.Verdict)).Inc()
	observe(m.seconds.WithLabelValues(o.Route, strconv.Itoa(o.Status)), took, id)
	outcome := "ok"
	switch {
	case o.Verdict == "failed":
		outcome = "failed"
	case o.Verdict != "allowed":
		outcome = "refused"
	}
	switch m.routes[o.Route].Kind {
	case detect.Dashboard:
		if o.Verdict == "allowed" {
			observe(m.dashboard, took, id)
		}
	case detect.SignIn:
		m.signIns.WithLabelValues(outcome).Inc()
	case detect.Spend:
		m.credits.WithLabelValues(outcome).Inc()
	case detect.Export:
		m.exports.WithLabelValues(outcome).Inc()
	}
}

func observe(o prometheus.Observer, value float64, exemplar prometheus.Labels) {
	if e, ok := o.(prometheus.ExemplarObserver); ok {
		e.ObserveWithExemplar(value, exemplar)
		return
	}
	o.Observe(value)
}

// A countedSender counts what is mailed.
type countedSender struct {
	tijorimail.Sender
	mails *prometheus.CounterVec
}

func (s countedSender) Send(ctx context.Context, m tijorimail.Message) error {
	err := s.Sender.Send(ctx, m)
	outcome := "ok"
	if err != nil {
		outcome = "failed"
	}
	s.mails.WithLabelValues(outcome).Inc()
	return err
}

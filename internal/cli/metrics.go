package cli

import (
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics tell how much of what is scarce is in use.
func (a *app) metrics() []prometheus.Collector {
	gauge := func(name, help string, labels prometheus.Labels, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value)
	}
	out := []prometheus.Collector{
		gauge("tijori_files_making", "How many downloads are being made.", nil, func() float64 {
			making, _ := a.web.FilesUnderWay()
			return float64(making)
		}),
		gauge("tijori_spool_reserved_bytes", "How much room files that leave or arrive have reserved.", nil,
			func() float64 {
				_, reserved := a.web.FilesUnderWay()
				return float64(reserved)
			}),
	}
	for name, pool := range map[string]*pgxpool.Pool{
		"requests": a.database.App, "long": a.database.Long, "sign-in": a.database.Auth, "links": a.database.Links,
		"billing": a.database.Billing, "inbox": a.database.Inbox, "jobs": a.database.Jobs,
	} {
		labels := prometheus.Labels{"pool": name}
		out = append(out,
			gauge("tijori_connections_in_use", "How many connections of a pool are in use.", labels,
				func() float64 { return float64(pool.Stat().AcquiredConns()) }),
			gauge("tijori_connections_max", "How many connections a pool may have.", labels,
				func() float64 { return float64(pool.Stat().MaxConns()) }))
	}
	return out
}

package bench

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

type storeLine struct {
	senders   int
	perSecond float64
	took      []time.Duration
}

// A webhookReport is what RunWebhooks found.
type webhookReport struct {
	store               []storeLine
	storm               []time.Duration
	stormSeconds        float64
	lost, doubled       int
	apply, drainSeconds float64
	backlog, rest       int
	rss                 int64
}

func quantile(took []time.Duration, share float64) time.Duration {
	s := sample{latencies: slices.Clone(took)}
	return s.percentile(share)
}

func (w *webhookReport) write(out io.Writer, machine string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", machine)
	best, p99 := 0.0, time.Duration(0)
	for _, clients := range []int{senders, 32} {
		var rates []float64
		var took []time.Duration
		for _, l := range w.store {
			if l.senders == clients {
				rates, took = append(rates, l.perSecond), append(took, l.took...)
			}
		}
		slices.Sort(rates)
		rate := rates[len(rates)/2]
		best = max(best, rate)
		if clients == senders {
			p99 = quantile(took, 0.99)
		}
		fmt.Fprintf(&b, "store, %2d senders   %6.0f a second   p50 %s ms   p99 %s ms\n",
			clients, rate, ms(quantile(took, 0.5)), ms(quantile(took, 0.99)))
	}
	fmt.Fprintf(&b, "storm with kills    %6.0f acknowledged in %.1f s   p99 %s ms   %d lost, %d doubled\n",
		float64(len(w.storm)), w.stormSeconds, ms(quantile(w.storm, 0.99)), w.lost, w.doubled)
	fmt.Fprintf(&b, "apply, one by one   %6.0f a second\n", w.apply)
	fmt.Fprintf(&b, "backlog of %d: the last %d, several of each subscription, in %.1f s\n\n",
		w.backlog, w.rest, w.drainSeconds)
	for _, f := range []struct {
		name  string
		value float64
		unit  string
	}{
		{"webhook_store_per_second", best, "1/s"},
		{"webhook_ack_p99", float64(p99) / float64(time.Millisecond), "ms"},
		{"webhook_storm_ack_p99", float64(quantile(w.storm, 0.99)) / float64(time.Millisecond), "ms"},
		{"webhook_storm_lost", float64(w.lost), "events"},
		{"webhook_storm_doubled", float64(w.doubled), "events"},
		{"webhook_apply_per_second", w.apply, "1/s"},
		{"webhook_backlog_seconds", w.drainSeconds, "s"},
		{"webhook_backlog_rss", float64(w.rss) / 1e6, "MB"},
	} {
		fmt.Fprintf(&b, "figure %s %.2f %s\n", f.name, f.value, f.unit)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

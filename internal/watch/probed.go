package watch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/watch/detect"
	"github.com/tijorihq/tijori/internal/watch/probe"
)

// Probed keeps what probers found as alerts: raised while something fails, over when it works again. What a canary saw
// of another stays raised, however the next look goes.
func (s *Service) Probed(ctx context.Context, changes []probe.Change) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, c := range changes {
			for _, a := range ProbeAlerts(c) {
				if err := raise(ctx, tx, a); err != nil {
					return err
				}
			}
			if !c.Up {
				continue
			}
			if err := end(ctx, tx, detect.Down, c.Name, c.At); err != nil {
				return err
			}
		}
		return nil
	})
}

// Probes is what probers have found lately.
func (s *Service) Probes(ctx context.Context) (*probe.History, error) {
	return probe.NewDatabase(s.pool).History(ctx, time.Now())
}

// ProbeAlerts are the alerts that a change raises.
func ProbeAlerts(c probe.Change) (out []detect.Alert) {
	if c.Down {
		out = append(out, detect.Alert{
			Rule: detect.Down, Subject: c.Name, Since: c.Since, At: c.At, Count: 1,
			Text: fmt.Sprintf("%s fails seen from outside: %s", c.Title, c.Detail),
		})
	}
	if len(c.Seen) > 0 {
		out = append(out, detect.Alert{
			Rule: detect.Sighting, Subject: c.Name, Since: c.At, At: c.At, Count: len(c.Seen),
			Text: strings.Join(c.Seen, "; "),
		})
	}
	return out
}

// end says that an alert is over, if it is raised.
func end(ctx context.Context, tx pgx.Tx, rule detect.Rule, subject string, at time.Time) error {
	_, err := tx.Exec(ctx, `
		update watch_alerts set state = 'over', muted_at = null, muted_until = null, last_at = greatest(last_at, $3)
		 where rule = $1 and subject = $2 and state = 'raised'`, string(rule), subject, at)
	if err != nil {
		return fmt.Errorf("end %s: %w", rule, err)
	}
	return nil
}

// ProberSilent is how long a prober may keep nothing before it is taken for silent.
const ProberSilent = 15 * time.Minute

// proberForgets is how long one is silent until it is taken for switched off.
const proberForgets = 7 * 24 * time.Hour

// LookAfterProbers raises an alert for each prober that has kept nothing for a while, and ends it when the prober is
// back. It is a loop's body.
func (s *Service) LookAfterProbers(ctx context.Context) (int, error) {
	now := time.Now()
	return 0, pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `select location, max(checked_at) from probe_lines group by location order by location`)
		if err != nil {
			return err
		}
		type prober struct {
			location string
			newest   time.Time
		}
		list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p prober, err error) {
			return p, row.Scan(&p.location, &p.newest)
		})
		if err != nil {
			return err
		}
		for _, p := range list {
			silent := now.Sub(p.newest)
			if silent <= ProberSilent || silent > proberForgets {
				err = end(ctx, tx, detect.Unprobed, p.location, now)
			} else {
				err = raise(ctx, tx, detect.Alert{
					Rule: detect.Unprobed, Subject: p.location, Since: p.newest, At: now, Count: 1,
					Text: fmt.Sprintf("the prober at %s has kept nothing since %s UTC", p.location,
						p.newest.UTC().Format("2006-01-02 15:04")),
				})
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

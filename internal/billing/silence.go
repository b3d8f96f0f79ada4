package billing

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// silence says whether no event has come for longer than usual. A provider that sends often has a rhythm of the week,
// and is silent when far more than nothing should have come; see silentInRhythm. One that sends seldom is silent after
// twice the longest pause of an ordinary day, and six hours at least. Ordinary is the middle
// one of the days with events, so that one outage, however long, does not set the
// bar. Without a history there is no usual.
func (s *Service) silence(ctx context.Context, c InboxCount) (int, string, error) {
	now := s.clock.Now()
	var n int
	var usual *float64
	var live bool
	err := s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		return tx.QueryRow(ctx, `
			select coalesce(sum(n), 0)::int, percentile_disc(0.5) within group (order by longest),
			       exists (select 1 from subscriptions s where s.connection_id = $1 and s.status in ('active',
			           'trialing', 'past_due')
			           limit 1)
			  from (select count(*) as n, max(extract(epoch from pause)::float8) as longest
			          from (select received_at, received_at - lag(received_at) over (order by received_at) as pause
			                  from (select received_at from inbox where connection_id = $1 order by received_at desc
			                      limit 2000) newest) pauses
			         group by date_trunc('day', received_at at time zone 'UTC')) days`, c.Provider).Scan(&n, &usual, &live)
	})
	if err != nil || n < 20 || usual == nil || !live {
		return 0, "", err
	}
	decides, text, err := s.silentInRhythm(ctx, c)
	switch {
	case err != nil:
		return 0, "", err
	case decides && text == "":
		return 0, "", nil
	case decides:
		return 1, text, nil
	}
	pause := time.Duration(*usual * float64(time.Second)) // a number of seconds, no money
	if now.Sub(c.Last) <= max(2*pause, 6*time.Hour) {
		return 0, "", nil
	}
	return 1, fmt.Sprintf("no event since %s; the longest pause of an ordinary day is %s", moment(c.Last),
		pause.Round(time.Minute)), nil
}

// rhythmLeast is how many events within four weeks make a rhythm.
const rhythmLeast = 250

// silentInRhythm compares the time since the last event with what came at these hours of the week before. It decides
// nothing about a provider that sends seldom, or whose events go back for less than a fortnight. The text is "" while
// events come.
func (s *Service) silentInRhythm(ctx context.Context, c InboxCount) (decides bool, text string, err error) {
	end := c.Last.Truncate(time.Hour)
	since := end.Add(-28 * 24 * time.Hour)
	hours := make([]int, 28*24)
	total, first := 0, len(hours)
	err = s.db.AsBilling(ctx, s.work, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			select (extract(epoch from received_at - $2) / 3600)::int, count(*)::int
			  from (select date_trunc('hour', received_at) as received_at from inbox
			         where connection_id = $1 and received_at >= $2 and received_at < $3) i
			 group by 1 order by 1`, c.Provider, since, end)
		if err != nil {
			return err
		}
		var hour, n int
		_, err = pgx.ForEachRow(rows, []any{&hour, &n}, func() error {
			if hour >= 0 && hour < len(hours) {
				hours[hour], total, first = n, total+n, min(first, hour)
			}
			return nil
		})
		return err
	})
	if err != nil || total < rhythmLeast || first > 14*24 {
		return false, "", err
	}
	rhythm := detect.NewRhythm(hours[first:], end)
	if now := s.clock.Now(); rhythm.Silent(c.Last, now) {
		text = fmt.Sprintf("no event since %s, where usually %.0f would have come", moment(c.Last),
			rhythm.Missing(c.Last, now))
	}
	return true, text, nil
}

package simulate

import (
	"fmt"
	"slices"
	"time"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// Config says how much is played.
type Config struct {
	Accounts int
	Weeks    int // that are judged
	Warm     int // weeks before them, in which the detector learns and nobody attacks
	Attacks  int // of each kind and week
	Seed     uint64
	Progress func(day, days int)
}

// A Count is what became of the attacks of one kind.
type Count struct {
	Kind           string
	Planted, Found int
	Middle         time.Duration // from the first request of an attack to its alert, in the middle
}

// A Result is what a detector was worth.
type Result struct {
	Records, Planted, Found int
	Kinds                   []Count
	False                   []detect.Alert // about nothing that was planted
	Weeks, Accounts         int
}

// Detection is the share of attacks that were found, in percent.
func (r *Result) Detection() float64 { return 100 * float64(r.Found) / float64(max(1, r.Planted)) }

// FalsePerWeek is how many false alarms a week brings for 10,000 accounts.
func (r *Result) FalsePerWeek() float64 {
	return float64(len(r.False)) / float64(r.Weeks) * 10_000 / float64(r.Accounts)
}

// Run plays the weeks and judges the detector. The same seed plays the same.
func Run(c Config) Result {
	start := time.Date(2027, 1, 4, 0, 0, 0, 0, india)
	w := newWorld(c.Seed, c.Accounts, start)
	cal := w.calendar()
	d := detect.New(Routes())
	result := Result{Weeks: c.Weeks, Accounts: c.Accounts}
	var planted []*attack
	byMark := map[string]*attack{}
	taken := make([]int, len(plans)) // the day on which a plan was last carried out
	for i := range taken {
		taken[i] = -2
	}
	var late []detect.Event // of attacks, on the days after they began
	days := 7 * (c.Warm + c.Weeks)
	for n := range days {
		day := start.AddDate(0, 0, n)
		events := append(w.ordinary(cal, day), late...)
		late = nil
		if n >= 7*c.Warm && n < days-1 { // an attack that begins on the last day might have no time to be found
			for i := range plans {
				p := &plans[i]
				if p.alone && taken[i] > n-2 { // one that all see would hide the other
					continue
				}
				for range w.poisson(float64(c.Attacks) / 7) {
					at := day.Add(time.Duration(w.r.Float64() * float64(24*time.Hour)))
					mark := fmt.Sprint("attack ", len(planted))
					a := p.plant(w, at, func(e detect.Event) {
						e.RequestID = mark
						events = append(events, e)
					})
					a.kind, a.found = p.kind, -1
					planted = append(planted, &a)
					byMark[mark] = &a
					if taken[i] = n; p.alone {
						break
					}
				}
			}
		}
		next := day.AddDate(0, 0, 1)
		events = slices.DeleteFunc(events, func(e detect.Event) bool {
			if e.At.Before(next) || n == days-1 {
				return false
			}
			late = append(late, e)
			return true
		})
		slow(events, planted)
		order := make([]int, len(events))
		for i := range order {
			order[i] = i
		}
		slices.SortFunc(order, func(a, b int) int { return events[a].At.Compare(events[b].At) })
		for _, i := range order {
			e := events[i]
			result.Records++
			for _, alert := range d.Feed(e) {
				own := byMark[e.RequestID] // whose record raised it
				if n < 7*c.Warm || credit(planted, own, alert) {
					continue
				}
				result.False = append(result.False, alert)
			}
		}
		if c.Progress != nil {
			c.Progress(n+1, days)
		}
	}
	result.count(planted)
	return result
}

// slow makes the dashboards of a time slow, when that was planted.
func slow(events []detect.Event, planted []*attack) {
	for _, a := range planted {
		if a.slower == 0 {
			continue
		}
		for i := range events {
			e := &events[i]
			if e.Route == toDashboard && !e.At.Before(a.from) && e.At.Before(a.until) {
				e.Took = time.Duration(float64(e.Took) * a.slower)
			}
		}
	}
}

// credit gives an alert to the attacks that it is about, and reports whether there is one: that whose record raised it,
// and those of the rule and the subject at the time.
func credit(planted []*attack, own *attack, alert detect.Alert) bool {
	any := false
	for _, a := range planted {
		about := a.rule == alert.Rule && (a.subject == "" || a.subject == alert.Subject) &&
			!alert.At.Before(a.from) && !alert.At.After(a.until.Add(time.Hour))
		if !about && a != own {
			continue
		}
		any = true
		if a.found < 0 {
			a.found = alert.At.Sub(a.from)
		}
	}
	return any
}

func (r *Result) count(planted []*attack) {
	for _, p := range plans {
		c := Count{Kind: p.kind}
		var took []time.Duration
		for _, a := range planted {
			if a.kind != p.kind {
				continue
			}
			c.Planted++
			if a.found >= 0 {
				c.Found++
				took = append(took, a.found)
			}
		}
		if slices.Sort(took); len(took) > 0 {
			c.Middle = took[len(took)/2]
		}
		r.Planted, r.Found = r.Planted+c.Planted, r.Found+c.Found
		r.Kinds = append(r.Kinds, c)
	}
}

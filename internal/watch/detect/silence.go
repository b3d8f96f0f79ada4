package detect

import "time"

const (
	rhythmWeeks  = 4
	silentBelow  = 14.0 // events that should have come: by chance one silence in a million is that long
	rhythmEvents = 20   // without that many there is no rhythm
)

// A Rhythm is how many events usually come in each hour of the week.
type Rhythm struct {
	usual [7 * 24]float64
	total int
}

// NewRhythm takes the numbers of events by the hour, the newest last, which ends at end. It reads up to four weeks.
// Usual is the smaller of the mean and twice the middle one of the weeks, so that neither an outage nor a festival sets
// it.
func NewRhythm(hours []int, end time.Time) Rhythm {
	var r Rhythm
	if over := len(hours) - rhythmWeeks*7*24; over > 0 {
		hours = hours[over:]
	}
	first := end.Truncate(time.Hour).Add(-time.Duration(len(hours)) * time.Hour)
	var of [7 * 24][]int
	for i, n := range hours {
		at := hourOfWeek(first.Add(time.Duration(i) * time.Hour))
		of[at] = append(of[at], n)
		r.total += n
	}
	for at, counts := range of {
		if len(counts) == 0 {
			continue
		}
		// the hours beside it say as much: one alone has too few
		var near []int
		for _, by := range []int{-1, 0, 1} {
			near = append(near, of[(at+by+7*24)%(7*24)]...)
		}
		sum := 0
		for _, n := range near {
			sum += n
		}
		mean := float64(sum) / float64(len(near)) // events an hour, no money
		r.usual[at] = min(mean, 2*middle(near)+0.5)
	}
	return r
}

func hourOfWeek(at time.Time) int { return int(at.Unix()/3600) % (7 * 24) }

func middle(counts []int) float64 {
	sorted := append([]int(nil), counts...)
	for i := range sorted { // a dozen at most
		for j := i; j > 0 && sorted[j] < sorted[j-1]; j-- {
			sorted[j], sorted[j-1] = sorted[j-1], sorted[j]
		}
	}
	return float64(sorted[len(sorted)/2])
}

// Missing is how many events should have come since the last one.
func (r *Rhythm) Missing(last, now time.Time) float64 {
	missing := 0.0
	for at := last; at.Before(now); {
		next := at.Truncate(time.Hour).Add(time.Hour)
		if next.After(now) {
			next = now
		}
		missing += r.usual[hourOfWeek(at)] * next.Sub(at).Hours()
		at = next
	}
	return missing
}

// Silent reports whether nothing has come for longer than the rhythm explains.
func (r *Rhythm) Silent(last, now time.Time) bool {
	return r.total >= rhythmEvents && r.Missing(last, now) >= silentBelow
}

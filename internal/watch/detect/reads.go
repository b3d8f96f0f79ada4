package detect

import (
	"fmt"
	"time"
)

// SlowRead is what 95 in 100 dashboards are promised to stay below.
const SlowRead = 300 * time.Millisecond

const (
	readsWithin = 10 // minutes
	readsLeast  = 60 // before which nothing is said
)

// reads counts dashboards by the minute.
type reads struct {
	minute    int64 // since 1970, of the newest
	all, slow [readsWithin]int
}

// read looks at how long dashboards take: 95 in 100 within ten minutes, and not by fewer than five minutes of them.
func (d *Detector) read(route Route, e *Event) {
	if route.Kind != Dashboard || e.Verdict != allowed {
		return
	}
	r := &d.reads
	minute := e.At.Unix() / 60
	for n := 0; r.minute < minute; n++ {
		if n == readsWithin {
			r.minute = minute
			break
		}
		r.minute++
		r.all[r.minute%readsWithin], r.slow[r.minute%readsWithin] = 0, 0
	}
	r.all[r.minute%readsWithin]++
	if e.Took <= SlowRead {
		return
	}
	r.slow[r.minute%readsWithin]++
	all, slow, minutes := 0, 0, 0
	for i := range r.all {
		all, slow = all+r.all[i], slow+r.slow[i]
		if 20*r.slow[i] > r.all[i] {
			minutes++
		}
	}
	if all >= readsLeast && 20*slow > all && minutes >= 5 {
		d.raise(Alert{
			Rule: Slow, Since: e.At.Add(-readsWithin * time.Minute), Count: slow,
			Text: fmt.Sprintf("%d of %d dashboards took longer than %s within ten minutes", slow, all, SlowRead),
		}, e)
	}
}

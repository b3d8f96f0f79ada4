package detect

import (
	"fmt"
	"time"
)

// Sign-ins. Thousands share an address behind a carrier, so an address is judged by how many of its names get in: of
// people, most do. Of a list of stolen passwords, one in a hundred.
const (
	stormNames     = 15               // names from one address that fail, within stormWithin
	stormSlowNames = 40               // the same within an hour
	stormWithin    = 10 * time.Minute //
	stormFailures  = 3                // failures for each success, at least

	guessAddresses = 6  // addresses from which one name fails within an hour
	guessFailures  = 12 // failures beside that many addresses
	guessTries     = 30 // failures of one name within an hour, from wherever

	allWithin  = 30 * time.Minute // over all addresses
	allLeast   = 40               // failures
	allTimes   = 3                // the usual number of them
	allMore    = 15               // and that many beside
	allPerGood = 2                // failures for each success
)

type signIns struct {
	byAddress, byName map[string]*window
	slots             []slot // of half an hour each, the oldest first
}

// A slot counts half an hour over all addresses.
type slot struct {
	from         time.Time
	failed, good int
}

func newSignIns() signIns {
	return signIns{byAddress: map[string]*window{}, byName: map[string]*window{}}
}

func windowOf(m map[string]*window, name string) *window {
	w := m[name]
	if w == nil {
		w = &window{}
		m[name] = w
	}
	return w
}

func (s *signIns) sweep(now time.Time) {
	for _, m := range []map[string]*window{s.byAddress, s.byName} {
		for name, w := range m {
			if w.trim(now.Add(-time.Hour)); len(w.list) == 0 {
				delete(m, name)
			}
		}
	}
	for len(s.slots) > 0 && now.Sub(s.slots[0].from) > 14*day {
		s.slots = s.slots[1:]
	}
}

func failed(m *mark) bool { return m.denied }

func (d *Detector) signIn(route Route, e *Event) {
	if route.Kind != SignIn || e.Verdict != allowed && e.Verdict != denied && e.Verdict != limited {
		return
	}
	s := &d.signIns
	bad := e.Verdict != allowed
	m := mark{at: e.At, what: e.Object, denied: bad, request: e.RequestID}
	place := windowOf(s.byAddress, e.Address)
	place.add(m)
	now := s.slot(e.At)
	if !bad {
		now.good++
		return
	}
	now.failed++
	for _, rule := range []struct {
		within time.Duration
		names  int
	}{{stormWithin, stormNames}, {time.Hour, stormSlowNames}} {
		since := e.At.Add(-rule.within)
		t := place.count(since, failed)
		good := place.count(since, func(m *mark) bool { return !m.denied }).all
		if t.distinct >= rule.names && t.all >= stormFailures*good {
			d.raise(Alert{
				Rule: Storm, Subject: e.Address, Since: t.since, Count: t.distinct, Requests: t.requests,
				Text: fmt.Sprintf("%d names from one address could not sign in, %d times someone did", t.distinct, good),
			}, e)
			break
		}
	}
	d.guess(s, e)
	if usual := s.usual(); now.failed >= max(allLeast, allTimes*usual+allMore) && now.failed >= allPerGood*now.good {
		d.raise(Alert{
			Rule: Storm, Since: now.from, Count: now.failed,
			Text: fmt.Sprintf("%d sign-ins failed within half an hour, usual are %d", now.failed, usual),
		}, e)
	}
}

// guess looks at one name over all addresses.
func (d *Detector) guess(s *signIns, e *Event) {
	if e.Object == "" {
		return
	}
	w := windowOf(s.byName, e.Object)
	w.add(mark{at: e.At, what: e.Address, denied: true, request: e.RequestID})
	t := w.count(e.At.Add(-time.Hour), failed)
	if t.distinct >= guessAddresses && t.all >= guessFailures || t.all >= guessTries {
		d.raise(Alert{
			Rule: Guessing, Subject: e.Object, Since: t.since, Count: t.all, Requests: t.requests,
			Text: fmt.Sprintf("somebody failed %d times to sign in by one name, from %d addresses", t.all, t.distinct),
		}, e)
	}
}

// slot is that of a time, which only grows.
func (s *signIns) slot(at time.Time) *slot {
	from := at.Truncate(allWithin)
	if n := len(s.slots); n == 0 || s.slots[n-1].from.Before(from) {
		s.slots = append(s.slots, slot{from: from})
	}
	return &s.slots[len(s.slots)-1]
}

// usual is how many fail in a busy half hour: of those of a fortnight, what nine in ten stay below.
func (s *signIns) usual() int {
	var counts [64]int
	n := 0
	for _, one := range s.slots[:len(s.slots)-1] {
		counts[min(one.failed, len(counts)-1)]++
		n++
	}
	if n < 48 { // of a day
		return 0
	}
	for at, seen := 0, 0; at < len(counts); at++ {
		if seen += counts[at]; 10*seen >= 9*n {
			return at
		}
	}
	return len(counts)
}

package detect

import "time"

const day = 24 * time.Hour

// maxWindow bounds how much is remembered of one subject. Every rule has decided long before.
const maxWindow = 512

// A mark is one thing that happened.
type mark struct {
	at      time.Time
	what    string
	foreign bool
	denied  bool
	request string
}

// A window remembers the latest marks of one subject, in order of time.
type window struct{ list []mark }

func (w *window) add(m mark) {
	if len(w.list) >= maxWindow {
		w.list = append(w.list[:0], w.list[maxWindow/4:]...)
	}
	w.list = append(w.list, m)
}

// trim forgets what is older than since.
func (w *window) trim(since time.Time) {
	n := 0
	for n < len(w.list) && w.list[n].at.Before(since) {
		n++
	}
	if n > 0 {
		w.list = append(w.list[:0], w.list[n:]...)
	}
}

// A tally is what counts of a window.
type tally struct {
	all, distinct int
	since         time.Time
	requests      []string // some of the latest
}

// count counts the marks since a time that fit.
func (w *window) count(since time.Time, fits func(*mark) bool) tally {
	var t tally
	seen := map[string]bool{}
	for i := range w.list {
		m := &w.list[i]
		if m.at.Before(since) || !fits(m) {
			continue
		}
		if t.all == 0 {
			t.since = m.at
		}
		t.all++
		seen[m.what] = true
		if m.request != "" {
			if len(t.requests) >= 10 {
				t.requests = t.requests[1:]
			}
			t.requests = append(t.requests, m.request)
		}
	}
	t.distinct = len(seen)
	return t
}

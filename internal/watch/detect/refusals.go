package detect

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// A caller who tries what is not theirs. A link that a friend sent is one foreign business, perhaps two; nobody comes
// upon five by chance. Within one's own business entries are deleted while others look at them, and an undone import
// leaves dozens of dead links.
var walks = []struct {
	within   time.Duration
	foreign  bool
	distinct int
}{
	{time.Hour, true, 5},
	{day, true, 12},
	{30 * time.Minute, false, 40},
	{day, false, 120},
}

// A caller who is refused in many places. A program or a page that repeats itself is refused in one.
const (
	denialsWithin = 10 * time.Minute
	denialsAll    = 20
	denialsPlaces = 12
)

// refuse looks at what a caller was refused.
func (d *Detector) refuse(route Route, e *Event) {
	who := e.actor()
	if who == uuid.Nil || route.Kind == SignIn || e.Verdict != denied && e.Verdict != notFound {
		return
	}
	w := d.refusals[who]
	if w == nil {
		w = &window{}
		d.refusals[who] = w
	}
	m := mark{at: e.At, what: e.Object, denied: e.Verdict == denied, request: e.RequestID}
	if e.Business != uuid.Nil && !d.known[who][e.Business] {
		m.foreign, m.what = true, e.Business.String()+" "+e.Object
	}
	if m.denied {
		m.what = e.Route + " " + e.Object
	}
	w.add(m)
	w.trim(e.At.Add(-day))
	if e.Verdict == notFound {
		for _, rule := range walks {
			if m.what == "" || rule.foreign != m.foreign {
				continue
			}
			t := w.count(e.At.Add(-rule.within), func(m *mark) bool {
				return !m.denied && m.foreign == rule.foreign && m.what != ""
			})
			if t.distinct >= rule.distinct {
				d.raise(Alert{
					Rule: Walking, Subject: who.String(), Account: e.Account, Since: t.since, Count: t.distinct,
					Requests: t.requests,
					Text:     fmt.Sprintf("one caller asked for %d ids that are not there for them", t.distinct),
				}, e)
				return
			}
		}
		return
	}
	t := w.count(e.At.Add(-denialsWithin), func(m *mark) bool { return m.denied })
	if t.all >= denialsAll && t.distinct >= denialsPlaces {
		d.raise(Alert{
			Rule: Denials, Subject: who.String(), Account: e.Account, Since: t.since, Count: t.all,
			Requests: t.requests,
			Text:     fmt.Sprintf("one caller was refused %d times, in %d places", t.all, t.distinct),
		}, e)
	}
}

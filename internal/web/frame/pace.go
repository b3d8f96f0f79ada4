package frame

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// A Pace is how long this node took for its latest answers of one sort, up to paceMost of the last hour.
type Pace struct {
	mu   sync.Mutex
	ring []paced
	next int
}

type paced struct {
	at   time.Time
	took time.Duration
}

const (
	paceMost = 4096
	paceSpan = time.Hour
)

func (p *Pace) add(at time.Time, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.ring) < paceMost {
		p.ring = append(p.ring, paced{at, took})
		return
	}
	p.ring[p.next] = paced{at, took}
	p.next = (p.next + 1) % paceMost
}

// Percentile is the time within which so many of a hundred answers of the last hour were made, and of how many answers
// that is said. It is 0 without any.
func (p *Pace) Percentile(percent int, now time.Time) (took time.Duration, of int) {
	p.mu.Lock()
	var all []time.Duration
	for _, one := range p.ring {
		if now.Sub(one.at) < paceSpan {
			all = append(all, one.took)
		}
	}
	p.mu.Unlock()
	if len(all) == 0 {
		return 0, 0
	}
	slices.Sort(all)
	return all[(len(all)*percent+99)/100-1], len(all)
}

// paceOf is where the time of a route's answers goes: pages that users read, and pages that operators read. Files, forms
// that are sent, and what a program or a stranger asks count in neither.
func (f *Frame) paceOf(rt *Route) *Pace {
	if !strings.HasPrefix(rt.Pattern, http.MethodGet+" ") || rt.Limit != nil {
		return nil
	}
	switch rt.Access {
	case Anyone, Program:
		return nil
	case Operator:
		return &f.OperatorReads
	}
	return &f.Reads
}

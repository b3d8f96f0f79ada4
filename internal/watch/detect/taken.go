package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
)

// historyDays is how far an account's own past reaches: a month's end and the one before.
const historyDays = 35

// A spike is more within an hour than the account ever took.
var spikes = map[Kind]struct {
	rule  Rule
	floor int  // never below that many in an hour
	each  int  // and that many for each business that the account works in
	times int  // the largest hour of its past
	usual bool // compared with three days in four, and only twice the largest hour: a batch runs once a week
	young int  // floor of an account that is known for less than a week
	what  string
}{
	Export:  {Exports, 40, 4, 3, false, 120, "files"},
	Invoice: {Invoices, 40, 0, 3, false, 40, "invoices"},
	Spend:   {Spending, 400, 0, 6, true, 3000, "requests for credits"},
}

// An account remembers what it took.
type account struct {
	first, last time.Time
	businesses  map[uuid.UUID]bool
	of          map[Kind]*taking
}

// A taking is one kind of thing: the last hour, and the largest hour of each day.
type taking struct {
	hour    []time.Time
	largest [historyDays]int
	day     int // days since 1970 of the newest of them
}

func (a *account) taking(k Kind) *taking {
	t := a.of[k]
	if t == nil {
		t = &taking{}
		a.of[k] = t
	}
	return t
}

func dayOf(at time.Time) int { return int(at.Unix() / 86400) }

// turn makes room for the days up to one.
func (t *taking) turn(to int) {
	if t.day == 0 || to-t.day > historyDays {
		clear(t.largest[:])
		t.day = to
	}
	for t.day < to {
		t.day++
		t.largest[t.day%historyDays] = 0
	}
}

// past is the largest hour of the days before the newest.
func (t *taking) past() int {
	most := 0
	for i, n := range t.largest {
		if i != t.day%historyDays {
			most = max(most, n)
		}
	}
	return most
}

// usual is the largest hour that three days in four stay below, of the days since the first.
func (t *taking) usual(first int) int {
	days := make([]int, 0, historyDays)
	for n := max(first, t.day-historyDays+1); n < t.day; n++ {
		days = append(days, t.largest[n%historyDays])
	}
	if len(days) == 0 {
		return 0
	}
	slices.Sort(days)
	return days[len(days)*3/4]
}

func (d *Detector) account(id uuid.UUID, at time.Time) *account {
	a := d.taken[id]
	if a == nil {
		a = &account{first: at, businesses: map[uuid.UUID]bool{}, of: map[Kind]*taking{}}
		d.taken[id] = a
	}
	if at.After(a.last) {
		a.last = at
	}
	if at.Before(a.first) {
		a.first = at
	}
	return a
}

// Remember tells the detector of an hour before it began to look: so many things of a kind were taken by an account.
func (d *Detector) Remember(id uuid.UUID, kind Kind, hour time.Time, n int) {
	t := d.account(id, hour).taking(kind)
	if to := dayOf(hour); to > t.day {
		t.turn(to)
	} else if t.day-to >= historyDays {
		return
	}
	at := &t.largest[dayOf(hour)%historyDays]
	*at = max(*at, n)
}

func (d *Detector) take(route Route, e *Event) {
	if e.Account == uuid.Nil || e.Verdict != allowed {
		return
	}
	a := d.account(e.Account, e.At)
	if e.Business != uuid.Nil && len(a.businesses) < maxKnown {
		a.businesses[e.Business] = true
	}
	s, ok := spikes[route.Kind]
	if !ok {
		return
	}
	t := a.taking(route.Kind)
	t.turn(dayOf(e.At))
	hour := e.At.Add(-time.Hour)
	n := 0
	for n < len(t.hour) && t.hour[n].Before(hour) {
		n++
	}
	t.hour = append(t.hour[:0], t.hour[n:]...)
	if len(t.hour) < 100*maxWindow {
		t.hour = append(t.hour, e.At)
	}
	count, past := len(t.hour), 0
	switch {
	case count < s.floor: // by far the most common
	case s.usual:
		past = max(t.usual(dayOf(a.first)), 2*t.past()/s.times)
	default:
		past = t.past()
	}
	floor := s.floor
	if e.At.Sub(a.first) < 7*day {
		floor = s.young
	}
	floor += s.each * len(a.businesses)
	if count >= floor && count > s.times*past {
		d.raise(Alert{
			Rule: s.rule, Subject: e.Account.String(), Account: e.Account, Since: t.hour[0], Count: count,
			Text: fmt.Sprintf("an account took %d %s within an hour; its busy hours so far had %d", count, s.what, past),
		}, e)
	}
	largest := &t.largest[t.day%historyDays]
	*largest = max(*largest, count)
}

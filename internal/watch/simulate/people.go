// Package simulate makes up weeks of traffic of a khata with thousands of
// accounts, plants attacks in it, and counts what a detector finds and what it
// cries wolf about. It knows nothing of the detector's thresholds: how people
// and attackers behave is described here for itself.
package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// A shop is one account.
type shop struct {
	id         uuid.UUID
	businesses []uuid.UUID
	people     []*person
	busy       float64 // pages a day and person, in the middle
	invoices   int     // that there are by now
	program    *program
	files      bool // takes files at the end of a month
}

// A person signs in.
type person struct {
	id        uuid.UUID
	name      string // the mark of the address
	address   string // at home or in the shop
	carrier   bool   // on the mobile network most of the time, behind an address that thousands share
	forgetful bool
	signedIn  time.Time // since when the session lives
	old       []uuid.UUID
}

// A program spends credits with a key.
type program struct {
	key    uuid.UUID
	rate   float64 // requests in an ordinary hour
	batch  bool    // runs a batch once a week
	broken bool    // asks for the same missing thing for ever
	grows  bool
}

// A world is everybody.
type world struct {
	r     *rand.Rand
	shops []*shop
	nats  []string // addresses of carriers
	next  uint64
}

func (w *world) uuid() uuid.UUID {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(w.r.UintN(256))
	}
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80
	return id
}

func (w *world) chance(p float64) bool { return w.r.Float64() < p }

// around draws a number that is mostly near the middle and sometimes several times it.
func (w *world) around(middle, spread float64) float64 {
	return middle * math.Exp(spread*w.r.NormFloat64())
}

// poisson draws how often something happens that is expected so often.
func (w *world) poisson(mean float64) int {
	if mean <= 0 {
		return 0
	}
	if mean > 60 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*w.r.NormFloat64())))
	}
	limit, p, n := math.Exp(-mean), 1.0, 0
	for {
		if p *= w.r.Float64(); p <= limit {
			return n
		}
		n++
	}
}

func (w *world) between(low, high float64) float64 { return low + (high-low)*w.r.Float64() }

// amount draws a number between two, small ones as often as large ones: 5 to 50 as often as 50 to 500.
func (w *world) amount(low, high float64) int {
	return int(math.Round(math.Exp(w.between(math.Log(low), math.Log(high)))))
}

func (w *world) address() string {
	w.next++
	return fmt.Sprintf("2001:db8:%x:%x::1", w.next>>16, w.next&0xffff)
}

// newWorld makes accounts: most are small shops, some have staff, a few are accountants with dozens of businesses, some
// have programs.
func newWorld(seed uint64, accounts int, start time.Time) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 7310))}
	for range 60 {
		w.nats = append(w.nats, w.address())
	}
	for range accounts {
		s := &shop{id: w.uuid(), busy: w.around(9, 0.9), invoices: w.r.IntN(30), files: w.chance(0.2)}
		businesses, people := 1, 1
		switch kind := w.r.Float64(); {
		case kind < 0.03: // an accountant
			businesses, people, s.busy, s.files = 10+w.r.IntN(60), 2+w.r.IntN(5), w.around(45, 0.5), true
		case kind < 0.25:
			businesses, people, s.busy = 1+w.r.IntN(3), 2+w.r.IntN(6), w.around(20, 0.8)
		case kind < 0.40: // hardly ever there
			s.busy = 0.4
		}
		for range businesses {
			s.businesses = append(s.businesses, w.uuid())
		}
		home := w.address()
		for range people {
			s.people = append(s.people, &person{
				id: w.uuid(), name: fmt.Sprintf("address:%016x", w.r.Uint64()), address: home, carrier: w.chance(0.5),
				forgetful: w.chance(0.03), signedIn: start.Add(-time.Duration(w.between(0, 30*24)) * time.Hour),
			})
		}
		if w.chance(0.06) {
			s.program = &program{
				key: w.uuid(), rate: w.around(12, 1.3), batch: w.chance(0.25), broken: w.chance(0.04),
				grows: w.chance(0.03),
			}
		}
		w.shops = append(w.shops, s)
	}
	return w
}

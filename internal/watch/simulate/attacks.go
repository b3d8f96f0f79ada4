package simulate

import (
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// An attack is what was planted, and which alert would be about it.
type attack struct {
	kind        string
	rule        detect.Rule
	subject     string // "" is any
	from, until time.Time
	slower      float64       // how many times longer dashboards take meanwhile
	found       time.Duration // after its beginning; below zero: not
}

// A plan plants one attack that begins at a time.
type plan struct {
	kind  string
	alone bool // it has no subject of its own: two at once are one
	plant func(w *world, at time.Time, add func(detect.Event)) attack
}

// plans are the attacks, each from hardly worth the while to greedy.
var plans = []plan{
	{kind: "walks foreign ids", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s, p := w.somebody()
		n := w.amount(8, 300)
		return w.walk(s, p, at, n, time.Duration(float64(n)*w.around(9, 1)*float64(time.Second)), add)
	}},
	{kind: "walks slowly, over a day", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s, p := w.somebody()
		return w.walk(s, p, at, w.amount(20, 90), 20*time.Hour, add)
	}},
	{kind: "walks ids within the own business", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s, p := w.somebody()
		n := w.amount(60, 900)
		end := w.spread(at, n, time.Duration(n)*2*time.Second, func(at time.Time) {
			add(detect.Event{
				At: at, User: p.id, Account: s.id, Business: s.businesses[0], Route: toParty, Object: w.uuid().String(),
				Verdict: "not_found", Address: p.address,
			})
		})
		return attack{rule: detect.Walking, subject: p.id.String(), from: at, until: end}
	}},
	{kind: "tries every door", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s, p := w.somebody()
		n := w.amount(30, 200)
		end := w.spread(at, n, time.Duration(n)*4*time.Second, func(at time.Time) {
			add(detect.Event{
				At: at, User: p.id, Account: s.id, Route: toTeam, Object: w.uuid().String(), Verdict: "denied",
				Address: p.address,
			})
		})
		return attack{rule: detect.Denials, subject: p.id.String(), from: at, until: end}
	}},
	{kind: "stolen passwords from one address", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		address := w.address()
		if w.chance(0.3) { // behind a carrier, among thousands
			address = w.nats[w.r.IntN(len(w.nats))]
		}
		n := w.amount(60, 2000)
		end := w.spread(at, n, time.Duration(w.between(4, 50))*time.Minute,
			w.stuffing(func() string { return address }, add))
		return attack{rule: detect.Storm, from: at, until: end}
	}},
	{kind: "stolen passwords from many addresses", alone: true, plant: func(w *world, at time.Time,
		add func(detect.Event),
	) attack {
		addresses := make([]string, w.amount(100, 1500))
		for i := range addresses {
			addresses[i] = w.address()
		}
		n := w.amount(600, 8000)
		end := w.spread(at, n, time.Duration(w.between(1, 5))*time.Hour, w.stuffing(func() string {
			return addresses[w.r.IntN(len(addresses))]
		}, add))
		return attack{rule: detect.Storm, from: at, until: end}
	}},
	{kind: "guesses one password from many addresses", plant: func(w *world, at time.Time,
		add func(detect.Event),
	) attack {
		_, p := w.somebody()
		addresses := make([]string, 8+w.r.IntN(40))
		for i := range addresses {
			addresses[i] = w.address()
		}
		end := w.spread(at, w.amount(25, 200), time.Duration(w.between(0.2, 1.5)*float64(time.Hour)),
			func(at time.Time) {
				add(detect.Event{
					At: at, Route: toLogin, Object: p.name, Verdict: "denied",
					Address: addresses[w.r.IntN(len(addresses))],
				})
			})
		return attack{rule: detect.Guessing, subject: p.name, from: at, until: end}
	}},
	{kind: "takes every file of an account", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s, p := w.somebody()
		return w.greedy(s, p, at, w.amount(90, 900), detect.Exports, toExport, add)
	}},
	{kind: "takes invoices", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s, p := w.somebody()
		return w.greedy(s, p, at, w.amount(90, 600), detect.Invoices, toInvoice, add)
	}},
	{kind: "spends with a stolen key", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		s := w.withProgram()
		n := w.amount(max(900, 20*s.program.rate), max(9000, 100*s.program.rate))
		address := w.address()
		end := w.spread(at, n, time.Duration(w.between(10, 60))*time.Minute, func(at time.Time) {
			add(detect.Event{
				At: at, Key: s.program.key, Account: s.id, Route: toConsume, Verdict: "allowed", Address: address,
			})
		})
		return attack{rule: detect.Spending, subject: s.id.String(), from: at, until: end}
	}},
	{kind: "is answered without a session", plant: func(w *world, at time.Time, add func(detect.Event)) attack {
		n, route := w.amount(1, 40), []string{toParty, toDashboard, toEntry, toExport, toTeam, toInvoice}[w.r.IntN(6)]
		end := w.spread(at, n, time.Minute, func(at time.Time) {
			add(detect.Event{
				At: at, Route: route, Business: w.uuid(), Object: w.uuid().String(), Verdict: "allowed",
				Address: w.address(),
			})
		})
		return attack{rule: detect.Unguarded, from: at, until: end}
	}},
	{kind: "the dashboard is slow for an hour", alone: true, plant: func(w *world, at time.Time,
		_ func(detect.Event),
	) attack {
		at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, india).Add(time.Duration(w.between(9,
			20)) * time.Hour)
		return attack{rule: detect.Slow, from: at, until: at.Add(time.Hour), slower: w.between(4, 15)}
	}},
}

// somebody is a person who was there before.
func (w *world) somebody() (*shop, *person) {
	s := w.shops[w.r.IntN(len(w.shops))]
	return s, s.people[w.r.IntN(len(s.people))]
}

func (w *world) withProgram() *shop {
	for {
		if s, _ := w.somebody(); s.program != nil {
			return s
		}
	}
}

// spread does something n times within a span, and returns when the last was.
func (w *world) spread(at time.Time, n int, within time.Duration, do func(time.Time)) time.Time {
	for range n {
		do(at.Add(time.Duration(w.r.Float64() * float64(within))))
	}
	return at.Add(within)
}

func (w *world) walk(s *shop, p *person, at time.Time, n int, within time.Duration, add func(detect.Event)) attack {
	end := w.spread(at, n, within, func(at time.Time) {
		add(detect.Event{
			At: at, User: p.id, Account: s.id, Business: w.uuid(), Route: toParty, Object: w.uuid().String(),
			Verdict: "not_found", Address: p.address,
		})
	})
	return attack{rule: detect.Walking, subject: p.id.String(), from: at, until: end}
}

// stuffing tries another name each time; one in seventy gets in.
func (w *world) stuffing(address func() string, add func(detect.Event)) func(time.Time) {
	return func(at time.Time) {
		e := detect.Event{
			At: at, Route: toLogin, Object: "address:" + w.uuid().String()[:8], Verdict: "denied",
			Address: address(),
		}
		if w.chance(1.0 / 70) {
			s, p := w.somebody()
			e.Verdict, e.User, e.Account, e.Object = "allowed", p.id, s.id, p.name
		}
		add(e)
	}
}

func (w *world) greedy(s *shop, p *person, at time.Time, n int, rule detect.Rule, route string,
	add func(detect.Event),
) attack {
	end := w.spread(at, n, time.Duration(w.between(8, 55))*time.Minute, func(at time.Time) {
		business := s.businesses[w.r.IntN(len(s.businesses))]
		if route == toInvoice {
			business = uuid.Nil
		}
		add(detect.Event{
			At: at, User: p.id, Account: s.id, Business: business, Route: route, Object: w.uuid().String(),
			Verdict: "allowed", Address: w.address(),
		})
	})
	return attack{rule: rule, subject: s.id.String(), from: at, until: end}
}

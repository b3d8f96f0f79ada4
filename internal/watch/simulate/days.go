package simulate

import (
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/watch/detect"
)

// The routes that the people here use.
const (
	toDashboard = "GET /b/{business}"
	toParty     = "GET /b/{business}/p/{party}"
	toEntry     = "POST /b/{business}/p/{party}/entries/new"
	toExport    = "GET /b/{business}/export.csv"
	toInvoice   = "GET /billing/invoices/{provider}/{invoice}"
	toLogin     = "POST /login"
	toConsume   = "POST /api/credits/consume"
	toHold      = "POST /api/credits/holds/{id}/capture"
	toTeam      = "POST /team/members/{id}/role"
)

// Routes is what a detector is told of them.
func Routes() map[string]detect.Route {
	return map[string]detect.Route{
		toDashboard: {Kind: detect.Dashboard, Guarded: true},
		toParty:     {Guarded: true},
		toEntry:     {Guarded: true},
		toExport:    {Kind: detect.Export, Guarded: true},
		toInvoice:   {Kind: detect.Invoice, Guarded: true},
		toLogin:     {Kind: detect.SignIn},
		toConsume:   {Kind: detect.Spend, Guarded: true},
		toHold:      {Guarded: true},
		toTeam:      {Guarded: true},
	}
}

// ofHour is how much of a day's work falls into each hour in India: before noon, and again when shops close.
var ofHour = [24]float64{
	0.3, 0.2, 0.1, 0.1, 0.1, 0.3, 0.8, 1.8, 3.5, 5.5, 7.5, 8.5, 7.5, 5, 4, 4.5, 5.5, 7, 8.5, 9.5, 9, 6.5, 3.2, 1.1,
}

var india = time.FixedZone("IST", 5*3600+1800)

// A calendar says what kind of days there are.
type calendar struct {
	festivals map[int]float64 // by day of the year, how much more is done
	signOut   map[int]bool    // days on which everybody has to sign in again, as after a change of keys
}

func (w *world) calendar() calendar {
	c := calendar{festivals: map[int]float64{}, signOut: map[int]bool{}}
	for range 9 {
		first, times := w.r.IntN(365), w.between(1.8, 4.5)
		for i := range 1 + w.r.IntN(3) {
			c.festivals[first+i] = times
		}
	}
	for range 3 {
		c.signOut[w.r.IntN(365)] = true
	}
	return c
}

// at draws a time of a day when people work.
func (w *world) at(day time.Time) time.Time {
	hour, sum := 0, 0.0
	for _, share := range ofHour {
		sum += share
	}
	for pick := w.r.Float64() * sum; hour < 23; hour++ {
		if pick -= ofHour[hour]; pick < 0 {
			break
		}
	}
	return day.Add(time.Duration((float64(hour) + w.r.Float64()) * float64(time.Hour)))
}

// ordinary is a day without attacks, in any order.
func (w *world) ordinary(c calendar, day time.Time) (out []detect.Event) {
	add := func(e detect.Event) { out = append(out, e) }
	much := 1.0
	if day.Weekday() == time.Sunday {
		much = 0.45
	}
	if f, ok := c.festivals[day.YearDay()]; ok {
		much = f
	}
	slow := w.r.IntN(20) == 0 // a quarter of an hour in which the database is busy with something else
	slowAt := w.at(day)
	for _, s := range w.shops {
		for _, p := range s.people {
			w.work(s, p, day, much, add, slow, slowAt, c.signOut[day.YearDay()])
		}
		w.files(s, day, add)
		if s.program != nil {
			w.programs(s, day, much, add)
		}
		if w.chance(0.0006) && len(s.people) > 1 { // somebody leaves, and the old links stay on the phone
			p := s.people[len(s.people)-1]
			p.old = append(p.old, s.businesses...)
		}
	}
	return out
}

// work is a day of one person.
func (w *world) work(s *shop, p *person, day time.Time, much float64, add func(detect.Event), slow bool,
	slowAt time.Time, signOut bool,
) {
	pages := w.poisson(s.busy * much / float64(1+len(s.people)/3) * w.around(1, 0.5))
	if pages == 0 {
		return
	}
	address := p.address
	if p.carrier && w.chance(0.7) {
		address = w.nats[w.r.IntN(len(w.nats))]
	}
	begin := w.at(day)
	if signOut || begin.Sub(p.signedIn) > 30*24*time.Hour {
		w.signIn(s, p, begin, address, add)
		p.signedIn = begin
	}
	base := detect.Event{User: p.id, Account: s.id, Verdict: "allowed", Address: address}
	for range pages {
		e := base
		e.At, e.Business = w.at(day), s.businesses[w.r.IntN(len(s.businesses))]
		e.Route, e.Took = toDashboard, time.Duration(w.around(28, 0.75)*float64(time.Millisecond))
		switch pick := w.r.Float64(); {
		case pick < 0.4:
			e.Route, e.Object = toParty, w.uuid().String()
		case pick < 0.75:
			e.Route, e.Object = toEntry, w.uuid().String()
		}
		if gap := e.At.Sub(slowAt); slow && gap >= 0 && gap < 2*time.Minute {
			e.Took *= 12
		}
		add(e)
	}
	if w.chance(0.04) { // what was deleted meanwhile is still on the screen or in a message
		w.dead(base, w.at(day), s.businesses, 1+w.r.IntN(3), 20, add)
	}
	if w.chance(0.0004) { // an import was undone, and its parties are tapped one after the other
		w.dead(base, w.at(day), s.businesses, 4+w.r.IntN(22), 15, add)
	}
	if len(p.old) > 0 && w.chance(0.2) { // the former shop's bookmarks
		w.dead(base, w.at(day), p.old, 1+w.r.IntN(4), 40, add)
	}
	if w.chance(0.002) { // a link that a friend in another shop has sent
		w.dead(base, w.at(day), []uuid.UUID{w.uuid(), w.uuid()}[:1+w.r.IntN(2)], 1+w.r.IntN(2), 60, add)
	}
	// Staff who tap what only the owner may do, and a page that saves by itself after a change of role.
	if w.chance(0.003) {
		e := base
		e.Verdict, e.Route = "denied", toTeam
		e.At = w.at(day)
		for i := range w.amount(1, 90) {
			if i%9 == 0 && i < 20 {
				e.Object = w.uuid().String()
			}
			e.At = e.At.Add(time.Duration(w.between(4, 30)) * time.Second)
			add(e)
			if i > 20 {
				e.Object = "same"
			}
		}
	}
}

// dead is somebody who follows links to what is not there, a link every so many seconds.
func (w *world) dead(e detect.Event, at time.Time, businesses []uuid.UUID, n int, seconds float64,
	add func(detect.Event),
) {
	e.Verdict, e.Route, e.At = "not_found", toParty, at
	for range n {
		e.At = e.At.Add(time.Duration(w.around(seconds, 0.8) * float64(time.Second)))
		e.Object, e.Business = w.uuid().String(), businesses[w.r.IntN(len(businesses))]
		add(e)
		if w.chance(0.3) { // reloads it
			add(e)
		}
	}
}

// signIn is somebody who signs in, sometimes not at once.
func (w *world) signIn(s *shop, p *person, at time.Time, address string, add func(detect.Event)) {
	wrong := 0.17
	if p.forgetful {
		wrong = 0.78
	}
	e := detect.Event{Route: toLogin, Object: p.name, Address: address, Verdict: "denied", At: at}
	for n := 0; w.chance(wrong) && n < 14; n++ {
		add(e)
		e.At = e.At.Add(time.Duration(w.around(25, 0.7) * float64(time.Second)))
		if w.chance(0.06) { // the phone changes to another network
			e.Address = w.nats[w.r.IntN(len(w.nats))]
		}
	}
	e.Verdict, e.User, e.Account = "allowed", p.id, s.id
	add(e)
}

// files are what accounts take at the end of a month, and documents of payments.
func (w *world) files(s *shop, day time.Time, add func(detect.Event)) {
	p := s.people[0]
	e := detect.Event{User: p.id, Account: s.id, Verdict: "allowed", Address: p.address, At: w.at(day)}
	last := day.AddDate(0, 0, 1).Day() == 1
	monthEnd := last || day.Day() <= 3
	takes := 0
	switch {
	case s.files && monthEnd && w.chance(0.4):
		takes = len(s.businesses) * (1 + w.r.IntN(3))
	case w.chance(0.01):
		takes = 1 + w.r.IntN(4)
	}
	for i := range takes {
		e.Route, e.Business = toExport, s.businesses[i%len(s.businesses)]
		e.At = e.At.Add(time.Duration(w.around(14, 0.8) * float64(time.Second)))
		add(e)
	}
	if day.Day() == 5 {
		s.invoices++
	}
	documents := 0
	switch {
	case w.chance(0.004):
		documents = 1 + w.r.IntN(2)
	case w.chance(0.0003) || day.YearDay() > 90 && day.YearDay() < 100 && w.chance(0.01): // the year's
		documents = min(s.invoices, 24)
	}
	for range documents {
		e.Route, e.Business, e.Object = toInvoice, uuid.Nil, w.uuid().String()
		e.At = e.At.Add(time.Duration(w.around(9, 0.6) * float64(time.Second)))
		add(e)
		if w.chance(0.1) {
			add(e)
		}
	}
}

// programs spend around the clock, more by day, with batches.
func (w *world) programs(s *shop, day time.Time, much float64, add func(detect.Event)) {
	p := s.program
	if p.grows {
		p.rate *= 1.06
	}
	e := detect.Event{Key: p.key, Account: s.id, Verdict: "allowed", Route: toConsume, Address: s.people[0].address}
	for hour := range 24 {
		mean := p.rate * math.Sqrt(much) * (0.3 + ofHour[hour]/4.2)
		if p.batch && day.Weekday() == time.Saturday && hour == 2 {
			mean += 15 * p.rate
		}
		if w.chance(0.0008) { // a campaign
			mean *= w.between(2, 6)
		}
		for range min(w.poisson(mean), 20_000) {
			e.At = day.Add(time.Duration((float64(hour) + w.r.Float64()) * float64(time.Hour)))
			add(e)
		}
	}
	if p.broken {
		e.Verdict, e.Route, e.Object = "not_found", toHold, s.id.String()
		for minute := 0; minute < 24*60; minute += 5 {
			e.At = day.Add(time.Duration(minute) * time.Minute)
			add(e)
		}
	}
}

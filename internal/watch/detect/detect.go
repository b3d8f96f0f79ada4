// Package detect finds in the access log what somebody should look at: people
// who try what is not theirs, storms of sign-ins, and accounts that suddenly
// take far more than they ever did. It is pure: records go in, in order of
// time, and alerts come out. docs/watch.md says why each threshold is what it is.
package detect

import (
	"time"

	"github.com/google/uuid"
)

// A Kind is what a route is for, as far as a rule asks.
type Kind int

const (
	Other     Kind = iota
	Dashboard      // the page that people open first, whose speed is promised
	Export         // makes a file of an account's data
	Invoice        // a document of a payment
	SignIn         // proves who somebody is
	Spend          // takes credits
)

// A Route is what the detector knows of a route.
type Route struct {
	Kind    Kind
	Guarded bool // nobody is answered without a session or a key
}

// Verdicts of a record, as the access log has them.
const (
	allowed  = "allowed"
	denied   = "denied"
	notFound = "not_found"
	limited  = "limited"
	lost     = "lost"
)

// An Event is one row of the access log.
type Event struct {
	At                           time.Time
	User, Key, Account, Business uuid.UUID // zero where there is none
	Route, Object                string
	Verdict                      string
	Rows                         int
	Took                         time.Duration
	Address, RequestID           string
}

// actor is who asks: a user, or else a key.
func (e *Event) actor() uuid.UUID {
	if e.User != uuid.Nil {
		return e.User
	}
	return e.Key
}

// A Rule is why an alert was raised.
type Rule string

const (
	Unguarded Rule = "unguarded" // a guarded route answered nobody in particular
	Mismatch  Rule = "mismatch"  // an answer held another account's id
	Walking   Rule = "walking"   // one caller tries one id after the other
	Denials   Rule = "denials"   // one caller is refused again and again, in many places
	Storm     Rule = "storm"     // many names, few of which sign in
	Guessing  Rule = "guessing"  // one name, from many places or many times
	Exports   Rule = "exports"   // more files than an account ever took in an hour
	Invoices  Rule = "invoices"  // the same of invoices
	Spending  Rule = "spending"  // the same of credits
	Slow      Rule = "slow"      // the dashboard is slower than promised
	Lost      Rule = "lost"      // the access log lacks records

	// What probers find; the detector raises none of these.
	Down     Rule = "down"     // an address or canary does not answer as it should
	Sighting Rule = "sighting" // a canary saw what is another's
	Unprobed Rule = "unprobed" // a prober has fallen silent

	// What the program says of itself.
	Certificate Rule = "certificate" // it should have been renewed
)

// An Alert is a rule about a subject: a user, a key, an account, an address or a name's mark, or everything ("").
type Alert struct {
	Rule     Rule
	Subject  string
	Account  uuid.UUID // of whoever caused it; zero where that is nobody's
	Since    time.Time // the first record that counts
	At       time.Time // the last
	Count    int
	Text     string
	Requests []string // ids of some of the requests
}

// A Detector keeps what the rules must remember. It is not safe for use by several goroutines.
type Detector struct {
	routes map[string]Route
	out    []Alert
	now    time.Time

	known    map[uuid.UUID]map[uuid.UUID]bool // by caller, the businesses that they were let into
	refusals map[uuid.UUID]*window            // by caller
	taken    map[uuid.UUID]*account
	signIns  signIns
	reads    reads
	open     map[string]int // answers to nobody, by route
	raised   map[key]raise
	swept    time.Time
}

type key struct {
	rule    Rule
	subject string
}

// A raise remembers when something was last said, and how often it had happened.
type raise struct {
	at    time.Time
	count int
}

// New returns a detector for a list of routes by their patterns.
func New(routes map[string]Route) *Detector {
	return &Detector{
		routes: routes, known: map[uuid.UUID]map[uuid.UUID]bool{}, refusals: map[uuid.UUID]*window{},
		taken: map[uuid.UUID]*account{}, signIns: newSignIns(), raised: map[key]raise{}, open: map[string]int{},
	}
}

// Feed takes the next record and returns what it raises.
func (d *Detector) Feed(e Event) []Alert {
	d.out = d.out[:0]
	if e.At.After(d.now) {
		d.now = e.At
	}
	if d.now.Sub(d.swept) > sweepEvery {
		d.sweep()
	}
	if e.Verdict == lost {
		d.raise(Alert{Rule: Lost, Since: e.At, Count: e.Rows, Text: "the access log lacks records"}, &e)
		return d.out
	}
	route := d.routes[e.Route]
	d.guard(route, &e)
	d.learn(&e)
	d.refuse(route, &e)
	d.signIn(route, &e)
	d.take(route, &e)
	d.read(route, &e)
	return d.out
}

// again is when an alert that goes on is raised again, unless it has doubled before.
const again = 6 * time.Hour

// raise adds an alert, unless the same was raised lately and has not doubled.
func (d *Detector) raise(a Alert, e *Event) {
	a.At = e.At
	k := key{a.Rule, a.Subject}
	if last, ok := d.raised[k]; ok && e.At.Sub(last.at) < again && a.Count < 2*last.count {
		return
	}
	d.raised[k] = raise{e.At, a.Count}
	if len(a.Requests) == 0 && e.RequestID != "" {
		a.Requests = []string{e.RequestID}
	}
	d.out = append(d.out, a)
}

// guard looks for what nothing guarded: an answer to nobody on a route that asks who is there.
func (d *Detector) guard(route Route, e *Event) {
	if route.Guarded && e.Verdict == allowed && e.actor() == uuid.Nil {
		d.open[e.Route]++
		d.raise(Alert{
			Rule: Unguarded, Subject: e.Route, Since: e.At, Count: d.open[e.Route],
			Text: "a request without a session or a key was answered at " + e.Route,
		}, e)
	}
}

const (
	sweepEvery = time.Hour
	maxKnown   = 500 // businesses of one caller
)

// learn remembers which businesses a caller was let into: who loses a role has old links to them, and is no walker.
func (d *Detector) learn(e *Event) {
	who := e.actor()
	if e.Verdict != allowed || who == uuid.Nil || e.Business == uuid.Nil {
		return
	}
	mine := d.known[who]
	if mine == nil {
		mine = map[uuid.UUID]bool{}
		d.known[who] = mine
	}
	if len(mine) < maxKnown {
		mine[e.Business] = true
	}
}

// Know tells the detector of a business that a caller was let into before it began to look.
func (d *Detector) Know(caller, business uuid.UUID) {
	d.learn(&Event{User: caller, Business: business, Verdict: allowed})
}

// sweep forgets what no rule asks for any more.
func (d *Detector) sweep() {
	d.swept = d.now
	for who, w := range d.refusals {
		if w.trim(d.now.Add(-day)); len(w.list) == 0 {
			delete(d.refusals, who)
		}
	}
	for k, r := range d.raised {
		if d.now.Sub(r.at) > 2*day {
			delete(d.raised, k)
		}
	}
	for id, a := range d.taken {
		if d.now.Sub(a.last) > historyDays*day {
			delete(d.taken, id)
		}
	}
	d.signIns.sweep(d.now)
}

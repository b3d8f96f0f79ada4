package accesslog

import (
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// What is refused is kept for longer than a year, and anybody may be refused. So of one caller only so many refusals
// within a window are rows of their own; the others are counted, and said in one row at its end. The detector needs far
// fewer. Failed sign-ins count apart, so that no noise hides them.
const (
	refusalWindow  = 10 * time.Minute
	refusalsOfOne  = 300
	refusalsOfAll  = 6_000  // of strangers: an attacker may have many addresses
	manyRefused    = 20_000 // strangers that are told apart, in each of the two counts
	LeftOutRoute   = "(more refusals)"
	signInRoute    = "POST /login"
	strangerPrefix = 64 // bits of an IPv6 address that one subscriber has
)

// refusals count them. The zero value is ready.
type refusals struct {
	all atomic.Int64 // left out since the start

	mu      sync.Mutex
	began   time.Time
	callers map[refused]*refusal
	open    int          // rows of strangers in this window
	told    map[bool]int // strangers that are told apart, by whether they tried to sign in
	others  int          // left out of callers that are not told apart
}

// refused is who was refused: a user, or else an address, also of a program: anybody can make keys up.
type refused struct {
	user    uuid.UUID
	address netip.Prefix
	signIn  bool
}

type refusal struct {
	rows, left int
	last       Record // of those that are left out
}

func callerOf(r *Record) refused {
	c := refused{user: r.UserID, signIn: r.Route == signInRoute}
	if c.user != uuid.Nil {
		return c
	}
	address := r.Address.Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = strangerPrefix
	}
	if prefix, err := address.Prefix(bits); err == nil {
		c.address = prefix
	}
	return c
}

// admit reports whether a record is to be a row. What is no refusal always is.
func (f *refusals) admit(r *Record, now time.Time) bool {
	if r.Verdict != Denied && r.Verdict != NotFound && r.Verdict != Limited {
		return true
	}
	caller := callerOf(r)
	stranger := caller.user == uuid.Nil
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.callers == nil {
		f.callers, f.told, f.began = map[refused]*refusal{}, map[bool]int{}, now
	}
	one := f.callers[caller]
	if one == nil {
		if stranger && f.told[caller.signIn] >= manyRefused {
			f.others++
			f.all.Add(1)
			return false
		}
		if stranger {
			f.told[caller.signIn]++
		}
		one = &refusal{}
		f.callers[caller] = one
	}
	if one.rows >= refusalsOfOne || stranger && !caller.signIn && f.open >= refusalsOfAll {
		one.left, one.last = one.left+1, *r
		f.all.Add(1)
		return false
	}
	one.rows++
	if stranger && !caller.signIn {
		f.open++
	}
	return true
}

// maxLeftOut is how many callers are named at the end of a window; the others share a row.
const maxLeftOut = 200

// leftOut ends a window that is over, or that must end, and returns the rows that say what it left out: those who were
// refused most have one each.
func (f *refusals) leftOut(now time.Time, must bool, release string) (out []Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.callers == nil || !must && now.Sub(f.began) < refusalWindow {
		return nil
	}
	var list []*refusal
	for _, one := range f.callers {
		if one.left > 0 {
			list = append(list, one)
		}
	}
	slices.SortFunc(list, func(a, b *refusal) int { return b.left - a.left })
	for i, one := range list {
		if i >= maxLeftOut {
			f.others += one.left
			continue
		}
		out = append(out, Record{
			At: now, Verdict: Limited, Route: LeftOutRoute, Rows: one.left, UserID: one.last.UserID,
			AccountID: one.last.AccountID, Credential: one.last.Credential, Address: one.last.Address,
			RequestID: one.last.RequestID, Device: one.last.Device, Release: release,
		})
	}
	if f.others > 0 {
		out = append(out, Record{At: now, Verdict: Limited, Route: LeftOutRoute, Rows: f.others, Release: release})
	}
	f.callers, f.open, f.others = nil, 0, 0
	return out
}

package accesslog

import (
	"net/netip"
	"testing"
	"time"

	"github.com/google/uuid"
)

// A stranger cannot fill the log: of one address so many refusals are rows, of all strangers so many, and the others
// are counted. What is allowed, and who is known, is not touched by that.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var f refusals
	from := func(address, route string, verdict Verdict) *Record {
		return &Record{Verdict: verdict, Route: route, Address: netip.MustParseAddr(address), RequestID: "r"}
	}
	kept := func(n int, record func(i int) *Record) (rows int) {
		for i := range n {
			if f.admit(record(i), now) {
				rows++
			}
		}
		return rows
	}
	if got := kept(1000, func(int) *Record {
		return from("192.0.2.1", "GET /b/{business}",
			NotFound)
	}); got != refusalsOfOne {
		t.Errorf("of one address %d of 1000 are rows", got)
	}
	if got := kept(1000, func(i int) *Record {
		return from(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 8: byte(i), 15: byte(i >> 8)}).String(),
			"GET /x", Denied)
	}); got != refusalsOfOne {
		t.Errorf("of one network of a subscriber %d of 1000 are rows", got)
	}
	if got := kept(100, func(int) *Record { return from("192.0.2.1", "POST /login", Denied) }); got != 100 {
		t.Errorf("noise hides failed sign-ins: %d of 100 are rows", got)
	}
	if got := kept(1000, func(int) *Record { return from("192.0.2.1", "GET /pricing", Allowed) }); got != 1000 {
		t.Errorf("of what is allowed %d of 1000 are rows", got)
	}
	if got := kept(1000, func(i int) *Record {
		r := from("198.51.100.1", "GET /api/credits", Denied)
		r.Credential = [32]byte{byte(i), byte(i >> 8), 1}
		return r
	}); got != refusalsOfOne {
		t.Errorf("of keys that somebody makes up %d of 1000 are rows", got)
	}
	user := uuid.New()
	if got := kept(1000, func(int) *Record {
		r := from("192.0.2.1", "GET /b/{business}", NotFound)
		r.UserID = user
		return r
	}); got != refusalsOfOne {
		t.Errorf("of one user %d of 1000 are rows", got)
	}
	strangers := kept(100_000, func(i int) *Record {
		return from(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}).String(), "GET /x", Denied)
	})
	if strangers+3*refusalsOfOne != refusalsOfAll {
		t.Errorf("of all strangers %d are rows", strangers+3*refusalsOfOne)
	}
	if got := kept(10, func(int) *Record {
		r := from("192.0.2.7", "GET /b/{business}", NotFound)
		r.UserID = user
		r.UserID[0]++
		return r
	}); got != 10 {
		t.Errorf("while strangers rage, of a user %d of 10 are rows", got)
	}

	// At the end of the window everything is accounted for, in few rows, the worst by name.
	if f.leftOut(now.Add(refusalWindow-time.Second), false, "v") != nil {
		t.Error("the window ends before its time")
	}
	rows := f.leftOut(now.Add(refusalWindow), false, "v")
	said := 0
	for _, r := range rows {
		said += r.Rows
		if r.Verdict != Limited || r.Route != LeftOutRoute || r.Release != "v" {
			t.Errorf("it is said as %+v", r)
		}
	}
	if int64(said) != f.all.Load() || len(rows) > maxLeftOut+1 || rows[0].Rows != 700 {
		t.Errorf("%d rows say that %d are left out; it was %d", len(rows), said, f.all.Load())
	}
	if got := kept(10, func(int) *Record { return from("192.0.2.1", "GET /x", NotFound) }); got != 10 {
		t.Errorf("in the next window %d of 10 are rows", got)
	}
	if rows := f.leftOut(now, true, "v"); len(rows) != 0 {
		t.Errorf("nothing was left out, and it is said in %d rows", len(rows))
	}
}

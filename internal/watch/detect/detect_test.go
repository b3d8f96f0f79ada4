package detect

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

const (
	page, export, invoice, login, consume = "GET /page", "GET /export", "GET /invoice", "POST /login", "POST /consume"
	dash, open                            = "GET /b/{business}", "GET /"
)

var routes = map[string]Route{
	page: {Guarded: true}, export: {Kind: Export, Guarded: true}, invoice: {Kind: Invoice, Guarded: true},
	login: {Kind: SignIn}, consume: {Kind: Spend, Guarded: true}, dash: {Kind: Dashboard, Guarded: true}, open: {},
}

var monday = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// feed feeds n events, so far apart, each made by fn, and returns the rules that were raised.
func feed(d *Detector, n int, apart time.Duration, fn func(i int) Event) []Rule {
	var out []Rule
	start := monday
	if !d.now.IsZero() {
		start = d.now.Add(time.Second)
	}
	for i := range n {
		e := fn(i)
		e.At = start.Add(time.Duration(i) * apart)
		for _, a := range d.Feed(e) {
			out = append(out, a.Rule)
		}
	}
	return out
}

func TestThresholds(t *testing.T) {
	t.Parallel()
	who, account, shop := uuid.New(), uuid.New(), uuid.New()
	missing := func(business func() uuid.UUID) func(int) Event {
		return func(i int) Event {
			return Event{
				User: who, Account: account, Business: business(), Route: page, Object: fmt.Sprint(i),
				Verdict: notFound,
			}
		}
	}
	refused := func(places int) func(int) Event {
		return func(i int) Event {
			return Event{User: who, Account: account, Route: page, Object: fmt.Sprint(i % places), Verdict: denied}
		}
	}
	signIn := func(names, addresses, good int) func(int) Event {
		return func(i int) Event {
			e := Event{
				Route: login, Object: fmt.Sprint("name", i%names), Address: fmt.Sprint("address", i%addresses),
				Verdict: denied,
			}
			if good > 0 && i%good == 0 {
				e.Verdict, e.User = allowed, uuid.New()
			}
			return e
		}
	}
	taking := func(route string) func(int) Event {
		return func(int) Event { return Event{User: who, Account: account, Route: route, Verdict: allowed} }
	}
	for _, c := range []struct {
		name  string
		n     int
		apart time.Duration
		fn    func(int) Event
		want  Rule // "" raises nothing
	}{
		{"four foreign ids", 4, time.Second, missing(uuid.New), ""},
		{"five foreign ids", 5, time.Second, missing(uuid.New), Walking},
		{"one foreign id again and again", 300, time.Second, func(int) Event {
			return Event{User: who, Business: shop, Route: page, Object: "same", Verdict: notFound}
		}, ""},
		{"foreign ids, two hours apart", 11, 2 * time.Hour, missing(uuid.New), ""},
		{"foreign ids, an hour and a half apart", 14, 90 * time.Minute, missing(uuid.New), Walking},
		{"a program that is refused in one place", 500, time.Second, refused(1), ""},
		{"somebody who is refused in eleven", 60, time.Second, refused(11), ""},
		{"somebody who is refused everywhere", 60, time.Second, refused(30), Denials},
		{"slowly refused everywhere", 60, 5 * time.Minute, refused(30), ""},
		{"a crowd behind one address, most of whom get in", 400, time.Second, signIn(200, 1, 2), ""},
		{"stolen passwords from one address", 60, time.Second, signIn(60, 1, 0), Storm},
		{"one forgetful person", 20, 20 * time.Second, signIn(1, 2, 0), ""},
		{"one name from everywhere", 20, 20 * time.Second, signIn(1, 10, 0), Guessing},
		{"one name without end", 40, 20 * time.Second, signIn(1, 1, 0), Guessing},
		{"stolen passwords from everywhere", 90, 15 * time.Second, signIn(90, 90, 0), Storm},
		{"sixty files", 60, time.Second, taking(export), ""},
		{"two hundred files", 200, time.Second, taking(export), Exports},
		{"two hundred files over a day", 200, 7 * time.Minute, taking(export), ""},
		{"twenty invoices", 20, time.Second, taking(invoice), ""},
		{"fifty invoices", 50, time.Second, taking(invoice), Invoices},
		{"a program that spends", 2000, time.Second, taking(consume), ""},
		{"a program that spends without end", 3500, time.Second, taking(consume), Spending},
		{"nobody at a guarded route", 1, time.Second, func(int) Event {
			return Event{Route: page, Verdict: allowed}
		}, Unguarded},
		{
			"nobody at an open route", 50, time.Second, func(int) Event { return Event{Route: open, Verdict: allowed} },
			"",
		},
		{"nobody is turned away", 500, time.Second, func(int) Event { return Event{Route: page, Verdict: denied} }, ""},
		{"a key at a guarded route", 5, time.Second, func(int) Event {
			return Event{Route: page, Verdict: allowed, Key: who}
		}, ""},
		{"a log that lacks records", 1, time.Second, func(int) Event { return Event{Verdict: lost, Rows: 9} }, Lost},
		{"fast dashboards", 400, time.Second, func(i int) Event {
			return Event{User: who, Route: dash, Verdict: allowed, Took: time.Duration(i%30) * 10 * time.Millisecond}
		}, ""},
		{"slow dashboards", 400, time.Second, func(i int) Event {
			return Event{User: who, Route: dash, Verdict: allowed, Took: time.Duration(i%40) * 10 * time.Millisecond}
		}, Slow},
		{"one slow minute", 400, time.Second, func(i int) Event {
			e := Event{User: who, Route: dash, Verdict: allowed, Took: 20 * time.Millisecond}
			if i >= 120 && i < 180 {
				e.Took = time.Second
			}
			return e
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := feed(New(routes), c.n, c.apart, c.fn)
			if c.want == "" && len(got) > 0 {
				t.Errorf("raises %v", got)
			}
			if c.want != "" && !slices.Contains(got, c.want) {
				t.Errorf("raises %v, want %s", got, c.want)
			}
		})
	}
}

// Who was let into a business has old links into it.
func TestFormerMembersAreNoWalkers(t *testing.T) {
	t.Parallel()
	who, shop := uuid.New(), uuid.New()
	d := New(routes)
	d.Know(who, shop)
	if got := feed(d, 20, time.Second, func(i int) Event {
		return Event{User: who, Business: shop, Route: page, Object: fmt.Sprint(i), Verdict: notFound}
	}); len(got) > 0 {
		t.Errorf("raises %v", got)
	}
}

// An account is compared with its own past, not with others.
func TestPastDecides(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		past, now int
		want      bool
	}{{0, 39, false}, {0, 45, true}, {30, 85, false}, {30, 95, true}, {200, 500, false}} {
		d, account := New(routes), uuid.New()
		for n := range 30 {
			d.Remember(account, Export, monday.AddDate(0, 0, -30+n), 0)
		}
		d.Remember(account, Export, monday.AddDate(0, 0, -29), c.past)
		got := feed(d, c.now, time.Second, func(int) Event {
			return Event{User: account, Account: account, Route: export, Verdict: allowed}
		})
		if slices.Contains(got, Exports) != c.want {
			t.Errorf("%d files after at most %d raise %v", c.now, c.past, got)
		}
	}
}

// An alert that goes on is not said at every request, and once more when it has doubled or six hours have passed.
func TestAlertsAreGrouped(t *testing.T) {
	t.Parallel()
	who := uuid.New()
	d := New(routes)
	got := feed(d, 80, time.Second, func(i int) Event {
		return Event{User: who, Business: uuid.New(), Route: page, Object: fmt.Sprint(i), Verdict: notFound}
	})
	if len(got) != 5 { // at 5, 10, 20, 40 and 80
		t.Errorf("eighty ids raise %d alerts, want 5", len(got))
	}
}

// Whatever comes, in whatever order: no panic, nothing unbounded, and every alert names a record that was fed.
func TestAnythingGoes(t *testing.T) {
	t.Parallel()
	patterns := []string{page, export, invoice, login, consume, dash, open, "", "GET /unknown"}
	verdicts := []string{allowed, denied, notFound, limited, "failed", lost, ""}
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		people := []uuid.UUID{uuid.Nil, uuid.New(), uuid.New()}
		d, at := New(routes), monday
		fed := map[string]bool{}
		for i := range 400 {
			at = at.Add(time.Duration(r.Int64N(int64(time.Hour))) - 10*time.Minute)
			e := Event{
				At: at, User: people[r.IntN(3)], Key: people[r.IntN(3)], Account: people[r.IntN(3)],
				Business: people[r.IntN(3)],
				Route:    patterns[r.IntN(len(patterns))], Verdict: verdicts[r.IntN(len(verdicts))],
				Object: fmt.Sprint(r.IntN(50)), Address: fmt.Sprint(r.IntN(4)),
				Took:      time.Duration(r.Int64N(int64(time.Second))),
				RequestID: fmt.Sprint(i),
			}
			fed[e.RequestID] = true
			for _, a := range d.Feed(e) {
				if a.Rule == "" || a.Text == "" || !a.At.Equal(e.At) {
					t.Fatalf("%+v of %+v", a, e)
				}
				for _, id := range a.Requests {
					if !fed[id] {
						t.Fatalf("%+v names a request that was not fed", a)
					}
				}
			}
		}
		for _, w := range d.refusals {
			if len(w.list) > maxWindow {
				t.Fatalf("%d refusals are remembered", len(w.list))
			}
		}
	})
}

// Webhooks fall silent against what is usual at that hour of the week.
func TestRhythm(t *testing.T) {
	t.Parallel()
	end := time.Date(2027, 3, 29, 0, 0, 0, 0, time.UTC) // a Monday
	hours := make([]int, 28*24)
	for i := range hours {
		if hour := i % 24; hour >= 4 && hour < 17 { // the day in India
			hours[i] = 6
		}
	}
	for i := 10 * 24; i < 12*24; i++ { // an outage of two days sets no bar
		hours[i] = 0
	}
	r := NewRhythm(hours, end)
	for _, c := range []struct {
		last, now time.Duration
		want      bool
	}{
		{16 * time.Hour, 28 * time.Hour, false}, // a night, and the first minutes of the day
		{16 * time.Hour, 31 * time.Hour, true},  // until ten in the morning
		{10 * time.Hour, 12 * time.Hour, false}, // two hours of the day: a dozen are missing
		{10 * time.Hour, 13 * time.Hour, true},
		{17 * time.Hour, 27 * time.Hour, false}, // all night long
	} {
		last, now := end.Add(c.last), end.Add(c.now)
		if got := r.Silent(last, now); got != c.want {
			t.Errorf("silent from %s to %s = %t, %.1f are missing", last, now, got, r.Missing(last, now))
		}
	}
	few := NewRhythm([]int{1, 0, 2, 0, 1}, end)
	if few.Silent(end, end.AddDate(0, 1, 0)) {
		t.Error("a handful of events has a rhythm")
	}
}

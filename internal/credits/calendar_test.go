package credits

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/billing"
)

func place(t testing.TB, name string) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func monthly(amount int64) billing.Allowance {
	return billing.Allowance{Meter: "credits", Amount: amount, Every: billing.Month}
}

func TestBegin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, anchor string
		every        string
		n            int
		want         string
	}{
		{"Asia/Kolkata", "2026-01-31T10:30:00+05:30", billing.Month, 1, "2026-02-28T10:30:00+05:30"},
		{"Asia/Kolkata", "2026-01-31T10:30:00+05:30", billing.Month, 2, "2026-03-31T10:30:00+05:30"},
		{"Asia/Kolkata", "2026-01-31T10:30:00+05:30", billing.Month, 3, "2026-04-30T10:30:00+05:30"},
		{"Asia/Kolkata", "2027-12-31T10:30:00+05:30", billing.Month, 2, "2028-02-29T10:30:00+05:30"},
		{"Asia/Kolkata", "2028-02-29T10:30:00+05:30", billing.Month, 12, "2029-02-28T10:30:00+05:30"},
		{"Asia/Kolkata", "2028-02-29T10:30:00+05:30", billing.Month, 48, "2032-02-29T10:30:00+05:30"},
		// the 1st of February there
		{"Asia/Kolkata", "2026-01-31T23:30:00Z", billing.Month, 1, "2026-03-01T05:00:00+05:30"},
		{"Europe/Berlin", "2026-02-28T02:30:00+01:00", billing.Month, 1, "2026-03-28T02:30:00+01:00"},
		// 02:30 is left out that night
		{"Europe/Berlin", "2026-01-29T02:30:00+01:00", billing.Month, 2, "2026-03-29T03:00:00+02:00"},
		// 02:30 comes twice
		{"Europe/Berlin", "2026-09-25T02:30:00+02:00", billing.Month, 1, "2026-10-25T02:30:00+02:00"},
		{"America/New_York", "2026-03-07T09:00:00-05:00", billing.Day, 1, "2026-03-08T09:00:00-04:00"},
		{"America/New_York", "2026-03-07T02:30:00-05:00", billing.Day, 1, "2026-03-08T03:00:00-04:00"},
		// a day that never was
		{"Pacific/Apia", "2011-12-29T10:00:00-10:00", billing.Day, 1, "2011-12-31T00:00:00+14:00"},
		// no midnight
		{"America/Sao_Paulo", "2018-10-04T00:00:00-03:00", billing.Month, 1, "2018-11-04T01:00:00-02:00"},
	} {
		anchor, err := time.Parse(time.RFC3339, c.anchor)
		if err != nil {
			t.Fatal(err)
		}
		s := Stretch{Anchor: anchor, Allowance: billing.Allowance{Every: c.every}}
		zone := place(t, c.zone)
		if got := s.Begin(c.n, zone).In(zone).Format(time.RFC3339); got != c.want {
			t.Errorf("period %d by the %s of %s in %s begins %s, want %s", c.n, c.every, c.anchor, c.zone, got, c.want)
		}
	}
}

var zones = []string{
	"UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "America/New_York",
	"Australia/Lord_Howe", "America/St_Johns", "Pacific/Auckland", "Africa/Cairo", "America/Sao_Paulo",
}

// slowBegin looks at every minute until the clock on the wall shows the anchor's time of day, on the day that counting
// calendar leaves gives.
func slowBegin(s Stretch, n int, zone *time.Location) time.Time {
	if n == 0 {
		return s.Anchor
	}
	a := s.Anchor.In(zone)
	y, m, d := a.Date()
	if s.Allowance.Every == billing.Day {
		leaf := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		for range n {
			leaf = leaf.AddDate(0, 0, 1)
		}
		y, m, d = leaf.Date()
	} else {
		for range n {
			if m++; m == 13 {
				y, m = y+1, 1
			}
		}
		for time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Month() != m {
			d--
		}
	}
	wanted := fmt.Sprintf("%04d-%02d-%02d %02d:%02d", y, m, d, a.Hour(), a.Minute())
	t := time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Add(-30 * time.Hour)
	for t.In(zone).Format("2006-01-02 15:04") < wanted {
		t = t.Add(time.Minute)
	}
	return t
}

func drawStretch(t *rapid.T, from time.Time) Stretch {
	every := rapid.SampledFrom([]string{billing.Month, billing.Month, billing.Day}).Draw(t, "every")
	anchor := from.Add(time.Duration(rapid.IntRange(0, 400*24*60).Draw(t, "anchor")) * time.Minute)
	return Stretch{Source: "s", Anchor: anchor, From: anchor, Allowance: billing.Allowance{Every: every, Amount: 100}}
}

var year2025 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func TestBeginAgainstTheClockOnTheWall(t *testing.T) {
	t.Parallel()
	places := map[string]*time.Location{}
	for _, name := range zones {
		places[name] = place(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := places[rapid.SampledFrom(zones).Draw(t, "zone")]
		s := drawStretch(t, year2025)
		n := rapid.IntRange(0, 40).Draw(t, "n")
		got, want := s.Begin(n, zone), slowBegin(s, n, zone)
		if !got.Equal(want) {
			t.Fatalf("period %d of %s begins %s, want %s", n, s.Anchor.In(zone), got.In(zone), want.In(zone))
		}
		if k := s.Number(got, zone); k != n {
			t.Fatalf("the period of its own beginning %s is %d, want %d", got.In(zone), k, n)
		}
		if n > 0 {
			if k := s.Number(got.Add(-time.Second), zone); k != n-1 {
				t.Fatalf("the period of a second before %s is %d, want %d", got.In(zone), k, n-1)
			}
		}
	})
}

// slowDue walks hour by hour from the beginning, and gives what the plan in force brings whenever its period has less.
func slowDue(stretches []Stretch, zone *time.Location, from, now time.Time) map[Period]int64 {
	given := map[Period]int64{}
	for t := from; !t.After(now); t = t.Add(15 * time.Minute) {
		best := -1
		for i, s := range stretches {
			if !s.From.After(t) && (s.Until.IsZero() || t.Before(s.Until)) &&
				(best < 0 || s.Rank > stretches[best].Rank) {
				best = i
			}
		}
		if best < 0 || stretches[best].Allowance.Amount == 0 {
			continue
		}
		s, n := stretches[best], 0
		for !s.Begin(n+1, zone).After(t) {
			n++
		}
		paid := s.Paid.IsZero()
		if !paid && n > 0 && s.Allowance.Every == billing.Month {
			paid = s.Paid.After(s.Begin(n, zone).Add(48 * time.Hour))
		} else if !paid {
			paid = s.Paid.After(s.Begin(n, zone))
		}
		if paid {
			given[Period{s.Source, n}] = max(given[Period{s.Source, n}], s.Allowance.Amount)
		}
	}
	return given
}

// quarter rounds to what slowDue can see.
func quarter(t time.Time) time.Time { return t.Truncate(15 * time.Minute) }

func drawPlans(t *rapid.T) []Stretch {
	free := Stretch{
		Source: unpaidSource,
		Anchor: quarter(year2025.Add(time.Duration(rapid.IntRange(0, 60*24).Draw(t,
			"created")) * time.Hour)), Allowance: monthly(rapid.SampledFrom([]int64{0, 10}).Draw(t, "free")),
	}
	free.From = free.Anchor
	out := []Stretch{free}
	for i := range rapid.IntRange(0, 3).Draw(t, "subscriptions") {
		s := drawStretch(t, free.Anchor)
		s.Source, s.Rank, s.Anchor = fmt.Sprint("sub ", i), i+1, quarter(s.Anchor)
		s.From, s.Allowance.Amount = s.Anchor, int64(100*(i+1))
		s.Until = s.Anchor.Add(time.Duration(rapid.IntRange(1, 400*24).Draw(t, "life")) * time.Hour)
		s.Paid = s.Until.Add(-time.Duration(rapid.SampledFrom([]int{0, 0, 7 * 24}).Draw(t, "grace")) * time.Hour)
		out = append(out, s)
	}
	return out
}

// However often and whenever the job runs, and after whatever downtime, each period in which a plan was in force has
// been given what that plan brings, once.
func TestAllDueAgainstWalkingThroughTheDays(t *testing.T) {
	t.Parallel()
	places := map[string]*time.Location{}
	for _, name := range zones {
		places[name] = place(t, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		zone := places[rapid.SampledFrom(zones).Draw(t, "zone")]
		stretches := drawPlans(t)
		start := stretches[0].Anchor
		now, worked := start, start
		given := map[Period]int64{}
		total := map[Period]int64{}
		for range rapid.IntRange(1, 8).Draw(t, "runs") {
			now = quarter(now.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 24, 24 * 20, 24 * 31, 24 * 95}).Draw(t,
				"hours")) * time.Hour))
			// As the database has it at this moment: from where it was last worked, what has begun.
			var known []Stretch
			for _, s := range stretches {
				if s.Anchor.After(now) || !s.Until.IsZero() && !s.Until.After(worked) {
					continue
				}
				s.From = later(s.From, earlier(worked, now))
				known = append(known, s)
			}
			due := AllDue(known, zone, given, now)
			for _, d := range due {
				p := Period{d.Source, d.Period}
				total[p] += d.Amount
				if d.Level != total[p] {
					t.Fatalf("%+v brings %v to %d, not to its level", d, p, total[p])
				}
				if !d.Expires.After(d.Starts) || d.Starts.After(now) {
					t.Fatalf("%+v at %s", d, now)
				}
				given[p] = d.Level
			}
			if again := AllDue(known, zone, given, now); len(again) > 0 {
				t.Fatalf("asked twice: %+v", again)
			}
			worked = now
		}
		want := slowDue(stretches, zone, start, now)
		for p, amount := range want {
			if total[p] != amount {
				t.Fatalf("period %v was given %d, want %d", p, total[p], amount)
			}
		}
		for p, amount := range total {
			if want[p] != amount {
				t.Fatalf("period %v was given %d, want %d", p, amount, want[p])
			}
		}
	})
}

func dueText(list []Due) string {
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %d: %d", d.Source, d.Period, d.Amount))
	}
	return fmt.Sprint(out)
}

// The cases that are told in docs/credits.md.
func TestAllDueCases(t *testing.T) {
	t.Parallel()
	utc := time.UTC
	day := func(m time.Month, d int) time.Time { return time.Date(2026, m, d, 12, 0, 0, 0, utc) }
	pro := Stretch{
		Source: "pro", Anchor: day(1, 31), From: day(1, 31), Until: day(2, 28).Add(billing.Grace),
		Paid: day(2, 28), Rank: 10, Allowance: monthly(300),
	}
	free := Stretch{Source: "free", Anchor: day(1, 5), From: day(1, 5), Allowance: monthly(10)}
	with := func(s Stretch, f func(*Stretch)) Stretch { f(&s); return s }
	yearly := with(pro, func(s *Stretch) { s.Paid = day(1, 31).AddDate(1, 0, 0); s.Until = s.Paid })
	for _, c := range []struct {
		name  string
		all   []Stretch
		given map[Period]int64
		now   time.Time
		want  string
	}{
		{"bought today", []Stretch{free, pro}, map[Period]int64{{"free", 0}: 10}, day(1, 31), "[pro 0: 300]"},
		{"the renewal is not paid yet: grace, but no credits", []Stretch{free, pro}, map[Period]int64{
			{"free", 0}: 10,
			{"pro", 0}:  300,
		}, day(3, 2), "[]"},
		{
			"paid late",
			[]Stretch{free, with(pro, func(s *Stretch) { s.Paid, s.Until = day(3, 31), day(4, 7) })},
			map[Period]int64{{"free", 0}: 10, {"pro", 0}: 300},
			day(3, 2), "[pro 1: 300]",
		},
		{
			"three months of downtime of a yearly plan",
			[]Stretch{
				with(free, func(s *Stretch) { s.From = day(2, 1) }),
				with(yearly, func(s *Stretch) { s.From = day(2, 1) }),
			},
			map[Period]int64{{"free", 0}: 10, {"pro", 0}: 300},
			day(5, 1), "[pro 1: 300 pro 2: 300 pro 3: 300]",
		},
		{
			"a trial of a week",
			[]Stretch{free, with(pro, func(s *Stretch) { s.Paid, s.Until = day(2, 7), day(2, 7) })},
			map[Period]int64{{"free", 0}: 10},
			day(2, 3), "[pro 0: 300]",
		},
		{
			"upgrade in mid-month: the difference for the 18 of 28 days that remain",
			[]Stretch{
				with(free, func(s *Stretch) { s.From = day(2, 10) }),
				with(pro, func(s *Stretch) { s.From, s.Allowance = day(2, 10), monthly(1500) }),
			},
			map[Period]int64{{"free", 0}: 10, {"pro", 0}: 300},
			day(2, 10), "[pro 0: 771]",
		},
		{
			"upgrade on the last day: a day of the difference",
			[]Stretch{with(pro, func(s *Stretch) { s.From, s.Allowance = day(2, 27), monthly(1500) })},
			map[Period]int64{{"pro", 0}: 300},
			day(2, 27), "[pro 0: 42]",
		},
		{
			"downgrade and upgrade again: nothing twice",
			[]Stretch{
				with(free, func(s *Stretch) { s.From = day(2, 12) }),
				with(pro, func(s *Stretch) { s.From, s.Allowance = day(2, 12), monthly(1500) }),
			},
			map[Period]int64{{"free", 0}: 10, {"pro", 0}: 1500},
			day(2, 12), "[]",
		},
		{"lapsed: what the free plan brings", []Stretch{
			with(free, func(s *Stretch) { s.From = day(2, 1) }),
			with(pro, func(s *Stretch) { s.From, s.Until = day(2, 1), day(2, 28) }),
		}, map[Period]int64{
			{"free", 0}: 10,
			{"pro", 0}:  300,
		}, day(3, 1), "[free 1: 10]"},
		{
			"back after a pause of two months: this month only",
			[]Stretch{
				with(free, func(s *Stretch) { s.From = day(4, 30) }),
				with(pro, func(s *Stretch) { s.From, s.Paid, s.Until = day(5, 10), day(5, 31), day(6, 7) }),
			},
			map[Period]int64{
				{"free", 0}: 10, {"free", 1}: 10, {"free", 2}: 10, {"free", 3}: 10, {"free", 4}: 10,
				{"pro", 0}: 300,
			},
			day(5, 10), "[pro 3: 300]",
		},
	} {
		if got := dueText(AllDue(c.all, utc, c.given, c.now)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	at, amount := Next([]Stretch{free, pro}, utc, nil, day(2, 1))
	if !at.Equal(day(2, 28)) || amount != 300 {
		t.Errorf("Next = %s %d, want the 28th of February, 300", at, amount)
	}
	ending := with(pro, func(s *Stretch) { s.Until = day(2, 28) })
	at, amount = Next([]Stretch{free, ending}, utc, map[Period]int64{{"free", 0}: 10}, day(2, 1))
	if !at.Equal(day(2, 28)) || amount != 10 {
		t.Errorf("Next of a plan that ends = %s %d, want the 28th of February, 10", at, amount)
	}
	if !slices.IsSortedFunc(AllDue([]Stretch{yearly, free}, utc, nil, day(9, 1)),
		func(a, b Due) int { return a.Starts.Compare(b.Starts) }) {
		t.Error("not in order")
	}
}

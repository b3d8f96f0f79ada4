package credits

import (
	"math/big"
	"slices"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
)

// The calendar is pure: it knows neither the database nor the time. It is our
// own and not the provider's: a plan that is paid by the year brings its
// allowance every month all the same.

// A Stretch is a time in which a plan is in force.
type Stretch struct {
	Source    string    // what its periods are counted by: unpaidSource, or a subscription
	Anchor    time.Time // when its first period began; never changes
	From      time.Time // since when it is in force without a break
	Until     time.Time // until when it is in force, grace included; zero is without an end
	Paid      time.Time // paid through; zero for a plan that costs nothing
	Since     time.Time // when the time began that is paid for without a break; zero when there was none
	Rank      int       // of the plan: of several, the highest is in force
	Allowance billing.Allowance
}

// A Due is an allowance to be granted: for a period of a source, what is missing
// to its level.
type Due struct {
	Source  string
	Period  int
	Amount  int64
	Level   int64 // the allowance that the period has with it
	Starts  time.Time
	Expires time.Time
}

// A Period names a period of a source.
type Period struct {
	Source string
	Number int
}

// paidAhead is by how much a month must be paid beyond its first day to count:
// the provider's month and ours may differ by a day where time zones meet the
// end of a month. Nobody gets a month's credits for the last day of the one before.
const paidAhead = 48 * time.Hour

// Begin is when period n of a stretch begins: n months or days after the
// anchor, at the same time of day by the account's clock. A day that a month
// lacks is its last one, and an anchor on the 31st is the 31st again after
// February. A time that a clock change leaves out is the moment of the change; of
// one that comes twice, the first counts.
func (s Stretch) Begin(n int, zone *time.Location) time.Time {
	if n <= 0 {
		return s.Anchor
	}
	a := s.Anchor.In(zone)
	year, month, day := a.Date()
	if s.Allowance.Every == billing.Day {
		day += n
	} else {
		first := time.Date(year, month+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
		year, month = first.Year(), first.Month()
		day = min(day, first.AddDate(0, 1, -1).Day())
	}
	hour, minute, second := a.Clock()
	return wall(time.Date(year, month, day, hour, minute, second, a.Nanosecond(), time.UTC), zone)
}

// wall is the first moment at which the clocks of a zone show at least the date
// and time that u shows in UTC.
func wall(u time.Time, zone *time.Location) time.Time {
	// Walk over the clock changes near it: the first time of one offset that shows it, or begins later than it.
	for cursor := u.Add(-72 * time.Hour); ; {
		start, end := cursor.In(zone).ZoneBounds()
		_, offset := cursor.In(zone).Zone()
		t := u.Add(-time.Duration(offset) * time.Second)
		if !start.IsZero() && t.Before(start) {
			return start.UTC()
		}
		if end.IsZero() || t.Before(end) {
			return t.UTC()
		}
		cursor = end
	}
}

// Number is the period in which t lies; 0 for what is before the anchor.
func (s Stretch) Number(t time.Time, zone *time.Location) int {
	if !t.After(s.Anchor) {
		return 0
	}
	n := int(t.Sub(s.Anchor).Hours() / 24)
	if s.Allowance.Every != billing.Day {
		a, b := s.Anchor.In(zone), t.In(zone)
		n = 12*(b.Year()-a.Year()) + int(b.Month()) - int(a.Month())
	}
	n = max(0, n+2)
	for n > 0 && s.Begin(n, zone).After(t) {
		n--
	}
	return n
}

// After is the stretch of a plan that is paid for without a break since a moment. A
// month that began before was not paid, and brings nothing any more. Where the months
// that are paid begin on another day than the old ones, they are counted again, by a
// source of their own: the number of allowances is that of the months that are paid.
func (s Stretch) After(paid time.Time, subscription string, zone *time.Location) Stretch {
	s.Since = paid
	begin := s.Begin(s.Number(paid.Add(paidAhead), zone), zone)
	if s.Allowance.Every != billing.Day && begin.Before(paid.Add(-paidAhead)) {
		s.Source, s.Anchor = subscription+" "+paid.UTC().Format(time.RFC3339), paid
	}
	return s
}

// counts reports whether period n is one that is paid. In the days of grace a plan stays
// in force; its credits, which cost us money, wait for the payment.
func (s Stretch) counts(n int, zone *time.Location) bool {
	if s.Paid.IsZero() {
		return true
	}
	if !s.Since.IsZero() && s.Begin(n, zone).Before(s.Since.Add(-paidAhead)) {
		return false
	}
	if n == 0 { // it began with the payment, or with the trial: not when it was first seen in its days of grace
		return s.Paid.After(s.Anchor)
	}
	ahead := paidAhead
	if s.Allowance.Every == billing.Day {
		ahead = 0
	}
	return s.Paid.After(s.Begin(n, zone).Add(ahead))
}

// expires is when the allowance of period n ends: with the period, or later where
// it rolls over.
func (s Stretch) expires(n int, zone *time.Location) time.Time {
	return s.Begin(n+1+s.Allowance.RollOver, zone)
}

// AllDue returns every allowance that is due at now and not given yet, the
// earliest first. For each period in which a plan was the one in force there is
// one; a period that runs now and was given less than its plan brings today (an
// upgrade) gets the difference for the days that remain, as they are paid for; one
// that is over keeps what it got. Asking again after granting them returns none.
func AllDue(stretches []Stretch, zone *time.Location, given map[Period]int64, now time.Time) []Due {
	var out []Due
	for _, s := range stretches {
		if s.Allowance.Amount == 0 {
			continue
		}
		for _, piece := range inForce(s, stretches, now) {
			for n := s.Number(piece.from, zone); ; n++ {
				begin, end := s.Begin(n, zone), s.Begin(n+1, zone)
				if n > 0 && !begin.Before(piece.until) || begin.After(now) {
					break
				}
				if !end.After(begin) || !end.After(piece.from) || !s.counts(n, zone) {
					continue
				}
				have, some := given[Period{s.Source, n}]
				if some && (!end.After(now) || have >= s.Allowance.Amount) {
					continue
				}
				d := Due{
					Source: s.Source, Period: n, Amount: s.Allowance.Amount, Level: s.Allowance.Amount, Starts: begin,
					Expires: s.expires(n, zone),
				}
				if some {
					d.Amount = share(d.Level-have, end.Sub(now), end.Sub(begin))
				}
				if d.Amount > 0 && !slices.ContainsFunc(out, func(o Due) bool {
					return o.Source == d.Source && o.Period == d.Period
				}) {
					out = append(out, d)
				}
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Due) int { return a.Starts.Compare(b.Starts) })
	return out
}

// share is the part of n, rounded down, that falls to left of whole.
func share(n int64, left, whole time.Duration) int64 {
	part := new(big.Int).Mul(big.NewInt(n), big.NewInt(int64(left)))
	return part.Quo(part, big.NewInt(int64(whole))).Int64()
}

type span struct{ from, until time.Time }

// inForce are the pieces of a stretch up to now in which no better plan holds.
func inForce(s Stretch, all []Stretch, now time.Time) []span {
	end := now.Add(1) // now itself is included
	if !s.Until.IsZero() && s.Until.Before(end) {
		end = s.Until
	}
	pieces := []span{{s.From, end}}
	for _, o := range all {
		if o.Rank <= s.Rank || o.Source == s.Source {
			continue
		}
		var rest []span
		for _, p := range pieces {
			if o.From.After(p.from) {
				rest = append(rest, span{p.from, earlier(p.until, o.From)})
			}
			if !o.Until.IsZero() && o.Until.Before(p.until) {
				rest = append(rest, span{later(p.from, o.Until), p.until})
			}
		}
		pieces = rest
	}
	return slices.DeleteFunc(pieces, func(p span) bool { return !p.from.Before(p.until) })
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Next is when the next allowance comes after now, and how much, if nothing
// changes: renewals are taken as paid. The amount is 0 when none is to come.
func Next(stretches []Stretch, zone *time.Location, given map[Period]int64, now time.Time) (time.Time, int64) {
	var at time.Time
	var amount int64
	offer := func(t time.Time, n int64) {
		if n > 0 && t.After(now) && (at.IsZero() || t.Before(at)) {
			at, amount = t, n
		}
	}
	best := holds(stretches, now)
	if best == nil {
		return at, 0
	}
	next := best.Begin(best.Number(now, zone)+1, zone)
	if best.Until.IsZero() || next.Before(best.Until) {
		offer(next, best.Allowance.Amount)
	} else if after := holds(stretches, best.Until); after != nil {
		n := after.Number(best.Until, zone)
		offer(best.Until, after.Allowance.Amount-given[Period{after.Source, n}])
		offer(after.Begin(n+1, zone), after.Allowance.Amount)
	}
	return at, amount
}

// holds is the stretch in force at t.
func holds(stretches []Stretch, t time.Time) *Stretch {
	var best *Stretch
	for i, s := range stretches {
		if !s.From.After(t) && (s.Until.IsZero() || s.Until.After(t)) && (best == nil || s.Rank > best.Rank) {
			best = &stretches[i]
		}
	}
	return best
}

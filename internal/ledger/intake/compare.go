package intake

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
)

// A Check is what the balances that stand in a file say of how it is read.
type Check struct {
	Compared int   // balances that were compared with the entries
	Wrong    int   // those that do not follow from the entries
	Line     int   // the first such line
	Start    int64 // the balance with which the file begins, when no line of it explains it
	Reason   *fault.Fault
}

// A stated is the balance that a line of the file says, with what its entries move.
type stated struct {
	party *Party
	line  int
	delta int64
	says  int64
	opens bool
}

// state keeps the balance that stands in a line.
func (r *reader) state(p *Party, row Row, entries []ledger.EntryFields) {
	says, ok := r.running(row)
	if !ok || len(entries) == 0 {
		return
	}
	s := stated{party: p, line: row.Line, says: says}
	for _, e := range entries {
		s.delta += e.Signed()
	}
	r.balances = append(r.balances, s)
}

// running is the balance in a line, with the sign that it has in the file.
func (r *reader) running(row Row) (int64, bool) {
	text := r.cell(row, Running)
	if text == "" {
		return 0, false
	}
	f, err := readFigure(text, r.o.Desk.Currency, r.comma, true)
	if err != nil {
		return 0, false
	}
	if side, ok := sideOf(r.cell(row, RunningSide)); ok && f.side == "" {
		f.side = side
	}
	if f.minus != (f.side == ledger.Received) {
		return -f.minor, true
	}
	return f.minor, true
}

// A reading is one of the ways in which balances and entries of a file can go together.
type reading struct {
	sign     int64 // -1 where the file counts what is owed with a minus
	backward bool  // the newest entry stands first
	agree    int
	wrong    *stated
	want     int64
}

// compare finds the way in which the balances of the file follow from its entries, and how many do not.
func (r *reader) compare() {
	r.sign = 1
	if len(r.balances) == 0 {
		return
	}
	best, pairs, forward, backward := r.readings(func(b *stated) *Party { return b.party })
	if best.agree < pairs { // a balance of all parties together, as in a day book
		if all, n, f, b := r.readings(func(*stated) *Party { return nil }); all.agree == n && n > 0 {
			best, pairs, forward, backward = all, n, f, b
		}
	}
	if backward != forward {
		r.order = cmp.Compare(backward, forward)
	}
	r.sign = best.sign
	c := &Check{Compared: len(r.balances), Wrong: pairs - best.agree}
	// The balance of each line alone is what is due of its own bill.
	if alone := r.eachAlone(1); alone == len(r.balances) && c.Wrong > 0 || pairs == 0 && alone > 0 {
		c.Wrong, best.wrong = len(r.balances)-alone, nil
	} else if pairs == 0 {
		if opposite := r.eachAlone(-1); opposite > 0 {
			r.sign = -1
			c.Wrong = len(r.balances) - opposite
		}
	}
	first := r.balances[0]
	if best.backward && backward > forward {
		first = r.balances[len(r.balances)-1]
	}
	if r.single != nil && !first.opens && c.Wrong == 0 {
		c.Start = r.sign*first.says - first.delta
	}
	r.Check = c
	switch text := func(minor int64) string {
		return money.Amount{
			Minor:    minor,
			Currency: r.o.Desk.Currency,
		}.Format()
	}; {
	case c.Wrong > 0 && best.wrong != nil:
		c.Line = best.wrong.line
		c.Reason = fault.New(fault.Invalid,
			"In line %d the balance in the file is %s, and its entries make %s. Check how the columns are read.", c.Line, text(best.wrong.says), text(best.want))
	case c.Wrong > 0:
		c.Reason = fault.New(fault.Invalid,
			"The balances in the file do not follow from its entries. Check how the columns are read.")
	case c.Start != 0:
		c.Reason = fault.New(fault.Invalid,
			"The file begins with a balance of %s that none of its lines explains. It is not imported.", text(c.Start))
	default:
		c.Reason = fault.New(fault.Invalid, "The balances in the file are those that its entries make.")
	}
}

// readings tries the ways of reading with the balances that stand one after the other in an account. It returns the one
// in which most follow, how many pairs there are, and how many of them follow with the oldest and with the newest
// entry first.
func (r *reader) readings(account func(*stated) *Party) (best reading, pairs, forward, backward int) {
	for i, way := range []reading{{sign: 1}, {sign: -1}, {sign: 1, backward: true}, {sign: -1, backward: true}} {
		last := map[*Party]*stated{}
		pairs = 0
		for n := range r.balances {
			now := &r.balances[n]
			before := last[account(now)]
			last[account(now)] = now
			if before == nil {
				continue
			}
			pairs++
			older, newer := before, now
			if way.backward {
				older, newer = now, before
			}
			if older.says+way.sign*newer.delta == newer.says {
				way.agree++
			} else if way.wrong == nil {
				way.wrong, way.want = newer, older.says+way.sign*newer.delta
			}
		}
		if way.backward {
			backward = max(backward, way.agree)
		} else {
			forward = max(forward, way.agree)
		}
		if i == 0 || way.agree > best.agree {
			best = way
		}
	}
	return best, pairs, forward, backward
}

// eachAlone is how many balances are what their own line makes.
func (r *reader) eachAlone(sign int64) (n int) {
	for _, b := range r.balances {
		if b.says == sign*b.delta {
			n++
		}
	}
	return n
}

// opens keeps a line that says the balance from before the file.
func (r *reader) opens(row Row) {
	p := r.single
	if p == nil {
		fields, phones := r.partyFields(row)
		before := len(r.Problems)
		if fields.Name == "" {
			return
		}
		if p = r.find(row, fields, phones); p == nil || len(r.Problems) > before {
			return
		}
	}
	before := len(r.Problems)
	f := ledger.EntryFields{Opening: true, Note: r.o.OpeningNote}
	given, received := r.sided(row, Given), r.sided(row, Received)
	switch {
	case given.AmountMinor > 0 && received.AmountMinor > 0:
		r.problem(row, Received, errBothSides)
	case given.AmountMinor > 0:
		f.Side, f.AmountMinor = given.Side, given.AmountMinor
	case received.AmountMinor > 0:
		f.Side, f.AmountMinor = received.Side, received.AmountMinor
	default:
		f.Side, f.AmountMinor = r.signed(row, Amount)
	}
	if d := r.cell(row, Date); d != "" && len(r.Problems) == before {
		if date, _, err := r.calendar.read(d); err == nil {
			f.Date = date
		}
	}
	if len(r.Problems) > before {
		return
	}
	if _, own, ok := strings.Cut(r.joined(row, Details, ", "), ": "); ok && strings.TrimSpace(own) != "" {
		f.Note = strings.TrimSpace(own)
	}
	r.keep(p, row)
	says, said := r.running(row)
	if said {
		r.balances = append(r.balances, stated{party: p, line: row.Line, says: says, opens: true})
	}
	d := draft{p, row, "opening", f, -1}
	if f.AmountMinor == 0 && said {
		d.at = -2 // the amount stands in the column of balances
	}
	r.openings = append(r.openings, d)
}

// settle puts the entries into their order, with the balances from before them.
func (r *reader) settle() {
	r.settleOpenings()
	backward := r.order > 0
	if r.order == 0 {
		backward = r.newestFirst()
	}
	places := r.places(backward)
	for i, d := range r.drafts {
		r.take(d.party, d.row, d.what, places[i], d.f)
	}
}

// settleOpenings takes the first of the balances brought forward of a party, when the khata has none and no entry
// stands before it.
func (r *reader) settleOpenings() {
	first := map[*Party]time.Time{}
	for _, d := range r.drafts {
		if t, ok := first[d.party]; !ok || d.f.Date.Before(t) {
			first[d.party] = d.f.Date
		}
	}
	chosen := map[*Party]int{}
	for i, d := range r.openings {
		n, ok := chosen[d.party]
		if now := r.openings[max(n, 0)].f.Date; !ok || d.f.Date.Before(now) || d.f.Date.Equal(now) && r.order > 0 {
			chosen[d.party] = i
		}
	}
	for i, d := range r.openings {
		if d.at == -2 {
			if says, _ := r.running(d.row); says != 0 {
				d.f.Side, d.f.AmountMinor = ledger.Given, r.sign*says
				if d.f.AmountMinor < 0 {
					d.f.Side, d.f.AmountMinor = ledger.Received, -d.f.AmountMinor
				}
			}
			d.at = -1
		}
		start, any := first[d.party]
		if d.f.Date.IsZero() {
			if d.f.Date = start; !any {
				d.f.Date = r.o.OpeningDate
			}
		}
		switch {
		case d.f.AmountMinor == 0, chosen[d.party] != i, any && d.f.Date.After(start):
			r.leave(d.row, outOpening)
			continue
		case d.party.opening, d.party.begun:
			r.leave(d.row, outBegun)
			continue
		}
		before := len(r.Problems)
		clean, err := d.f.Clean()
		if err != nil {
			r.problem(d.row, Date, err)
		} else {
			r.day(d.row, Date, clean.Date)
		}
		if len(r.Problems) > before {
			continue
		}
		d.f, d.party.opening = clean, true
		r.drafts = append(r.drafts, d)
	}
}

// newestFirst reports a file whose dates go down.
func (r *reader) newestFirst() bool {
	last := map[*Party]time.Time{}
	up, down := 0, 0
	for _, d := range r.drafts {
		if d.what == "opening" {
			continue
		}
		if t, ok := last[d.party]; ok {
			step(d.f.Date.Compare(t), &up, &down)
		}
		last[d.party] = d.f.Date
	}
	return down > 2*up
}

// places are where the entries stand in their day: by the time of day where each has one, and otherwise as in the file.
func (r *reader) places(backward bool) []int {
	out := make([]int, len(r.drafts))
	lowest, timed := 0, true
	for _, d := range r.drafts {
		lowest = max(lowest, d.row.Line)
		timed = timed && (d.at >= 0 || d.what == "opening")
	}
	for i, d := range r.drafts {
		if out[i] = d.row.Line; backward {
			out[i] = lowest + 1 - d.row.Line
		}
	}
	if !timed {
		return out
	}
	order := make([]int, len(out))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		x, y := r.drafts[a], r.drafts[b]
		return cmp.Or(x.f.Date.Compare(y.f.Date), cmp.Compare(x.at, y.at), cmp.Compare(out[a], out[b]))
	})
	ranks, rank, last := make([]int, len(out)), 0, -1
	for _, i := range order {
		if line := r.drafts[i].row.Line; line != last {
			rank, last = rank+1, line
		}
		ranks[i] = rank
	}
	return ranks
}

func (r *reader) take(p *Party, row Row, what string, place int, f ledger.EntryFields) {
	r.Entries = append(r.Entries, ledger.BatchEntry{
		ID: entryID(r.o.Upload, what, place), PartyID: p.ID,
		EntryFields: f,
	})
	r.Lines = append(r.Lines, row.Line)
	p.Entries++
	p.After += r.counted(f)
	if f.Side == ledger.Given {
		r.Given += f.AmountMinor
	} else {
		r.Received += f.AmountMinor
	}
}

package ledger_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// Over random histories, every figure of every report is what loops over all entries say.
func TestReportsAreSumsOfEntries(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	ctx := t.Context()
	rapid.Check(t, func(r *rapid.T) {
		u, m := db.Pro(t, db.User(t, "Asha")), &model{}
		err := db.As(ctx, u.Caller, func(tx *postgres.Tx) error {
			if err := m.trade(ctx, t, r, tx); err != nil {
				return err
			}
			for _, span := range []ledger.Range{
				{}, {From: date("2026-05-01")}, {To: date("2026-05-15")}, {
					From: date("2026-05-01"),
					To:   date("2026-05-31"),
				}, {From: date("2026-04-20"), To: date("2026-04-20")},
			} {
				if err := m.compareReports(ctx, tx, span); err != nil {
					return fmt.Errorf("range %v: %w", span, err)
				}
			}
			return nil
		})
		if err != nil {
			r.Fatal(err)
		}
	})
}

// trade writes a history: parties, entries on days around today, old balances, some of all in the bin.
func (m *model) trade(ctx context.Context, t *testing.T, r *rapid.T, tx *postgres.Tx) error {
	for range rapid.IntRange(1, 4).Draw(r, "parties") {
		p := &modelParty{id: newID(t), f: ledger.PartyFields{Kind: ledger.Customer, Name: "Ram"}}
		if _, err := ledger.AddParty(ctx, tx, p.id, p.f); err != nil {
			return err
		}
		m.parties = append(m.parties, p)
		for i := range rapid.IntRange(0, 25).Draw(r, "entries") {
			e := &modelEntry{id: newID(t), party: p.id, f: ledger.EntryFields{
				Side: rapid.SampledFrom([]ledger.Side{ledger.Given, ledger.Given, ledger.Received}).Draw(r,
					"side"),
				AmountMinor: rapid.OneOf(rapid.Int64Range(1, 500),
					rapid.SampledFrom([]int64{1, 5000, money.Max})).Draw(r, "paise"),
				Date: date("2026-03-15").AddDate(0, 0, rapid.OneOf(rapid.IntRange(0, 120),
					rapid.SampledFrom([]int{16, 17, 46, 47, 76, 77})).Draw(r, "day")),
				Opening: i == 0 && rapid.Bool().Draw(r, "old balance"),
			}}
			if !e.f.Opening {
				e.f.Mode = rapid.SampledFrom(append(ledger.Modes[:], "", ledger.Cash)).Draw(r, "mode")
			}
			var err error
			if e.f.Opening {
				_, err = ledger.AddOpening(ctx, tx, e.id, p.id, e.f)
			} else {
				_, err = ledger.AddEntry(ctx, tx, e.id, p.id, e.f)
			}
			if err != nil {
				return err
			}
			if e.deleted = rapid.IntRange(0, 9).Draw(r, "deleted") == 0; e.deleted {
				if _, err := ledger.DeleteEntry(ctx, tx, e.id, 1); err != nil {
					return err
				}
			}
			m.entries = append(m.entries, e)
		}
		if p.deleted = rapid.IntRange(0, 7).Draw(r, "party deleted") == 0; p.deleted {
			if _, err := ledger.DeleteParty(ctx, tx, p.id, 1); err != nil {
				return err
			}
		}
	}
	return nil
}

func within(span ledger.Range, d time.Time) bool {
	return !span.Before(d) && !beyond(span, d)
}

func beyond(span ledger.Range, d time.Time) bool { return !span.To.IsZero() && d.After(span.To) }

func (m *model) compareReports(ctx context.Context, tx *postgres.Tx, span ledger.Range) error {
	var day ledger.DayBook
	var cash ledger.CashBook
	summary := map[string]ledger.PartySum{}
	came, ways := map[time.Time]int64{}, ledger.ByMode{}
	days := map[time.Time]ledger.DaySum{}
	for _, p := range m.parties {
		sum := ledger.PartySum{PartyID: p.id, Kind: p.f.Kind, Name: p.f.Name}
		for _, e := range m.ordered(p.id) {
			d := e.f.Date
			if p.deleted || beyond(span, d) {
				continue
			}
			sum.Closing += e.f.Signed()
			if e.f.PaidBy() == ledger.Cash {
				cash.Closing -= e.f.Signed()
			}
			if !within(span, d) {
				sum.Opening += e.f.Signed()
				continue
			}
			s := days[d]
			s.Date, s.Entries = d, s.Entries+1
			day.Entries++
			if e.f.Side == ledger.Given {
				sum.Given, day.Given, s.Given = sum.Given+e.f.AmountMinor, day.Given+e.f.AmountMinor, s.Given+
					e.f.AmountMinor
			} else {
				sum.Received, day.Received, s.Received = sum.Received+e.f.AmountMinor, day.Received+
					e.f.AmountMinor, s.Received+e.f.AmountMinor
			}
			days[d] = s
			switch {
			case e.f.PaidBy() != ledger.Cash:
			case e.f.Side == ledger.Given:
				cash.Out += e.f.AmountMinor
			default:
				cash.In += e.f.AmountMinor
			}
			if e.f.Side == ledger.Received && !e.f.Opening {
				came[d] += e.f.AmountMinor
				ways[slices.Index(ledger.Modes[:], e.f.PaidBy())] += e.f.AmountMinor
			}
		}
		if sum.Opening != 0 || sum.Given != 0 || sum.Received != 0 {
			summary[p.id.String()] = sum
		}
	}
	cash.Opening = cash.Closing - cash.In + cash.Out
	lines := 0
	got, err := ledger.WriteDayBook(ctx, tx, span, func(l ledger.DayLine) error {
		if i := slices.IndexFunc(m.entries, func(e *modelEntry) bool { return e.id == l.ID }); i < 0 ||
			m.entries[i].f != l.EntryFields || m.entries[i].party != l.PartyID || m.entries[i].deleted {
			return fmt.Errorf("line %+v of no entry", l)
		}
		lines++
		return nil
	})
	if err != nil {
		return err
	}
	if got.Given != day.Given || got.Received != day.Received || got.Entries != day.Entries || lines != day.Entries ||
		len(got.Days) != len(days) {
		return fmt.Errorf("day book %+v of %d lines, want %+v", got, lines, day)
	}
	for i, d := range got.Days {
		if d != days[d.Date] || i > 0 && !got.Days[i-1].Date.Before(d.Date) {
			return fmt.Errorf("day %+v, want %+v, in order", d, days[d.Date])
		}
	}
	if err := compareCash(ctx, tx, span, cash, got); err != nil {
		return err
	}
	if err := compareCollections(ctx, tx, span, came, ways); err != nil {
		return err
	}
	if err := compareSummary(ctx, tx, span, summary); err != nil {
		return err
	}
	return m.compareAgeing(ctx, tx, span.To)
}

func compareCash(ctx context.Context, tx *postgres.Tx, span ledger.Range, want ledger.CashBook,
	day ledger.DayBook,
) error {
	got, err := ledger.CashBookOf(ctx, tx, span)
	if err != nil {
		return err
	}
	if got.Opening != want.Opening || got.In != want.In || got.Out != want.Out || got.Closing != want.Closing {
		return fmt.Errorf("cash book %+v, want %+v", got, want)
	}
	balance, short := want.Opening, 0
	for _, d := range got.Days {
		if d.Balance < 0 {
			short++
		}
		if balance += d.In - d.Out; d.Balance != balance || !within(span, d.Date) {
			return fmt.Errorf("cash day %+v, want the balance %d", d, balance)
		}
	}
	if short != len(got.Short) {
		return fmt.Errorf("%d days end below nothing, and %d are named", short, len(got.Short))
	}
	if balance != want.Closing || len(got.Days) > len(day.Days) {
		return fmt.Errorf("the days of the cash book come to %d, want %d", balance, want.Closing)
	}
	return nil
}

func compareCollections(ctx context.Context, tx *postgres.Tx, span ledger.Range, want map[time.Time]int64,
	ways ledger.ByMode,
) error {
	got, err := ledger.CollectionsOf(ctx, tx, span)
	if err != nil {
		return err
	}
	var days, makers ledger.ByMode
	entries := 0
	for i, d := range got.Days {
		if d.Modes.Total() != want[d.Date] || i > 0 && !got.Days[i-1].Date.Before(d.Date) {
			return fmt.Errorf("collections of %+v, want %d, in order", d, want[d.Date])
		}
		for i, minor := range d.Modes {
			days[i] += minor
		}
	}
	for _, m := range got.Makers {
		if m.UserID != tx.Scope.UserID {
			return fmt.Errorf("collections of %v, who wrote nothing", m.UserID)
		}
		entries += m.Entries
		for i, minor := range m.Modes {
			makers[i] += minor
		}
	}
	if got.Modes != ways || days != ways || makers != ways || entries != got.Entries || len(got.Days) != len(want) {
		return fmt.Errorf("collections %+v, want %v on %d days", got, ways, len(want))
	}
	return nil
}

func compareSummary(ctx context.Context, tx *postgres.Tx, span ledger.Range, want map[string]ledger.PartySum) error {
	got, err := ledger.PartySummaryOf(ctx, tx, span)
	if err != nil {
		return err
	}
	var total, rows ledger.PartySum
	for _, p := range want {
		total.Opening, total.Given, total.Received, total.Closing = total.Opening+p.Opening, total.Given+
			p.Given, total.Received+p.Received, total.Closing+p.Closing
	}
	for _, p := range got.Rows {
		if p != want[p.PartyID.String()] {
			return fmt.Errorf("summary row %+v, want %+v", p, want[p.PartyID.String()])
		}
	}
	rows = ledger.PartySum{Opening: got.Opening, Given: got.Given, Received: got.Received, Closing: got.Closing}
	if rows != total || len(got.Rows) != len(want) || got.Get-got.Give != total.Closing {
		return fmt.Errorf("summary %+v of %d rows, want %+v of %d", rows, len(got.Rows), total, len(want))
	}
	return nil
}

// compareAgeing settles each receipt against the oldest given entry that has something open, one by one.
func (m *model) compareAgeing(ctx context.Context, tx *postgres.Tx, until time.Time) error {
	got, err := ledger.AgeingOf(ctx, tx, until)
	if err != nil {
		return err
	}
	on, left, total := tx.Scope.Today, map[string]ledger.AgedParty{}, int64(0)
	if !until.IsZero() && until.Before(on) {
		on = until
	}
	for _, p := range m.parties {
		type open struct {
			date   time.Time
			unpaid int64
		}
		var given []open
		var paid int64
		for _, e := range m.ordered(p.id) {
			switch {
			case p.deleted || beyond(ledger.Range{To: until}, e.f.Date):
			case e.f.Side == ledger.Given:
				given = append(given, open{e.f.Date, e.f.AmountMinor})
			default:
				paid += e.f.AmountMinor
			}
		}
		row := ledger.AgedParty{PartyID: p.id, Kind: p.f.Kind, Name: p.f.Name}
		for _, g := range given {
			part := min(paid, g.unpaid)
			paid, g.unpaid = paid-part, g.unpaid-part
			if g.unpaid == 0 {
				continue
			}
			if row.Oldest.IsZero() {
				row.Oldest = g.date
			}
			bucket := 3
			for i := 2; i >= 0; i-- {
				if !g.date.AddDate(0, 0, ledger.Ages[i]).Before(on) {
					bucket = i
				}
			}
			row.Buckets[bucket] += g.unpaid
			row.Total += g.unpaid
		}
		if row.Total > 0 {
			left[p.id.String()] = row
			total += row.Total
		}
	}
	var sum int64
	for _, b := range got.Buckets {
		sum += b
	}
	if got.Total != total || sum != total || len(got.Rows) != len(left) || !got.On.Equal(on) {
		return fmt.Errorf("ageing until %v: %d (%d in buckets) of %d rows, want %d of %d", until, got.Total, sum,
			len(got.Rows), total, len(left))
	}
	for i, row := range got.Rows {
		if row != left[row.PartyID.String()] {
			return fmt.Errorf("ageing row %+v, want %+v", row, left[row.PartyID.String()])
		}
		if i > 0 && row.Oldest.Before(got.Rows[i-1].Oldest) {
			return fmt.Errorf("ageing is not in order of the oldest")
		}
	}
	if until.IsZero() {
		return sameAsList(ctx, tx, got)
	}
	return nil
}

// sameAsList holds the ageing against the list of parties, which has the same rule.
func sameAsList(ctx context.Context, tx *postgres.Tx, a ledger.Ageing) error {
	list, err := listParties(ctx, tx, ledger.PartyFilter{Sort: ledger.SortOldest, Show: ledger.ShowDue})
	if err != nil {
		return err
	}
	if list.Get != a.Total || len(list.Rows) != len(a.Rows) {
		return fmt.Errorf("ageing: %d of %d parties; the list: %d of %d", a.Total, len(a.Rows), list.Get,
			len(list.Rows))
	}
	for i, row := range list.Rows {
		if row.ID != a.Rows[i].PartyID || row.Balance != a.Rows[i].Total || !row.OldestDue.Equal(a.Rows[i].Oldest) {
			return fmt.Errorf("ageing row %+v, the list has %+v", a.Rows[i], row)
		}
	}
	return nil
}

// Reports show a reader the whole business, a counter nothing, and a stranger an own empty one.
func TestWhoReadsReports(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	stranger := s.db.User(t, "Ravi")
	reports := map[string]func(*postgres.Tx) (int64, error){
		"day book": func(tx *postgres.Tx) (int64, error) {
			b, err := ledger.WriteDayBook(t.Context(), tx, ledger.Range{}, func(ledger.DayLine) error { return nil })
			return b.Given, err
		},
		"cash book": func(tx *postgres.Tx) (int64, error) {
			b, err := ledger.CashBookOf(t.Context(), tx, ledger.Range{})
			return b.In, err
		},
		"party summary": func(tx *postgres.Tx) (int64, error) {
			b, err := ledger.PartySummaryOf(t.Context(), tx, ledger.Range{})
			return b.Given, err
		},
		"ageing": func(tx *postgres.Tx) (int64, error) {
			b, err := ledger.AgeingOf(t.Context(), tx, time.Time{})
			return b.Total, err
		},
	}
	for name, report := range reports {
		for _, u := range []*pgtest.User{
			s.owner, s.db.Member(t, s.owner, nil, "manager"),
			s.db.Member(t, s.owner, &s.owner.BusinessID, "accountant"),
		} {
			if got := must(t, s.db, u, report); got <= 0 {
				t.Errorf("%s: a reader sees %d", name, got)
			}
		}
		if got := must(t, s.db, stranger, report); got != 0 {
			t.Errorf("%s: a stranger sees %d", name, got)
		}
		_, err := as(t, s.db, s.counter, report)
		wantKind(t, name+" of a counter", err, fault.Forbidden)
		caller := stranger.Caller
		caller.Business = s.owner.BusinessID
		err = s.db.As(t.Context(), caller, func(tx *postgres.Tx) error { _, err := report(tx); return err })
		wantKind(t, name+" of somebody else's business", err, fault.NotFound)
	}
}

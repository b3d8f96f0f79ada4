package ledger_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"github.com/tijorihq/tijori/internal/fault"
	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/ledger/export"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

// setClock moves the service clock of a test's database.
func setClock(t testing.TB, db *pgtest.DB, offset time.Duration) {
	t.Helper()
	if _, err := db.Super.Exec(t.Context(), `update service_clock set simulated = true, offset_seconds = $1`,
		int64(offset/time.Second)); err != nil {
		t.Fatal(err)
	}
}

func setZone(t testing.TB, db *pgtest.DB, u *pgtest.User, zone string) {
	t.Helper()
	if _, err := db.Super.Exec(t.Context(), `update businesses set time_zone = $2 where id = $1`, u.BusinessID,
		zone); err != nil {
		t.Fatal(err)
	}
}

// Today is the day of the business: that of its zone, by the service clock, and everybody is told the same.
func TestTodayIsTheDayOfTheBusiness(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	u := db.User(t, "Asha")
	counter := db.Member(t, u, &u.BusinessID, "counter")
	for zone, place := range map[string]string{
		"Asia/Kolkata": "Asia/Kolkata", "Pacific/Kiritimati": "Pacific/Kiritimati",
		"Pacific/Pago_Pago": "Pacific/Pago_Pago",
		"No/Such_Place":     "Asia/Kolkata",
	} {
		setZone(t, db, u, zone)
		for _, offset := range []time.Duration{0, 12 * time.Hour, 700 * time.Hour} {
			setClock(t, db, offset)
			from := must2(t)(ledger.Today(time.Now().Add(offset-time.Second), place))
			got := must(t, db, u, func(tx *postgres.Tx) (time.Time, error) { return tx.Scope.Today, nil })
			same := must(t, db, counter, func(tx *postgres.Tx) (time.Time, error) { return tx.Scope.Today, nil })
			until := must2(t)(ledger.Today(time.Now().Add(offset+time.Second), place))
			if got.Before(from) || got.After(until) || same.Before(got) || same.After(until) {
				t.Errorf("%s in %v: today is %v and %v, want %v", zone, offset, got, same, from)
			}
		}
	}
	none, err := as(t, db, &pgtest.User{Caller: u.Account()}, func(tx *postgres.Tx) (time.Time, error) {
		return tx.Scope.Today, nil
	})
	if err != nil || !none.IsZero() {
		t.Errorf("without a business today is %v, %v", none, err)
	}
}

func must2(t testing.TB) func(time.Time, error) time.Time {
	return func(d time.Time, err error) time.Time {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
}

// A figure is what a page, file or message says that a party owes.
type figure struct {
	where   string
	balance int64
}

// Whatever was written for whichever day, and whatever the clock says, every place that says what a party owes today
// says what its entries up to today come to.
func TestEntriesDatedAheadCountNowhere(t *testing.T) {
	t.Parallel()
	db := pgtest.New(t)
	rapid.Check(t, func(r *rapid.T) {
		u := db.User(t, "Asha")
		setClock(t, db, 0)
		setZone(t, db, u, rapid.SampledFrom([]string{"Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago"}).Draw(r,
			"zone"))
		m := &model{}
		for n := range rapid.IntRange(1, 4).Draw(r, "parties") {
			p := addParty(t, db, u, fmt.Sprint("Party ", n))
			m.parties = append(m.parties, &modelParty{id: p.ID, f: p.PartyFields})
		}
		today := must(t, db, u, func(tx *postgres.Tx) (time.Time, error) { return tx.Scope.Today, nil })
		draw := func() ledger.EntryFields {
			return ledger.EntryFields{
				Side:        rapid.SampledFrom([]ledger.Side{ledger.Given, ledger.Received}).Draw(r, "side"),
				AmountMinor: rapid.Int64Range(1, 500).Draw(r, "minor"),
				Date:        today.AddDate(0, 0, rapid.IntRange(-60, 60).Draw(r, "day")),
			}
		}
		for range rapid.IntRange(0, 12).Draw(r, "entries") {
			f, p := draw(), rapid.SampledFrom(m.parties).Draw(r, "party")
			e := addEntry(t, db, u, p.id, f)
			if rapid.Bool().Draw(r, "edit") {
				f = draw()
				e = must(t, db, u, func(tx *postgres.Tx) (ledger.Entry, error) {
					return ledger.EditEntry(t.Context(), tx, e.ID, e.Version, f)
				})
			}
			m.entries = append(m.entries, &modelEntry{id: e.ID, party: p.id, f: f})
		}
		tokens := map[uuid.UUID]string{}
		for _, p := range m.parties {
			_, tokens[p.id] = addShare(t, db, u, p.id, ledger.Range{To: ledger.LastDate})
		}
		for range rapid.IntRange(1, 4).Draw(r, "clocks") {
			setClock(t, db, time.Duration(rapid.IntRange(-10*24, 70*24).Draw(r, "hours"))*time.Hour)
			if err := db.As(t.Context(), u.Caller, func(tx *postgres.Tx) error {
				return m.compareToday(t, r, db, tx, tokens)
			}); err != nil {
				r.Fatal(err)
			}
			wantSums(t, db, "the clock was moved")
		}
	})
}

// compareToday holds every figure of every place against the entries up to today.
func (m *model) compareToday(t *testing.T, r *rapid.T, db *pgtest.DB, tx *postgres.Tx,
	tokens map[uuid.UUID]string,
) error {
	ctx, today := t.Context(), tx.Scope.Today
	now := &model{parties: m.parties}
	for _, e := range m.entries {
		if !e.f.Date.After(today) {
			now.entries = append(now.entries, e)
		}
	}
	var get, give int64
	for _, p := range now.parties {
		want := now.balance(p.id)
		get, give = get+max(want, 0), give+max(-want, 0)
		figures, err := figuresOf(ctx, r, tx, p.id)
		if err != nil {
			return err
		}
		shared, _, err := readShared(t, db, tokens[p.id])
		if err != nil {
			return err
		}
		for _, f := range append(figures, figure{"the shared page", shared.Closing}) {
			if f.balance != want {
				return fmt.Errorf("on %v, %s of %s says %d, want %d", today, f.where, p.f.Name, f.balance, want)
			}
		}
		if shared.Range.To.After(today) {
			return fmt.Errorf("on %v, a shared page speaks of %v", today, shared.Range.To)
		}
	}
	if err := now.compareTotals(ctx, tx, get, give); err != nil {
		return err
	}
	if err := now.compareLists(ctx, r, tx); err != nil {
		return err
	}
	return m.compareBookToday(ctx, tx, now)
}

// figuresOf is what every place that is about one party says that it owes today.
func figuresOf(ctx context.Context, r *rapid.T, tx *postgres.Tx, party uuid.UUID) ([]figure, error) {
	balance, err := ledger.BalanceOf(ctx, tx, party)
	if err != nil {
		return nil, err
	}
	out := []figure{{"the balance", balance}}
	reminded, err := ledger.Remind(ctx, tx, uuid.New(), party, ledger.Copy, "en")
	if err == nil {
		out = append(out, figure{"the reminder", reminded.Balance})
	} else if !fault.Is(err, fault.Conflict) {
		return nil, err
	} else if balance > 0 {
		out = append(out, figure{"the refused reminder", 0})
	}
	page, err := partyPageByID(ctx, tx, party, "")
	if err != nil {
		return nil, err
	}
	out = append(out, figure{"the page", page.Balance}, figure{"the page's sides", page.Given - page.Received})
	latest := int64(0)
	for _, row := range slices.Backward(page.Rows) {
		if row.Ahead != row.Date.After(tx.Scope.Today) {
			return nil, fmt.Errorf("an entry of %v is ahead: %v", row.Date, row.Ahead)
		}
		if !row.Ahead {
			latest = row.Balance
		}
	}
	out = append(out, figure{"the page's latest line", latest})
	ranges := map[string]ledger.Range{
		"the statement": {}, "the statement up to a day ahead": {To: tx.Scope.Today.AddDate(0, 0, 90)},
		"the statement up to today": {To: tx.Scope.Today},
		"the statement from a day":  {From: tx.Scope.Today.AddDate(0, 0, -7)},
		"the statement of days ahead": {
			From: tx.Scope.Today.AddDate(0, 0, 1), To: tx.Scope.Today.AddDate(0, 0, 90),
		},
	}
	for range 2 {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(ranges))).Draw(r, "range")
		days := ranges[name]
		s, err := ledger.WriteStatement(ctx, tx, party, days, func(ledger.Statement) error { return nil },
			func(ledger.Line) error { return nil })
		if err != nil {
			return nil, err
		}
		out = append(out, figure{name, s.Closing})
		var file bytes.Buffer
		o := export.Options{Allow: everybody, Currency: "INR"}
		if err := export.PartyCSV(ctx, tx, &file, party, days, o); err != nil {
			return nil, err
		}
		rows, err := csv.NewReader(&file).ReadAll()
		if err != nil {
			return nil, err
		}
		closing, err := minor(rows[len(rows)-1][4])
		if err != nil {
			return nil, err
		}
		out = append(out, figure{"the file of " + name, closing})
	}
	return out, nil
}

// minor reads an amount of a file, with its sign.
func minor(text string) (int64, error) {
	plain, negative := strings.CutPrefix(text, "-")
	if strings.Trim(plain, "0.") == "" {
		return 0, nil
	}
	n, err := money.Parse(plain, "INR")
	if negative {
		n = -n
	}
	return n, err
}

// compareTotals holds what is about all parties against the sums of what each owes.
func (m *model) compareTotals(ctx context.Context, tx *postgres.Tx, get, give int64) error {
	var totals ledger.Totals
	var b pgx.Batch
	ledger.QueueTotals(&b, &totals)
	if err := tx.SendBatch(ctx, &b).Close(); err != nil {
		return err
	}
	want := ledger.Totals{Get: get, Give: give, Parties: len(m.parties)}
	var in, out int64
	for _, p := range m.parties {
		if balance := m.balance(p.id); balance > 0 {
			want.Due++
		} else if balance < 0 {
			want.Advance++
		}
		for _, e := range m.ordered(p.id) {
			if e.f.Side == ledger.Given {
				out += e.f.AmountMinor
			} else {
				in += e.f.AmountMinor
			}
		}
	}
	if totals != want {
		return fmt.Errorf("totals %+v, want %+v", totals, want)
	}
	for name, r := range map[string]ledger.Range{"all": {}, "ahead": {To: tx.Scope.Today.AddDate(0, 0, 90)}} {
		sum, err := ledger.PartySummaryOf(ctx, tx, r)
		if err != nil || sum.Get != get || sum.Give != give {
			return fmt.Errorf("summary of %s: get %d, give %d, %v; want %d, %d", name, sum.Get, sum.Give, err, get,
				give)
		}
		days, err := ledger.WriteDayBook(ctx, tx, r, func(ledger.DayLine) error { return nil })
		if err != nil || days.Given != out || days.Received != in {
			return fmt.Errorf("day book of %s: %d, %d, %v; want %d, %d", name, days.Given, days.Received, err, out, in)
		}
		age, err := ledger.AgeingOf(ctx, tx, r.To)
		if err != nil || age.Total != get || !age.On.Equal(tx.Scope.Today) {
			return fmt.Errorf("ageing of %s: %d on %v, %v; want %d", name, age.Total, age.On, err, get)
		}
	}
	return nil
}

// compareLists holds each order and choice of the list against a list that is made from the entries.
func (m *model) compareLists(ctx context.Context, r *rapid.T, tx *postgres.Tx) error {
	for range 6 {
		f := ledger.PartyFilter{
			Sort: rapid.SampledFrom([]string{
				ledger.SortBalance, ledger.SortOldest, ledger.SortName, ledger.SortRecent,
			}).Draw(r, "sort"),
			Show:  rapid.SampledFrom([]string{ledger.ShowAll, ledger.ShowDue, ledger.ShowAdvance}).Draw(r, "show"),
			Query: rapid.SampledFrom([]string{"", "party"}).Draw(r, "query"),
		}
		list, err := listParties(ctx, tx, f)
		if err != nil {
			return err
		}
		matching := 0
		for _, p := range m.parties {
			if b := m.balance(p.id); f.Show == ledger.ShowAll || f.Show == ledger.ShowDue && b > 0 ||
				f.Show == ledger.ShowAdvance && b < 0 {
				matching++
			}
		}
		if list.Matching != matching && len(list.Rows) > 0 || len(list.Rows) != matching {
			return fmt.Errorf("list %+v: %d rows of %d, want %d", f, len(list.Rows), list.Matching, matching)
		}
		if err := m.compareRows(f, list.Rows); err != nil {
			return err
		}
	}
	return nil
}

func (m *model) compareRows(f ledger.PartyFilter, rows []ledger.PartyRow) error {
	before := int64(math.MinInt64)
	for _, row := range rows {
		entries := m.ordered(row.ID)
		if row.Balance != m.balance(row.ID) || row.Entries != len(entries) {
			return fmt.Errorf("list %+v: %s has %d of %d entries, want %d of %d", f, row.Name, row.Balance, row.Entries,
				m.balance(row.ID), len(entries))
		}
		last, due := time.Time{}, m.oldestDue(row.ID)
		if n := len(entries); n > 0 {
			last = entries[n-1].f.Date
		}
		if row.LastDate == nil != last.IsZero() || row.LastDate != nil && !row.LastDate.Equal(last) {
			return fmt.Errorf("list %+v: the latest entry of %s is of %v, want %v", f, row.Name, row.LastDate, last)
		}
		key := int64(0)
		switch f.Sort {
		case ledger.SortBalance:
			if key = -row.Balance; f.Show == ledger.ShowAdvance {
				key = row.Balance
			}
		case ledger.SortOldest:
			key = 1 << 40
			if due != nil {
				key = due.Unix()
			}
			if (due == nil) != (row.OldestDue == nil) || due != nil && !due.Equal(*row.OldestDue) {
				return fmt.Errorf("list %+v: %s is due since %v, want %v", f, row.Name, row.OldestDue, due)
			}
		case ledger.SortRecent:
			if last.IsZero() { // it stands at the day it was made
				continue
			}
			key = -last.Unix()
		}
		if key < before {
			return fmt.Errorf("list %+v: %s is out of order", f, row.Name)
		}
		before = key
	}
	return nil
}

// compareBookToday reads the file of the whole book: every entry is in it, those ahead without a balance, and the last
// balance of each party is what it owes today.
func (m *model) compareBookToday(ctx context.Context, tx *postgres.Tx, now *model) error {
	var file bytes.Buffer
	if err := export.BookCSV(ctx, tx, &file, export.Options{Allow: everybody, Currency: "INR"}); err != nil {
		return err
	}
	rows, err := csv.NewReader(&file).ReadAll()
	if err != nil {
		return err
	}
	balances, entries := map[string]int64{}, 0
	for _, row := range rows[1:] {
		if row[3] != "" {
			entries++
		}
		if ahead := row[3] > tx.Scope.Today.Format(time.DateOnly); ahead != (row[7] == "") {
			return fmt.Errorf("on %v, the book says %q", tx.Scope.Today, row)
		} else if ahead {
			continue
		}
		if balances[row[0]], err = minor(row[7]); err != nil {
			return err
		}
	}
	if entries != len(m.entries) {
		return fmt.Errorf("the book has %d entries of %d", entries, len(m.entries))
	}
	for _, p := range m.parties {
		if balances[p.f.Name] != now.balance(p.id) {
			return fmt.Errorf("on %v, the book says %d of %s, want %d", tx.Scope.Today, balances[p.f.Name], p.f.Name,
				now.balance(p.id))
		}
	}
	return nil
}

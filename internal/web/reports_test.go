package web

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
	"github.com/tijorihq/tijori/internal/money"
	"github.com/tijorihq/tijori/internal/postgres"
	"github.com/tijorihq/tijori/internal/web/page/reports"
)

// trade gives or receives an amount with a new party of a business, as its owner.
func (w *world) trade(s *side, business uuid.UUID, name string, side ledger.Side, minor int64, day time.Time) {
	w.Helper()
	caller := s.Caller
	caller.Business = business
	w.ok(w.db.As(w.Context(), caller, func(tx *postgres.Tx) error {
		p, err := ledger.AddParty(w.Context(), tx, fresh(), ledger.PartyFields{Kind: ledger.Customer, Name: name})
		if err != nil {
			return err
		}
		_, err = ledger.AddEntry(w.Context(), tx, fresh(), p.ID, ledger.EntryFields{
			Side: side, AmountMinor: minor,
			Date: day,
		})
		return err
	}))
}

// given is the sum of the living entries of a business that were given.
func (w *world) given(business uuid.UUID) int64 {
	w.Helper()
	return one[int64](w, `select coalesce(sum(amount_minor) filter (where side = 'given'
		and deleted_at is null), 0)::bigint from entries where business_id = $1`, business)
}

// Only the owner sees what all shops come to, and each currency apart.
func TestAllShopsTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	second := uuid.MustParse(w.a.ids["business2"])
	dubai := w.db.Business(t, w.a.User, wordOfA+"shop three")
	w.exec(`update businesses set currency = 'AED' where account_id = $1 and id = $2`, w.a.AccountID, dubai)
	day := time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC)
	w.trade(w.a, second, "Ram", ledger.Given, 7_77_77_700, day)
	sum := money.Amount{Minor: w.given(w.a.BusinessID) + 7_77_77_700, Currency: "INR"}.Short()
	w.trade(w.a, second, "Sita", ledger.Received, 4200, day)
	w.trade(w.a, dubai, "Omar", ledger.Given, 7700, day)
	home := ask{path: "/"}
	got := w.send("GET", home, w.a.Token)
	for _, word := range []string{"All your shops together", sum, "₹42", money.Amount{
		Minor:    7700,
		Currency: "AED",
	}.Short(), "2 shops", "1 shop"} {
		if !strings.Contains(got.body, word) {
			t.Errorf("the owner's shops lack %q", word)
		}
	}
	for _, role := range roleNames {
		got := w.send("GET", home, w.people[role+" of account"].Token)
		if got.status != 200 || strings.Contains(got.body, "All your shops together") || strings.Contains(got.body,
			sum) {
			t.Errorf("as %s: %d, and all shops are added up", role, got.status)
		}
	}
	if got := w.send("GET", home, w.b.Token); got.leaks(sum, wordOfA+"shop") != "" {
		t.Error("a stranger sees sums of A")
	}
}

// Reports as a reader meets them: every kind, with the figures of the entries; bad days and unknown reports are
// refused.
func TestReportsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.trade(w.a, w.a.BusinessID, "Sita", ledger.Received, 250, time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC))
	w.trade(w.a, w.a.BusinessID, "Ram", ledger.Given, 150, time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC))
	page := func(pairs ...string) answer {
		return w.send("GET", ask{path: "/b/" + w.a.ids["business"] + "/reports", query: values(pairs...)}, w.a.Token)
	}
	all := []string{"from", "", "to", ""}
	rupees := func(minor int64) string { return money.Amount{Minor: minor, Currency: "INR"}.Short() }
	gave := w.given(w.a.BusinessID)
	for _, c := range []struct {
		query  url.Values
		status int
		shows  []string
	}{
		{values(append(all, "show", "day")...), 200, []string{
			rupees(gave), "₹2.50", "<svg class=\"rp-columns\"",
			"role=\"img\"",
		}},
		{values("show", "day", "from", "2026-04-01", "to", "2026-04-30"), 200, []string{
			"₹1.50", "₹2.50",
			"1 Apr 2026 – 30 Apr 2026",
		}},
		{values(append(all, "show", "cash")...), 200, []string{"₹2.50"}},
		{values(append(all, "show", "parties")...), 200, []string{
			"₹12,34,567.89", "-₹2.50", "You&#39;ll give",
			"rp-bars",
		}},
		{values("show", "ageing"), 200, []string{rupees(gave), "Over 90 days"}},
		{values("show", "ageing", "to", "2026-04-01"), 200, []string{rupees(gave - 150), "As on 1 Apr 2026"}},
		{
			values("show", "day", "from", "2026-04-30", "to", "2026-04-01"), 422,
			[]string{"The last day lies before the first."},
		},
		{values("show", "day", "from", "soon"), 422, []string{"This is not a date."}},
		{values("show", "profit"), 404, nil},
		{values(append(all, "show", "day", "part", "2")...), 404, nil},
	} {
		got := page(pairsOf(c.query)...)
		if got.status != c.status {
			t.Errorf("%v: %d, want %d", c.query, got.status, c.status)
		}
		for _, word := range c.shows {
			if !strings.Contains(got.body, word) {
				t.Errorf("%v lacks %q", c.query, word)
			}
		}
	}
	if strings.Contains(page(append(all, "show", "cash")...).body, rupees(gave)) {
		t.Error("the cash book counts goods that were given on credit")
	}
}

// TestEveryReportIsAFile asks for each report that the page offers, on screen and as each kind of file, with days and
// without.
func TestEveryReportIsAFile(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.trade(w.a, w.a.BusinessID, "Sita", ledger.Received, 250, time.Date(2026, 4, 2, 0, 0, 0, 0, time.UTC))
	shop := "/b/" + w.a.ids["business"]
	for _, show := range reports.All {
		for _, days := range []url.Values{values("from", "2026-03-01", "to", "2026-04-30"), {}} {
			days.Set("show", show)
			if got := w.send("GET", ask{path: shop + "/reports", query: days}, w.a.Token); got.status != 200 {
				t.Errorf("%v: %d", days, got.status)
			}
			for _, kind := range []string{"csv", "xlsx", "pdf"} {
				got := w.send("GET", ask{path: shop + "/reports." + kind, query: days}, w.a.Token)
				if got.status != 200 || len(got.body) == 0 {
					t.Errorf("%v as %s: %d %.200s", days, kind, got.status, got.body)
				}
				if kind == "csv" && days.Has("from") && show != reports.Ageing && !strings.Contains(got.body, "2.50") {
					t.Errorf("%v as CSV lacks what came in:\n%s", days, got.body)
				}
			}
		}
	}
}

func pairsOf(v url.Values) (out []string) {
	for name := range v {
		out = append(out, name, v.Get(name))
	}
	return out
}

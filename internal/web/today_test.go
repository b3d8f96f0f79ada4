package web

import (
	"encoding/json"
	"html"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/ledger"
)

// What a party owes today is one figure in the reminder, its UPI amount, the statement behind its link, the list, the
// party's page, the reports and the API; an entry dated ahead is shown apart, and counts when its day has come.
func TestTodayIsOneFigureEverywhere(t *testing.T) {
	t.Parallel()
	w := owned(t)
	business := "/b/" + w.a.ids["business"]
	today, err := ledger.Today(time.Now(), "Asia/Kolkata")
	w.ok(err)
	post := func(path string, fields map[string]any) {
		t.Helper()
		if got := w.send("POST", ask{path: path, json: fields}, w.a.Token); got.status != 201 {
			t.Fatalf("POST %s: %d %.300s", path, got.status, got.body)
		}
	}
	party := newIDText()
	api := "/api/businesses/" + w.a.ids["business"]
	post(api+"/parties", map[string]any{
		"id": party, "kind": "customer", "name": "Ramesh ahead", "phone": "9876543210", "note": "",
	})
	for amount, days := range map[int]int{50_000: -20, 100_000: 20} {
		post(api+"/entries", map[string]any{
			"id": newIDText(), "party_id": party, "side": "given", "amount": amount, "note": "", "mode": "goods",
			"date": today.AddDate(0, 0, days).Format(time.DateOnly),
		})
	}
	get := func(path string) string {
		t.Helper()
		path, query, _ := strings.Cut(path, "?")
		asked, err := url.ParseQuery(query)
		w.ok(err)
		got := w.send("GET", ask{path: path, query: asked}, w.a.Token)
		if got.status != 200 {
			t.Fatalf("GET %s: %d %.300s", path, got.status, got.body)
		}
		return html.UnescapeString(got.body)
	}
	made := w.send("POST", ask{path: business + "/p/" + party + "/share", form: url.Values{
		"id": {newIDText()}, "token": {ledger.NewShareToken()}, "to": {today.Format(time.DateOnly)}, "days": {"7"},
	}}, w.a.Token)
	link := "/s/" + linkOf(t, made)
	month := today.AddDate(0, 0, 60).Format(time.DateOnly)
	for _, day := range []struct {
		offset       time.Duration
		owed, denied string
	}{{0, "₹500", "₹1,500"}, {21 * 24 * time.Hour, "₹1,500", ""}} {
		w.exec(`update service_clock set offset_seconds = $1`, int64(day.offset/time.Second))
		w.config.Clock.SetOffset(day.offset)
		pages := map[string]string{
			"the reminder": get(business + "/p/" + party + "/remind"),
			"the list":     get(business + "?q=ramesh+ahead"),
			"ageing":       get(business + "/reports?show=ageing"),
			"ageing ahead": get(business + "/reports?show=ageing&to=" + month),
			"the page":     get(business + "/p/" + party),
			"statement":    get(business + "/p/" + party + "/statement"),
			"up to ahead":  get(business + "/p/" + party + "/statement?to=" + month),
		}
		if day.offset == 0 { // the link is of that day
			pages["the shared page"] = get(link)
		}
		for name, page := range pages {
			if !strings.Contains(page, day.owed) {
				t.Errorf("in %v, %s does not say %s", day.offset, name, day.owed)
			}
			if day.denied != "" && strings.Contains(page, day.denied) {
				t.Errorf("in %v, %s says %s", day.offset, name, day.denied)
			}
		}
		amount := strings.ReplaceAll(strings.Trim(day.owed, "₹"), ",", "") + ".00"
		if text := pages["the reminder"]; strings.Contains(text, "&am=") && !strings.Contains(text, "am="+amount) {
			t.Errorf("in %v, the reminder asks for another amount than %s", day.offset, amount)
		}
		if apart := strings.Contains(pages["the page"], "Dated ahead"); apart != (day.offset == 0) {
			t.Errorf("in %v, an entry ahead is shown apart: %v", day.offset, apart)
		}
		var told struct {
			Balance int64
			Entries []struct {
				Ahead   bool
				Mode    string
				Balance *int64
			}
		}
		w.ok(json.Unmarshal([]byte(get(api+"/parties/"+party)), &told))
		want := map[bool]int64{true: 50_000, false: 150_000}[day.offset == 0]
		if told.Balance != want || len(told.Entries) != 2 || told.Entries[0].Ahead != (day.offset == 0) ||
			(told.Entries[0].Balance == nil) != told.Entries[0].Ahead || told.Entries[1].Mode != "goods" {
			t.Errorf("in %v, the API says %+v, want a balance of %d", day.offset, told, want)
		}
	}
}

// The form offers the mode that is usual, keeps the one that was chosen, and refuses what is none.
func TestEntryKnowsHowItWasPaid(t *testing.T) {
	t.Parallel()
	w := owned(t)
	path := newIDs(w.a.ids).party() + "/entries/new"
	chosen := func() string {
		t.Helper()
		page := w.send("GET", ask{path: path, query: url.Values{"side": {"received"}}}, w.a.Token).body
		for _, mode := range ledger.Modes {
			if strings.Contains(page, `name="mode" value="`+string(mode)+`" checked`) {
				return string(mode)
			}
		}
		return ""
	}
	for i := range 3 {
		id := uuid.NewString()
		got := w.send("POST", form(path, "id", id, "side", "received", "amount", "5", "date", "2026-06-01", "note", "",
			"mode", "upi"), w.a.Token)
		if mode := one[string](w, `select mode from entries where id = $1`, id); got.status != 303 || mode != "upi" {
			t.Fatalf("entry %d: %d, paid by %q", i, got.status, mode)
		}
	}
	if got := chosen(); got != "upi" {
		t.Errorf("after three by UPI, the form offers %q", got)
	}
	bad := w.send("POST", form(path, "id", newIDText(), "side", "received", "amount", "5", "date", "2026-06-01", "note",
		"", "mode", "shells"), w.a.Token)
	if bad.status != 422 || !strings.Contains(bad.body, "Choose how it was paid.") {
		t.Errorf("an unknown mode: %d %.200s", bad.status, bad.body)
	}
}

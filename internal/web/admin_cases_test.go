package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// seedDesk puts into a side what operators handle: an event, a review item.
func (w *world) seedDesk(s *side) {
	w.Helper()
	w.config.Operators[0] = w.operator(s)
	paid := "sub_" + s.AccountID.String()
	s.ids["event"], s.ids["invoice"] = "evt_"+s.word+s.AccountID.String(), "inv_"+s.word
	body, err := json.Marshal(map[string]any{"entity": "event", "event": "subscription.charged", "created_at": time.Now().Unix(), "payload": map[string]any{
		"subscription": map[string]any{"entity": map[string]any{"id": paid, "plan_id": "plan_TijoriProMonth", "status": "active", "notes": map[string]any{"account_id": s.AccountID.String()}}},
	}})
	w.ok(err)
	w.exec(`insert into inbox (connection_id, provider, event_id, type, subject, status, body, headers, secret_label, received_at, delivered_at, next_attempt_at, last_error, account_id)
		values ('razorpay', 'razorpay', $1, 'subscription.charged', $2, 'dead', $3, jsonb_build_object('X-Razorpay-Event-Id', $1::text), 'test', now(), now(), now(), 'it failed', $4)`, s.ids["event"], paid, body, s.AccountID)
	key := "dispute " + s.word + "note"
	w.exec(`insert into review_items (connection_id, provider, key, reason, detail, account_id, subscription_id, event_id, opened_at, seen_at)
		values ('razorpay', 'razorpay', $1, 'dispute', $2, $3, $4, $5, now(), now())`, key, s.word+"note of a dispute", s.AccountID, paid, s.ids["event"])
	w.exec(`insert into alerts (connection_id, provider, kind, state, times, detail, first_at, last_at)
		values ('razorpay', 'razorpay', 'dead', 'raised', 1, '1 event could not be applied', now(), now()) on conflict do nothing`)
	s.ids["item"] = one[string](w, `select left(encode(sha256(convert_to('razorpay ' || $1, 'UTF8')), 'hex'), 16)`, key)
}

// operator is the address of the one operator: A's owner.
func (w *world) operator(s *side) string {
	if s.word == wordOfA {
		return s.Email
	}
	return w.config.Operators[0]
}

func init() {
	event := func(i ids) string { return "/admin/inbox/razorpay/" + i.get("event") }
	desk := map[string]trial{
		"GET /admin":                                  {ask: at("/admin"), status: 200, shows: "Razorpay"},
		"GET /admin/inbox":                            {ask: at("/admin/inbox?state=dead"), status: 200, shows: "evt_" + wordOfA},
		"GET /admin/inbox/{provider}/{event}":         {ask: func(i ids) ask { return ask{path: event(i)} }, status: 200, shows: "subscription.charged"},
		"POST /admin/inbox/{provider}/{event}/replay": {ask: func(i ids) ask { return form(event(i)+"/replay", "reason", "the provider is back") }, status: 303, shows: "/admin/inbox/razorpay/"},
		"GET /admin/review":                           {ask: at("/admin/review"), status: 200, shows: wordOfA + "note of a dispute"},
		"GET /admin/review/{item}":                    {ask: func(i ids) ask { return ask{path: "/admin/review/" + i.get("item")} }, status: 200, shows: wordOfA + "note of a dispute"},
		"POST /admin/review/{item}":                   {ask: func(i ids) ask { return form("/admin/review/"+i.get("item"), "reason", "answered at the bank") }, status: 303, shows: "/admin/review"},
		"POST /admin/review/{item}/snooze": {ask: func(i ids) ask {
			return form("/admin/review/"+i.get("item")+"/snooze", "for", "72h", "remark", "the bank was asked")
		}, status: 303, shows: "/admin/review"},
		"GET /admin/alerts/{provider}/{kind}":  {ask: at("/admin/alerts/razorpay/dead"), status: 200, shows: "Keep quiet"},
		"POST /admin/alerts/{provider}/{kind}": {ask: func(ids) ask { return form("/admin/alerts/razorpay/dead", "for", "news", "reason", "it was a trial") }, status: 303, shows: "/admin"},
		"GET /admin/reconcile":                 {ask: at("/admin/reconcile"), status: 200, shows: "Every 6 hours"},
		"POST /admin/reconcile":                {ask: func(i ids) ask { return form("/admin/reconcile", "account", i.get("account"), "dry", "1") }, status: 303, shows: "/admin/reconcile?run="},
		"GET /admin/support":                   {ask: at("/admin/support"), status: 200, shows: "written down"},
		"POST /admin/support":                  {ask: func(i ids) ask { return form("/admin/support", "email", i.get("mail address"), "remark", "a call") }, status: 200, shows: wordOfA + "account"},
	}
	for pattern, x := range desk {
		trials[pattern] = x
	}
	for pattern, x := range map[string]trial{
		"GET /billing/change": {ask: func(ids) ask { return ask{path: "/billing/change", query: values("plan", "team", "interval", "month")} }, status: 200, shows: "What is left of"},
		"POST /billing/change": {status: 200, before: func(w *world) { w.neverPaid(w.a) }, shows: "/v1/checkout/embedded", ask: func(ids) ask {
			return form("/billing/change", "plan", "team", "interval", "month", "at", strconv.FormatInt(time.Now().Unix(), 10), "due", "79900")
		}},
		"POST /billing/resume":                       {ask: func(ids) ask { return form("/billing/resume") }, status: 409, shows: "not ending"},
		"GET /billing/invoices/{provider}/{invoice}": {ask: func(i ids) ask { return ask{path: "/billing/invoices/razorpay/" + i.get("invoice")} }, status: 303, shows: "https://rzp.io/i/" + wordOfA},
	} {
		trials[pattern] = x
	}
}

// TestOperatorsRoomIsNotThere for everybody whom the settings do not name, not
// even with every role of every account.
func TestOperatorsRoomIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.a.ids["mail address"], w.b.ids["mail address"] = w.a.Email, w.b.Email
	before := w.rowsOf(w.a)
	tried := 0
	for _, rt := range routes {
		if rt.access != operator {
			continue
		}
		method, _, _ := strings.Cut(rt.pattern, " ")
		k := trials[rt.pattern].ask(newIDs(w.a.ids))
		nobody := map[string]string{"the stranger, an owner": w.b.Token}
		for who, p := range w.people {
			nobody[who] = p.Token
		}
		for who, token := range nobody {
			tried++
			got := w.send(method, k, token)
			if got.status != http.StatusNotFound {
				t.Errorf("%s as %s: %d, want 404", rt.pattern, who, got.status)
			}
			if word := got.leaks(secretsOf(wordOfA)...); word != "" {
				t.Errorf("%s as %s: the answer holds %q", rt.pattern, who, word)
			}
		}
		w.config.Operators[0] = ""
		if got := w.send(method, k, w.a.Token); got.status != http.StatusNotFound {
			t.Errorf("%s without any operator: %d, want 404", rt.pattern, got.status)
		}
		w.config.Operators[0] = w.a.Email
	}
	if tried < 50 {
		t.Fatalf("only %d attempts", tried)
	}
	for what, sum := range w.rowsOf(w.a) {
		if before[what] != sum {
			t.Errorf("%s has changed", what)
		}
	}
	if n := one[int](w, `select count(*) from operator_acts`) + one[int](w, `select count(*) from support_uses`); n != 0 {
		t.Errorf("%d acts are written down of people who were not let in", n)
	}
	if got := w.send("GET", ask{path: "/admin"}, w.a.Token); got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("the operators' page says Cache-Control %q", got.header.Get("Cache-Control"))
	}
}

package web

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/web/frame"
)

// seedDesk puts into a side what operators handle: an event, a review item.
func (w *world) seedDesk(s *side) {
	w.Helper()
	w.config.Operators[0] = w.operator(s)
	w.exec(`insert into support_uses (id, who, question, subject, detail) values (gen_random_uuid(), $1, 'work', 'work', 'the exercise')`,
		w.config.Operators[0])
	paid := "sub_" + s.AccountID.String()
	s.ids["event"], s.ids["invoice"] = "evt_"+s.word+s.AccountID.String(), "inv_"+s.word
	body, err := json.Marshal(map[string]any{
		"entity": "event", "event": "subscription.charged",
		"created_at": time.Now().Unix(), "payload": map[string]any{
			"subscription": map[string]any{"entity": map[string]any{
				"id": paid, "plan_id": "plan_TijoriProMonth",
				"status": "active", "notes": map[string]any{"account_id": s.AccountID.String()},
			}},
		},
	})
	w.ok(err)
	w.exec(`insert into inbox (connection_id, provider, event_id, type, subject, status, body, headers, secret_label, received_at, delivered_at, next_attempt_at, last_error, account_id)
		values ('razorpay', 'razorpay', $1, 'subscription.charged', $2, 'dead', $3, jsonb_build_object('X-Razorpay-Event-Id', $1::text), 'test', now(), now(), now(), 'it failed', $4)`, s.ids["event"], paid, body, s.AccountID)
	key := "dispute " + s.word + "note"
	w.exec(`insert into review_items (connection_id, provider, key, reason, detail, account_id, subscription_id, event_id, opened_at, seen_at)
		values ('razorpay', 'razorpay', $1, 'dispute', $2, $3, $4, $5, now(), now())`, key, s.word+
		"note of a dispute", s.AccountID, paid, s.ids["event"])
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
		"GET /admin/work": {ask: at("/admin/work"), status: 200, shows: "What are you here for?"},
		"POST /admin/work": {
			ask: func(ids) ask { return form("/admin/work", "reason", "a call") }, status: 303,
			shows: "/admin",
		},
		"GET /admin":        {ask: at("/admin"), status: 200, shows: "Monthly recurring revenue"},
		"GET /admin/search": {ask: at("/admin/search"), status: 200, shows: "Search accounts"},
		"POST /admin/search": {ask: func(i ids) ask {
			return form("/admin/search", "q", i.get("mail address"))
		}, status: 200, shows: wordOfA + "account"},
		"GET /admin/accounts": {
			ask: func(ids) ask { return ask{path: "/admin/accounts", query: values("figure", "active")} }, status: 200,
			shows: "Active subscriptions",
		},
		"GET /admin/accounts/{id}": {
			ask: func(i ids) ask { return ask{path: "/admin/accounts/" + i.get("account")} }, status: 200,
			shows: "Why do you open this account?",
		},
		"POST /admin/accounts/{id}": {
			ask: func(i ids) ask { return form("/admin/accounts/"+i.get("account"), "reason", "a call") }, status: 303,
			shows: "/admin/accounts/",
		},
		"GET /admin/health":    {ask: at("/admin/health"), status: 200, shows: "Job queue"},
		"GET /admin/incidents": {ask: at("/admin/incidents"), status: 200, shows: "Reports of"},
		"GET /admin/log":       {ask: at("/admin/log"), status: 200, shows: "What operators looked at"},
		"GET /admin/inbox": {
			ask: at("/admin/inbox?state=dead"), status: 200,
			shows: "evt_" + wordOfA,
		},
		"GET /admin/inbox/{provider}/{event}": {
			ask:    func(i ids) ask { return ask{path: event(i)} },
			status: 200, shows: "subscription.charged",
		},
		"POST /admin/inbox/{provider}/{event}/replay": {ask: func(i ids) ask {
			return form(event(i)+"/replay", "reason",
				"the provider is back")
		}, status: 303, shows: "/admin/inbox/razorpay/"},
		"GET /admin/review": {ask: at("/admin/review"), status: 200, shows: wordOfA + "note of a dispute"},
		"GET /admin/review/{item}": {
			ask:    func(i ids) ask { return ask{path: "/admin/review/" + i.get("item")} },
			status: 200, shows: wordOfA + "note of a dispute",
		},
		"POST /admin/review/{item}": {ask: func(i ids) ask {
			return form("/admin/review/"+i.get("item"), "reason",
				"answered at the bank")
		}, status: 303, shows: "/admin/review"},
		"POST /admin/review/{item}/snooze": {ask: func(i ids) ask {
			return form("/admin/review/"+i.get("item")+"/snooze", "for", "72h", "remark", "the bank was asked")
		}, status: 303, shows: "/admin/review"},
		"GET /admin/alerts/{provider}/{kind}": {
			ask: at("/admin/alerts/razorpay/dead"), status: 200,
			shows: "Keep quiet",
		},
		"POST /admin/alerts/{provider}/{kind}": {ask: func(ids) ask {
			return form("/admin/alerts/razorpay/dead", "for",
				"news", "reason", "it was a trial")
		}, status: 303, shows: "/admin"},
		"GET /admin/reconcile": {ask: at("/admin/reconcile"), status: 200, shows: "Every 6 hours"},
		"POST /admin/reconcile": {ask: func(i ids) ask {
			return form("/admin/reconcile", "account", i.get("account"),
				"dry", "1")
		}, status: 303, shows: "/admin/reconcile?run="},
		"GET /admin/apps": {ask: at("/admin/apps"), status: 200, shows: wordOfA + "app"},
		"GET /admin/apps/{app}": {
			ask: at("/admin/apps/app-" + wordOfA), status: 200, shows: "org_" + wordOfA + "mail",
		},
		"POST /admin/apps/{app}/keys": {ask: func(ids) ask {
			return form("/admin/apps/app-"+wordOfA+"/keys", "name", "another", "kind", "server")
		}, status: 200, shows: "tj_live_sk_"},
		"POST /admin/apps/{app}/keys/{id}/revoke": {ask: func(i ids) ask {
			return form("/admin/apps/app-" + wordOfA + "/keys/" + i.get("app key") + "/revoke")
		}, status: 303, shows: "/admin/apps/app-"},
		"GET /admin/apps/{app}/webhooks/{id}": {
			ask: func(i ids) ask {
				return ask{path: "/admin/apps/app-" + wordOfA + "/webhooks/" + i.get("webhook")}
			},
			status: 200, shows: "webhook.test",
		},
		"POST /admin/apps/{app}/webhooks/{id}": {ask: func(i ids) ask {
			return form("/admin/apps/app-"+wordOfA+"/webhooks/"+i.get("webhook"), "first", "1")
		}, status: 303, shows: "/admin/apps/app-"},
		"GET /admin/credits": {ask: at("/admin/credits"), status: 200, shows: "What to do"},
		"POST /admin/credits": {ask: func(i ids) ask {
			return form("/admin/credits", "key", "0198f3f0-7d6b-7c55-9c3a-3f8f6f0d6a11", "account", i.get("account"),
				"way", "grant", "amount", "5", "meter", "credits", "reason", "a mistake of ours")
		}, status: 303, shows: "/admin/credits"},
	}
	for pattern, x := range desk {
		trials[pattern] = x
	}
	for pattern, x := range map[string]trial{
		"GET /billing/change": {ask: func(ids) ask {
			return ask{path: "/billing/change", query: values("plan", "team",
				"interval", "month")}
		}, status: 200, shows: "What is left of"},
		"POST /billing/change": {
			status: 200, before: func(w *world) { w.neverPaid(w.a) },
			shows: "/v1/checkout/embedded", ask: func(ids) ask {
				return form("/billing/change", "plan", "team", "interval", "month", "at",
					strconv.FormatInt(time.Now().Unix(), 10), "due", "79900")
			},
		},
		"POST /billing/resume": {
			ask:    func(ids) ask { return form("/billing/resume") },
			status: 409, shows: "not ending",
		},
		"GET /billing/invoices/{provider}/{invoice}": {
			ask:    func(i ids) ask { return ask{path: "/billing/invoices/razorpay/" + i.get("invoice")} },
			status: 303, shows: "https://rzp.io/i/" + wordOfA,
		},
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
		if rt.Access != frame.Operator {
			continue
		}
		method, _, _ := strings.Cut(rt.Pattern, " ")
		k := trials[rt.Pattern].ask(newIDs(w.a.ids))
		nobody := map[string]string{"the stranger, an owner": w.b.Token}
		for who, p := range w.people {
			nobody[who] = p.Token
		}
		for who, token := range nobody {
			tried++
			got := w.send(method, k, token)
			if got.status != http.StatusNotFound {
				t.Errorf("%s as %s: %d, want 404", rt.Pattern, who, got.status)
			}
			if word := got.leaks(secretsOf(wordOfA)...); word != "" {
				t.Errorf("%s as %s: the answer holds %q", rt.Pattern, who, word)
			}
		}
		w.config.Operators[0] = ""
		if got := w.send(method, k, w.a.Token); got.status != http.StatusNotFound {
			t.Errorf("%s without any operator: %d, want 404", rt.Pattern, got.status)
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
	if n := one[int](w, `select count(*) from operator_acts`) + one[int](w,
		`select count(*) from support_uses where detail <> 'the exercise'`); n != 0 {
		t.Errorf("%d acts are written down of people who were not let in", n)
	}
	if got := w.send("GET", ask{path: "/admin"}, w.a.Token); got.header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("the operators' page says Cache-Control %q", got.header.Get("Cache-Control"))
	}
}

// Nobody looks without a reason: neither at a page, nor at an account; and each look is written down.
func TestOperatorsLookForAReason(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.config.Operators[0] = w.a.Email
	w.exec(`delete from support_uses`)
	w.a.ids["mail address"] = w.a.Email
	asked := 0
	for _, rt := range routes {
		if rt.Access != frame.Operator || strings.HasSuffix(rt.Pattern, " /admin/work") {
			continue
		}
		asked++
		method, _, _ := strings.Cut(rt.Pattern, " ")
		got := w.send(method, trials[rt.Pattern].ask(newIDs(w.a.ids)), w.a.Token)
		if got.status != 303 || !strings.HasPrefix(got.location(), "/admin/work?next=%2Fadmin") {
			t.Errorf("%s without a reason: %d to %q", rt.Pattern, got.status, got.location())
		}
	}
	uses := func(where string) int {
		t.Helper()
		return one[int](w, `select count(*) from support_uses where `+where)
	}
	if n := uses("true"); asked < 20 || n != 0 {
		t.Fatalf("%d routes asked, %d uses written down", asked, n)
	}
	if got := w.send("POST", form("/admin/work", "reason", " "), w.a.Token); got.status != 422 {
		t.Errorf("no reason: %d, want 422", got.status)
	}
	for next, want := range map[string]string{
		"/admin/health": "/admin/health", "/admin/accounts?figure=active": "/admin/accounts?figure=active",
		"https://evil.example/admin": "/admin", "//evil.example": "/admin", "/settings": "/admin", "/administer": "/admin",
	} {
		got := w.send("POST", form("/admin/work", "reason", "the morning's look", "next", next), w.a.Token)
		if got.status != 303 || got.location() != want {
			t.Errorf("next %q: %d to %q, want %q", next, got.status, got.location(), want)
		}
	}
	got := w.send("GET", ask{path: "/admin/health"}, w.a.Token)
	if got.status != 200 || !strings.Contains(got.body, "the morning&#39;s look") {
		t.Errorf("after a reason: %d", got.status)
	}
	if n := uses("question = 'page' and subject = '/admin/health' and work_id is not null"); n != 1 {
		t.Errorf("%d looks at the page are written down, want 1", n)
	}
	account := "/admin/accounts/" + w.a.AccountID.String()
	if got := w.send("GET", ask{path: account}, w.a.Token); strings.Contains(got.body, wordOfA+"account") ||
		!strings.Contains(got.body, "Why do you open this account?") {
		t.Error("an account shows something without a reason")
	}
	if got := w.send("POST", form(account, "reason", ""), w.a.Token); got.status != 422 || strings.Contains(got.body,
		wordOfA+"account") {
		t.Errorf("an account without a reason: %d, want 422", got.status)
	}
	if got := w.send("POST", form(account, "reason", "she called"), w.a.Token); got.status != 303 {
		t.Errorf("an account with a reason: %d, want 303", got.status)
	}
	if got := w.send("GET", ask{path: account}, w.a.Token); !strings.Contains(got.body, wordOfA+"account") ||
		!strings.Contains(got.body, "she called") || !strings.Contains(got.body, "subscription.charged") {
		t.Error("an opened account does not show its life and the reason")
	}
	if got := w.send("GET", ask{path: "/admin/accounts/" + w.b.AccountID.String()},
		w.a.Token); strings.Contains(got.body, wordOfB+"account") {
		t.Error("another account opened with it")
	}
	if got := w.send("GET", ask{path: "/admin/log"}, w.a.Token); !strings.Contains(got.body, "she called") {
		t.Error("the log does not tell of it")
	}
	w.exec(`update support_uses set at = at - interval '5 hours'`)
	if got := w.send("GET", ask{path: account}, w.a.Token); got.status != 303 {
		t.Errorf("after some hours: %d, want 303", got.status)
	}
}

// A form of the credits page that is sent twice applies once; sent again with other entries it applies nothing.
func TestCreditsFormAppliesOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.config.Operators[0] = w.a.Email
	page := w.send("GET", ask{path: "/admin/credits"}, w.a.Token)
	keys := regexp.MustCompile(`name="key" value="([0-9a-f-]{36})"`)
	found := keys.FindStringSubmatch(page.body)
	if found == nil {
		t.Fatal("the form has no key")
	}
	if again := keys.FindStringSubmatch(w.send("GET", ask{path: "/admin/credits"}, w.a.Token).body); again == nil ||
		again[1] == found[1] {
		t.Error("two forms have one key")
	}
	granted := func() int64 {
		t.Helper()
		return one[int64](w,
			`select coalesce(sum(amount), 0)::bigint from credit_entries where account_id = $1
				and kind in ('promotional', 'take_back')`, w.a.AccountID)
	}
	acts := func() int {
		t.Helper()
		return one[int](w, `select count(*) from operator_acts where who = $1 and act in ('grant', 'take_back')`,
			w.a.Email)
	}
	send := func(key, account, way, amount, reason string) int {
		t.Helper()
		return w.send("POST", form("/admin/credits", "key", key, "account", account, "way", way, "amount", amount,
			"meter", "credits", "reason", reason), w.a.Token).status
	}
	before := granted()
	for _, account := range []string{w.a.Email, w.a.AccountID.String()} { // twice, by either name
		if got := send(found[1], account, "grant", "40", "a mistake of ours"); got != 303 {
			t.Errorf("grant: %d, want 303", got)
		}
	}
	if n := granted() - before; n != 40 || acts() != 1 {
		t.Errorf("%d credits and %d entries in the log after one form was sent twice, want 40 and 1", n, acts())
	}
	if got := send(found[1], w.a.Email, "grant", "41", "a mistake of ours"); got != 409 {
		t.Errorf("the same form with another amount: %d, want 409", got)
	}
	take := uuid.NewString()
	for range 2 {
		if got := send(take, w.a.Email, "take", "15", "granted twice"); got != 303 {
			t.Errorf("take: %d, want 303", got)
		}
	}
	if n := granted() - before; n != 25 || acts() != 2 {
		t.Errorf("%d credits and %d entries in the log, want 25 and 2", n, acts())
	}
	for name, c := range map[string][5]string{
		"no key":       {"", w.a.Email, "grant", "1", "a reason"},
		"no account":   {uuid.NewString(), "nobody@example.com", "grant", "1", "a reason"},
		"no such id":   {uuid.NewString(), uuid.NewString(), "take", "1", "a reason"},
		"no amount":    {uuid.NewString(), w.a.Email, "grant", "x", "a reason"},
		"less than 1":  {uuid.NewString(), w.a.Email, "take", "-1", "a reason"},
		"no reason":    {uuid.NewString(), w.a.Email, "grant", "1", " "},
		"no direction": {uuid.NewString(), w.a.Email, "", "1", "a reason"},
	} {
		if got := send(c[0], c[1], c[2], c[3], c[4]); got != 422 {
			t.Errorf("%s: %d, want 422", name, got)
		}
	}
	if n := granted() - before; n != 25 || acts() != 2 {
		t.Errorf("%d credits and %d entries in the log after what was refused, want 25 and 2", n, acts())
	}
}

// An alert that was dismissed stays on the desk, is told of no more, and shows who dismissed it and why.
func TestAlertsAreActedOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.config.Operators[0] = w.a.Email
	const path = "/admin/alerts/razorpay/dead"
	for name, c := range map[string]struct{ long, reason string }{
		"no reason": {"news", ""},
		"no span":   {"9h", "a reason"},
	} {
		if got := w.send("POST", form(path, "for", c.long, "reason", c.reason), w.a.Token); got.status != 422 ||
			!strings.Contains(got.body, `class="alert" role="alert"`) {
			t.Errorf("%s: %d, want 422 and a word on the page", name, got.status)
		}
	}
	if got := w.send("POST", form(path, "for", "24h", "reason", "the bank mends it"), w.a.Token); got.status != 303 {
		t.Errorf("snooze: %d", got.status)
	}
	if got := w.send("GET", ask{path: path}, w.a.Token); !strings.Contains(got.body, "the bank mends it") ||
		!strings.Contains(got.body, "Nothing is told of it until") {
		t.Error("the page of a snoozed alert does not say until when, or why")
	}
	if got := w.send("GET", ask{path: "/admin"}, w.a.Token); !strings.Contains(got.body, "quiet until") {
		t.Error("the desk does not show a snoozed alert")
	}
	for _, nowhere := range []string{"/admin/alerts/paypal/dead", "/admin/alerts/razorpay/loud"} {
		if got := w.send("GET", ask{path: nowhere}, w.a.Token); got.status != 404 {
			t.Errorf("%s: %d, want 404", nowhere, got.status)
		}
		if got := w.send("POST", form(nowhere, "for", "news", "reason", "a reason"), w.a.Token); got.status != 404 {
			t.Errorf("POST %s: %d, want 404", nowhere, got.status)
		}
	}
	item := "/admin/review/" + w.a.ids["item"]
	if got := w.send("POST", form(item+"/snooze", "for", "72h", "remark", ""), w.a.Token); got.status != 422 ||
		!strings.Contains(got.body, "Say why") {
		t.Errorf("snooze an item without a reason: %d", got.status)
	}
	if got := w.send("POST", form(item+"/snooze", "for", "72h", "remark", "the customer was asked"),
		w.a.Token); got.status != 303 {
		t.Errorf("snooze an item: %d", got.status)
	}
	if got := w.send("GET", ask{path: item}, w.a.Token); !strings.Contains(got.body, "the customer was asked") ||
		!strings.Contains(got.body, "no alert tells of it until") {
		t.Error("the page of a snoozed item does not say until when, or why")
	}
	if got := w.send("GET", ask{path: item}, w.a.Token); !strings.Contains(got.body, "Nothing is left to be ended") &&
		!strings.Contains(got.body, `name="do"`) {
		t.Error("the page of an item says neither what can be done nor why nothing can")
	}
	if got := w.send("POST", form(item, "do", "end sub_nobody", "reason", "bought twice"),
		w.a.Token); got.status != 422 {
		t.Errorf("end a subscription that is not the item's: %d, want 422", got.status)
	}
}

package web

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/watch"
	"github.com/tijorihq/tijori/internal/watch/detect"
)

// An operator takes, snoozes and dismisses what was found in the access log, each with a reason that is kept.
func TestWatchAlertsInTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.config.Watch = watch.New(w.db.Watch, Watched(), w.config.Log)
	w.server = New(w.config)
	operator := w.a.Token
	now := time.Now()
	raise := func() {
		t.Helper()
		w.ok(w.config.Watch.Raise(t.Context(), detect.Alert{
			Rule: detect.Walking, Subject: "somebody", Account: w.b.AccountID, Since: now, At: time.Now(), Count: 7,
			Text:     "one caller asked for 7 ids that are not there for them",
			Requests: []string{"6b0d202b49488fac3a300cc7"},
		}))
	}
	raise()
	list, err := w.config.Watch.ListAlerts(t.Context())
	w.ok(err)
	w.get("/admin/incidents", operator).has(t, "incidents", 200, "Reports of", "There was no incident yet.")
	path := "/admin/alerts/watch/" + list[0].ID.String()
	w.get("/admin", operator).has(t, "the overview", 200, "one caller asked for 7 ids", path)
	w.get(path, operator).has(t, "the alert", 200, "6b0d202b49488fac3a300cc7", w.b.AccountID.String(),
		"I look after it")
	w.get(path, w.b.Token).has(t, "an owner", 404)
	w.get("/admin/alerts/watch/"+uuid.NewString(), operator).has(t, "none", 404)
	w.get("/admin/alerts/watch/walking", operator).has(t, "no id", 404)
	mute := func(how, reason string) answer {
		t.Helper()
		return w.send(http.MethodPost, ask{path: path, form: url.Values{"for": {how}, "reason": {reason}}}, operator)
	}
	heard := func() (n int) {
		t.Helper()
		w.ok(w.config.Watch.Tell(t.Context(), func(_ context.Context,
			list []watch.Alert,
		) error {
			n = len(list)
			return nil
		}))
		return n
	}
	mute("take", "").has(t, "without a reason", 422, "Say why, in a few words.")
	mute("sometime", "a reason").has(t, "for no time", 422, "Choose for how long.")
	if heard() != 1 {
		t.Error("what was not muted is not told")
	}

	mute("take", "I ask them what they do").has(t, "taken", 303)
	w.get(path, operator).has(t, "taken", 200, "looks after it.", "I ask them what they do", "take")
	raise()
	if heard() != 0 { // told a moment ago: again in an hour
		t.Error("it is told again within the hour")
	}
	mute("24h", "they answer tomorrow").has(t, "snoozed", 303)
	w.get("/admin", operator).has(t, "the overview", 200, "quiet until")
	raise()
	w.get(path, operator).has(t, "news during a snooze", 200, "Nothing is told of it until")
	mute("news", "a test of ours").has(t, "dismissed", 303)
	shown := w.get(path, operator)
	shown.has(t, "dismissed", 200, "until there is news", "a test of ours", "they answer tomorrow")
	raise()
	if strings.Contains(w.get(path, operator).body, "Nothing is told of it") {
		t.Error("a dismissal outlives news")
	}
	w.exec(`update watch_alerts set state = 'over'`)
	w.get(path, operator).has(t, "over", 200, "It is over.")
	mute("news", "too late").has(t, "over", 409)
}

// An account that does not exist is not found, before anybody is asked why they want to see it, and nothing is written
// down about it.
func TestNoReasonForNoAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	operator := w.a.Token
	nobody := uuid.NewString()
	w.get("/admin/accounts/"+nobody, operator).has(t, "nobody's account", 404)
	w.send(http.MethodPost, form("/admin/accounts/"+nobody, "reason", "a call"), operator).has(t, "opened", 404)
	w.get("/admin/accounts/"+w.a.ids["party"], operator).has(t, "a party's id", 404)
	w.get("/admin/accounts/"+w.a.ids["account"], operator).has(t, "an account", 200, "Why do you open this account?")
	var noted int
	w.ok(w.db.Super.QueryRow(t.Context(), `select count(*) from support_uses where question = 'account' and subject = $1`,
		nobody).Scan(&noted))
	if noted != 0 {
		t.Errorf("%d uses are about an account that is none", noted)
	}
}

// What probers see from outside is a line of health.
func TestHealthTellsOfProbes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).populate()
	w.config.Watch = watch.New(w.db.Watch, Watched(), w.config.Log)
	w.server = New(w.config)
	health := func() answer { return w.get("/admin/health", w.a.Token) }
	health().has(t, "without a prober", 200, "Seen from outside", "Nobody looks.")
	w.exec(`
		insert into probe_lines (name, location, kind, title, title_hi, hidden, place, state, since, checked_at,
			took_ms, detail)
		values ('prices', 'here', 'address', 'Prices', 'दाम', false, 1, 'up', now(), now(), 5, '')`)
	health().has(t, "one that answers", 200, "1 address answers.")
	w.exec(`update probe_lines set state = 'down', detail = 'refused'`)
	health().has(t, "one that does not", 200, "Not reached: prices.", "act now")
	w.exec(`update probe_lines set checked_at = now() - interval '16 minutes'`)
	health().has(t, "a silent prober", 200, "The last look was", "act now")
}

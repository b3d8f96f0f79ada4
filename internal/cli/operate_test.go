package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/simulator"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// TestOperatorsCommands is a transcript of an operator's day, failures included,
// on the database of a server that runs elsewhere.
func TestOperatorsCommands(t *testing.T) {
	db := pgtest.New(t)
	now := clock.New()
	plans, err := billing.LoadPlans("", nil)
	if err != nil {
		t.Fatal(err)
	}
	var handler http.Handler
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		handler.ServeHTTP(w,
			r)
	}))
	t.Cleanup(api.Close)
	sim, err := simulator.New(simulator.Config{
		URL: api.URL, AppURL: "http://127.0.0.1:1", Prices: prices(plans),
		Now: now.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	handler = sim.Handler()
	admin := db.Config.Admin
	t.Setenv("DATABASE_URL", fmt.Sprintf("host=%s port=%d user=%s dbname=%s sslmode=disable", admin.Host, admin.Port,
		admin.User, admin.Database))
	t.Setenv("TIJORI_SIMULATOR_ADDR", strings.TrimPrefix(api.URL, "http://"))
	t.Setenv("TIJORI_DATA", t.TempDir())

	u := db.User(t, "asha")
	exec := func(sql string, args ...any) {
		t.Helper()
		if _, err := db.Super.Exec(t.Context(), sql, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(`insert into plans (app_id, id, name, rank, entitlements, credits_per_month)
		values ('khata', 'pro', 'Pro', 10, '{export}', 0) on conflict do nothing`)
	exec(`insert into inbox (connection_id, provider, event_id, type, status, body, headers, secret_label, received_at, delivered_at, next_attempt_at, last_error)
		values ('stripe', 'stripe', 'evt_dead', 'invoice.paid', 'dead', '{"id":"evt_dead","object":"event","type":"invoice.paid","created":1,"data":{"object":{"id":"in_1"}}}', '{"User-Agent":"Stripe/1.0"}', 'old', now(), now(), now(), 'the provider was away')`)
	exec(`insert into review_items (connection_id, provider, key, reason, detail, subscription_id, opened_at, seen_at)
		values ('razorpay', 'razorpay', 'unmapped subscription sub_X', 'unmapped_subscription', 'nobody made sub_X', 'sub_X', now(), now())`)
	db.Subscription(t, u.AccountID, "razorpay", "sub_gone")
	exec(`update subscriptions
		set price_id = 'plan_TijoriProMonth', plan_id = 'pro', access_until = now() + interval '9 days', paid_through = now() + interval '2 days'`)

	exec(`insert into alerts (connection_id, provider, kind, state, times, detail, first_at, last_at)
		values ('stripe', 'stripe', 'dead', 'raised', 1, '1 event could not be applied', now(), now())`)
	exec(`insert into watch_alerts (id, rule, subject, state, times, detail, requests, first_at, last_at)
		values ('01999999-0000-7000-8000-00000000000a', 'walking', 'somebody', 'raised', 5,
			'one caller asked for 5 ids', '{6b0d202b}', now(), now()),
		       ('01999999-0000-7000-8000-00000000000b', 'slow', '', 'over', 1, 'the dashboard was slow', '{}', now(), now())`)
	item := ""
	for _, c := range []struct {
		args string
		exit int
		says string // in what is printed, result or complaint
	}{
		{"inbox list --state dead", 0, "evt_dead"},
		{"inbox list --state gone", 2, "--state is one of"},
		{"inbox list --provider paypal", 2, "stripe or razorpay"},
		{"inbox show evt_dead", 0, `secret "old"`},
		{"inbox show evt_dead --raw", 0, `{"id":"evt_dead"`},
		{"inbox show evt_none", 1, "There is no such event."},
		{"inbox explain evt_dead", 0, "It is dead after"},
		{"inbox replay evt_dead", 2, "--reason"},
		{"inbox retry --reason x", 1, "Say why"},
		{"inbox retry --reason provider_is_back", 0, "1 handed to the worker"},
		{"inbox list --state dead", 0, "RECEIVED"},
		{"review list", 0, "unmapped_subscription"},
		{"review show 0000000000000000", 1, "There is no such review item."},
		{"review show ITEM", 0, "Assign it, or cancel"},
		{"review show ITEM", 0, "possible      Say whose it is"},
		{"review resolve ITEM --reason because --take-back", 1, "Say whose it is"},
		{"review resolve ITEM --reason because --take-back --give-back", 2, "--"},
		{"review snooze ITEM --reason tomorrow --for never", 2, "--for is a time"},
		{"review snooze ITEM --reason tomorrow --for 9w", 1, "up to 31 days"},
		{"review snooze ITEM --reason asked_the_customer --for 3d --as ravi", 0, "no alert tells of"},
		{"review show ITEM", 0, "snoozed       until"},
		{"alerts list", 0, "1 event could not be applied"},
		{"alerts snooze stripe gone --reason later --for 1d", 2, "the kind is one of"},
		{"alerts snooze paypal dead --reason later --for 1d", 2, "stripe or razorpay"},
		{"alerts snooze razorpay silent --reason later --for 1d", 1, "There is no such alert."},
		{"alerts snooze stripe dead --reason x --for 1d", 1, "Say why"},
		{
			"alerts snooze stripe dead --reason the_provider_mends_it --for 1d --as ravi", 0,
			"nothing is told of stripe dead until 2",
		},
		{"alerts dismiss stripe dead --reason it_was_a_trial --as ravi", 0, "until there is news"},
		{"alerts show stripe dead", 0, "dismiss by ravi: it_was_a_trial (until there is news: 1 event"},
		{"alerts list --json", 0, `"MutedAt"`},
		{"alerts list", 0, "walking 01999999-0000-7000-8000-00000000000a  raised"},
		{"alerts list --over", 0, "the dashboard was slow"},
		{"alerts list --json", 0, `"Rule": "walking"`},
		{"alerts show watch walking", 2, "named by its id"},
		{"alerts show watch 01999999-0000-7000-8000-00000000000c", 1, "There is no such alert."},
		{"alerts show watch 01999999-0000-7000-8000-00000000000a", 0, "request   6b0d202b"},
		{"alerts dismiss watch 01999999-0000-7000-8000-00000000000b --reason it_is_over", 1, "not raised now"},
		{"alerts snooze watch 01999999-0000-7000-8000-00000000000a --reason later --for 9w", 1, "up to 31 days"},
		{"alerts snooze watch 01999999-0000-7000-8000-00000000000a --reason asked_them --for 3d --as ravi", 0, "nothing is told of"},
		{"alerts dismiss watch 01999999-0000-7000-8000-00000000000a --reason a_test_of_ours --as ravi", 0, "until there is news"},
		{
			"alerts show watch 01999999-0000-7000-8000-00000000000a", 0,
			"dismiss by ravi: a_test_of_ours (until there is news)",
		},
		{"alerts list", 0, "until news"},
		{
			"review resolve ITEM --reason hers --assign 01999999-0000-7000-8000-000000000000", 1,
			"There is no account with this ID.",
		},
		{
			"review resolve ITEM --reason she_showed_the_invoice --as ravi --assign " + u.AccountID.String(), 0,
			"is resolved",
		},
		{"review resolve ITEM --reason again", 1, "resolved already"},
		{"review list --resolved --json", 0, `"ResolvedBy": "ravi"`},
		{"reconcile --dry-run --provider razorpay", 3, "unknown to the provider"},
		{"reconcile --provider razorpay", 3, "are left to a person"},
		{"reconcile --rate 0", 2, "--rate 0"},
		{"support lookup " + u.Email, 0, "Pro, by subscription sub_gone"},
		{"support lookup nobody@example.com", 1, "Nobody with this address"},
		{"support why " + u.AccountID.String() + " export", 0, "has export"},
		{"users reset-factors " + u.Email, 2, "--reason"},
		{"users reset-factors " + u.Email + " --reason x", 2, "how you know who asks"},
		{"users reset-factors nobody --reason i_know_the_voice", 1, ""},
		{"users reset-factors nobody@example.com --reason i_know_the_voice", 1, "Nobody with this address"},
		{"users reset-factors " + u.Email + " --reason i_know_the_voice --as ravi", 0, "with the password alone now"},
		{"credits grant " + u.AccountID.String() + " 50 --by ravi --reason sorry --days 30", 0, "-"},
		{"credits grant " + u.AccountID.String() + " 50 --by ravi --reason sorry --days -1", 2, "--days"},
		{"credits take " + u.AccountID.String() + " 20 --by ravi --reason mistake", 0, "20 of 20 taken back"},
		{
			"credits take " + u.AccountID.String() + " 5 --by ravi --reason mistake --idempotency-key may-17", 0,
			"idempotency key may-17",
		},
		{
			"credits take " + u.AccountID.String() + " 5 --by ravi --reason mistake --idempotency-key may-17", 0,
			"5 of 5 taken back",
		},
		{
			"credits take " + u.AccountID.String() + " 6 --by ravi --reason mistake --idempotency-key may-17", 1,
			"another request",
		},
		{"credits take " + u.AccountID.String() + " 100 --by ravi --reason mistake", 0, "25 of 100 taken back"},
		{"credits take " + u.AccountID.String() + " 0 --by ravi --reason mistake", 2, "whole number"},
		{"credits take 00000000-0000-0000-0000-000000000001 5 --by ravi --reason mistake", 1, "no such account"},
		{"credits verify", 0, "every balance is the sum"},
		{"support why " + u.AccountID.String() + " flying", 1, "No plan has such an entitlement."},
	} {
		if item == "" && strings.Contains(c.args, "ITEM") {
			if err := db.Super.QueryRow(t.Context(),
				`select left(encode(sha256('razorpay unmapped subscription sub_X'), 'hex'), 16)`).Scan(&item); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasPrefix(c.args, "credits") {
			exec(`update service_clock set simulated = true, offset_seconds = 100 * 86400`)
		}
		args := strings.Fields(strings.ReplaceAll(c.args, "ITEM", item))
		var stdout, stderr bytes.Buffer
		exit := Main(args, &stdout, &stderr)
		out := stdout.String() + stderr.String()
		if exit != c.exit || !strings.Contains(out, c.says) {
			t.Errorf("tijori %s\n%s\nexit %d, want %d with %q", c.args, out, exit, c.exit, c.says)
		}
		if exit == 0 && stderr.Len() > 0 {
			t.Errorf("tijori %s succeeds and complains: %s", c.args, stderr.String())
		}
	}
	var uses, acts int
	if err := db.Super.QueryRow(t.Context(),
		`select (select count(*) from support_uses), (select count(*)
			from operator_acts)`).Scan(&uses, &acts); err != nil {
		t.Fatal(err)
	}
	if uses != 5 || acts != 9 {
		t.Errorf("%d look-ups and %d acts are written down, want 5 and 9", uses, acts)
	}

	// What lasts thirty days lasts them by the service's clock, which stands elsewhere in development.
	var ends time.Time
	if err := db.Super.QueryRow(t.Context(),
		`select expires_at from credit_grants where account_id = $1
			and kind = 'promotional'`, u.AccountID).Scan(&ends); err != nil {
		t.Fatal(err)
	}
	if want := time.Now().Add(100*24*time.Hour).AddDate(0, 0, 30); ends.Before(want.Add(-time.Hour)) ||
		ends.After(want.Add(time.Hour)) {
		t.Errorf("the grant ends at %s, want %s", ends, want)
	}

	// The providers do not answer: never "complete".
	handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) })
	var stdout, stderr bytes.Buffer
	if exit := Main([]string{"reconcile", "--provider", "stripe"}, &stdout, &stderr); exit != 1 ||
		!strings.Contains(stdout.String(), "partial") || !strings.Contains(stderr.String(), "run it again") {
		t.Errorf("with a provider that refuses: exit %d\n%s%s", exit, stdout.String(), stderr.String())
	}
}

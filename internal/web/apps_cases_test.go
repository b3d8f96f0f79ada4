package web

import (
	"encoding/json"
	"log/slog"
	"maps"
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/billing"
	"github.com/tijorihq/tijori/internal/billing/razorpay"
	"github.com/tijorihq/tijori/internal/billing/stripe"
	"github.com/tijorihq/tijori/internal/clock"
	"github.com/tijorihq/tijori/internal/credits"
	"github.com/tijorihq/tijori/internal/platform"
)

func init() { maps.Copy(trials, appTrials) }

func ofCustomer(i ids, rest string) string { return "/api/v1/customers/" + i.get("customer") + rest }

var appTrials = map[string]trial{
	"PUT /api/v1/customers/{customer}": {status: 200, shows: `"status":"none"`, ask: func(i ids) ask {
		return ask{path: "/api/v1/customers/" + i.get("own customer"), json: map[string]any{"name": "Render & Co"}}
	}},
	"GET /api/v1/customers/{customer}": {
		status: 200, shows: `"plan":"starter"`,
		ask: func(i ids) ask { return ask{path: ofCustomer(i, "")} },
	},
	"POST /api/v1/customers/{customer}/check": {status: 200, shows: `"allowed":true`, ask: func(i ids) ask {
		return ask{path: ofCustomer(i, "/check"), json: map[string]any{"feature": "projects", "need": 3}}
	}},
	"POST /api/hooks/{connection}": {ask: func(ids) ask {
		return ask{path: "/api/hooks/app-" + wordOfA + "-stripe", json: map[string]any{}}
	}, status: 400, visitor: true},
	"POST /api/v1/customers/{customer}/consume": {status: 200, shows: `"balance":43`, ask: func(i ids) ask {
		return ask{path: ofCustomer(i, "/consume"), json: map[string]any{
			"meter": "credits", "amount": 2, "idempotency_key": uuid.NewString(), "note": "a page",
		}}
	}},
	"POST /api/v1/customers/{customer}/holds": {status: 201, shows: `"balance":43`, ask: func(i ids) ask {
		return ask{path: ofCustomer(i, "/holds"), json: map[string]any{
			"meter": "credits", "amount": 2, "idempotency_key": uuid.NewString(), "expires_in": 60,
		}}
	}},
	"POST /api/v1/customers/{customer}/holds/{id}/capture": {status: 200, shows: `"captured":3`, ask: func(i ids) ask {
		return ask{path: ofCustomer(i, "/holds/"+i.get("app hold")+"/capture"), json: map[string]any{"amount": 3}}
	}},
	"POST /api/v1/customers/{customer}/holds/{id}/release": {
		status: 200, shows: `"captured":0`, noBody: true, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/holds/"+i.get("app hold")+"/release"), json: map[string]any{}}
		},
	},
	"GET /api/v1/customers/{customer}/entries": {
		status: 200, shows: `"kind":"allowance"`, ask: func(i ids) ask { return ask{path: ofCustomer(i, "/entries")} },
	},
	"POST /api/v1/customers/{customer}/checkout": {
		status: 200, shows: `"url":"https://checkout.stripe.com/c/pay/`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/checkout"), json: map[string]any{
				"plan": "studio", "interval": "month", "provider": "stripe", "idempotency_key": uuid.NewString(),
				"return_url": "https://" + wordOfA + ".example/back",
			}}
		},
	},
	"POST /api/v1/customers/{customer}/change/preview": {
		status: 409, shows: `"no_subscription"`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/change/preview"), json: map[string]any{
				"plan": "studio", "interval": "month",
			}}
		},
	},
	"POST /api/v1/customers/{customer}/change": {
		status: 409, shows: `"amount_changed"`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/change"), json: map[string]any{
				"quote": "eyJwIjoic3R1ZGlvIiwiaSI6Im1vbnRoIiwiYSI6MSwiZCI6MX0", "idempotency_key": uuid.NewString(),
			}}
		},
	},
	"POST /api/v1/customers/{customer}/seats/preview": {
		status: 409, shows: `"no_subscription"`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/seats/preview"), json: map[string]any{"seats": 3}}
		},
	},
	"PUT /api/v1/customers/{customer}/seats": {
		status: 409, shows: `"amount_changed"`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/seats"), json: map[string]any{
				"quote": "eyJwIjoic3R1ZGlvIiwiaSI6Im1vbnRoIiwiYSI6MSwiZCI6MX0", "idempotency_key": uuid.NewString(),
			}}
		},
	},
	"POST /api/v1/customers/{customer}/cancel": {
		status: 409, shows: `"no_subscription"`, noBody: true,
		ask: func(i ids) ask { return ask{path: ofCustomer(i, "/cancel"), json: map[string]any{}} },
	},
	"POST /api/v1/customers/{customer}/resume": {
		status: 409, shows: `"subscription_not_ending"`, noBody: true,
		ask: func(i ids) ask { return ask{path: ofCustomer(i, "/resume"), json: map[string]any{}} },
	},
	"POST /api/v1/customers/{customer}/refresh": {
		status: 200, shows: `"plan":"starter"`, noBody: true,
		ask: func(i ids) ask { return ask{path: ofCustomer(i, "/refresh"), json: map[string]any{}} },
	},
	"POST /api/v1/customers/{customer}/top-ups": {
		status: 200, shows: `"url":"https://checkout.stripe.com/c/pay/`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/top-ups"), json: map[string]any{
				"top_up": "extra", "provider": "stripe", "idempotency_key": uuid.NewString(),
				"return_url": "https://" + wordOfA + ".example/back",
			}}
		},
	},
	"POST /api/v1/customers/{customer}/portal": {
		status: 200, shows: `/portal/tj_pl_`, ask: func(i ids) ask {
			return ask{path: ofCustomer(i, "/portal"), json: map[string]any{
				"return_url": "https://" + wordOfA + ".example/",
			}}
		},
	},
	"GET /api/v1/customers/{customer}/invoices": {
		status: 200, shows: `"invoices":[]`, ask: func(i ids) ask { return ask{path: ofCustomer(i, "/invoices")} },
	},
	"POST /api/v1/customers/{customer}/tokens": {status: 201, shows: `"token":"tj_ct_`, ask: func(i ids) ask {
		return ask{path: ofCustomer(i, "/tokens"), json: map[string]any{
			"may": "read", "origin": "https://" + wordOfA + ".example",
		}}
	}},
	"DELETE /api/v1/customers/{customer}/tokens": {
		status: 200, shows: `"ended":true`, ask: func(i ids) ask { return ask{path: ofCustomer(i, "/tokens")} },
	},
	"POST /api/v1/imports": {status: 202, shows: `"dry_run":true`, ask: func(ids) ask {
		return ask{path: "/api/v1/imports", json: map[string]any{
			"csv": "external_id,provider,id\norg_9,stripe,sub_" + uuid.NewString()[:8] + "\n", "dry_run": true,
		}}
	}},
	"GET /api/v1/imports/{id}": {status: 200, shows: `"customer":"org_` + wordOfA + `import"`, ask: func(i ids) ask {
		return ask{path: "/api/v1/imports/" + i.get("import")}
	}},
	"DELETE /api/v1/imports": {ask: at("/api/v1/imports"), status: 200, shows: `"done":true`},
	"GET /api/v1/shadow":     {ask: at("/api/v1/shadow"), status: 200, shows: `"feature":"projects"`},
	"GET /api/v1/events":     {ask: at("/api/v1/events?limit=5"), status: 200, shows: `"webhook.test"`},
	"GET /api/v1/webhooks": {
		ask: at("/api/v1/webhooks"), status: 200, shows: `https://` + wordOfA + `.example/hooks`,
	},
	"POST /api/v1/webhooks": {status: 201, shows: `"secret":"whsec_`, ask: func(ids) ask {
		return ask{path: "/api/v1/webhooks", json: map[string]any{"url": "https://hooks.example/tijori"}}
	}},
	"DELETE /api/v1/webhooks/{id}": {status: 200, shows: `"done":true`, ask: func(i ids) ask {
		return ask{path: "/api/v1/webhooks/" + i.get("webhook")}
	}},
	"GET /api/v1/webhooks/{id}/deliveries": {status: 200, shows: `"webhook.test"`, ask: func(i ids) ask {
		return ask{path: "/api/v1/webhooks/" + i.get("webhook") + "/deliveries"}
	}},
	"POST /api/v1/webhooks/{id}/rotate": {status: 200, shows: `"secret":"whsec_`, noBody: true, ask: func(i ids) ask {
		return ask{path: "/api/v1/webhooks/" + i.get("webhook") + "/rotate", json: map[string]any{}}
	}},
	"POST /api/v1/webhooks/{id}/on": {status: 200, shows: `"done":true`, noBody: true, ask: func(i ids) ask {
		return ask{path: "/api/v1/webhooks/" + i.get("webhook") + "/on", json: map[string]any{}}
	}},
	"POST /api/v1/webhooks/{id}/test": {status: 200, shows: `"number":2`, noBody: true, ask: func(i ids) ask {
		return ask{path: "/api/v1/webhooks/" + i.get("webhook") + "/test", json: map[string]any{}}
	}},
	"POST /api/v1/webhooks/{id}/redeliver": {status: 200, shows: `"number":1`, ask: func(i ids) ask {
		return ask{path: "/api/v1/webhooks/" + i.get("webhook") + "/redeliver", json: map[string]any{"number": 1}}
	}},
	"GET /portal/{token}": {
		ask: func(i ids) ask { return ask{path: "/portal/" + i.get("portal link")} }, status: 200,
		shows: "The link works once.", visitor: true,
	},
	"POST /portal/{token}": {
		ask: func(i ids) ask { return form("/portal/" + i.get("portal link")) }, status: 303, shows: "/portal",
		visitor: true, noBody: true,
	},
	// With a session of its own kind these are tried by TestPortal.
	"GET /portal":             {ask: at("/portal"), status: 410, shows: "This link has ended", visitor: true},
	"POST /portal/act/cancel": portalWithout("cancel"),
	"POST /portal/act/resume": portalWithout("resume"),
	"POST /portal/act/method": portalWithout("method"),
	"POST /portal/act/leave": {
		ask: func(ids) ask { return form("/portal/act/leave") }, status: 303, shows: "/portal", visitor: true,
		noBody: true,
	},
	"GET /pay/{token}": {
		ask: func(i ids) ask { return ask{path: "/pay/" + i.get("pay link")} }, status: 303, shows: "tijori=pending",
		visitor: true,
	},
	"POST /pay/{token}": {
		ask: func(i ids) ask { return form("/pay/" + i.get("pay link")) }, status: 303, shows: "tijori=cancelled",
		visitor: true,
	},
	"GET /api/v1/jwks.json": {ask: at("/api/v1/jwks.json"), status: 200, shows: `"crv":"P-256"`},
	"GET /api/v1/plans":     {ask: at("/api/v1/plans"), status: 200, shows: `"studio"`},
}

func portalWithout(act string) trial {
	return trial{
		ask: func(ids) ask { return form("/portal/act/" + act) }, status: 410, shows: "This link has ended",
		visitor: true, noBody: true,
	}
}

// appPlans is what the apps of both sides sell.
func appPlans(app string) string {
	return `app = "` + app + `"

[[plan]]
id = "starter"
name = "Starter"
default = true
rank = 0
entitlements = []
credits_per_month = 50
  [plan.limits]
  projects = 3

[[plan]]
id = "studio"
name = "Studio"
rank = 10
entitlements = ["render", "export.4k"]
credits_per_month = 1000
  [plan.limits]
  projects = 100

  [[plan.price]]
  provider = "razorpay"
  interval = "month"
  currency = "INR"
  amount = 49900
  provider_price = "plan_StudioMonth"

  [[plan.price]]
  provider = "stripe"
  interval = "month"
  currency = "USD"
  amount = 900
  provider_price = "price_StudioMonth"

[[top_up]]
id = "extra"
name = "500 credits"
meter = "credits"
credits = 500

  [[top_up.price]]
  provider = "stripe"
  currency = "USD"
  amount = 300
  provider_price = "price_Extra500"

  [[top_up.price]]
  provider = "razorpay"
  currency = "INR"
  amount = 9900
`
}

// openApps makes an app for each side, with the same plans.
func (w *world) openApps(now *clock.Clock, s *stripe.Client, r *razorpay.Client, log *slog.Logger) {
	w.Helper()
	w.apps = map[string]*platform.App{}
	var list []*platform.App
	for _, word := range []string{wordOfA, wordOfB} {
		id := "app-" + word
		plans, err := billing.ParsePlans([]byte(appPlans(id)), nil)
		w.ok(err)
		w.ok(platform.CreateApp(w.Context(), w.db.DB, id, word+"app", platform.Live,
			[]string{"https://" + word + ".example"}))
		bill, err := billing.New(billing.Config{
			DB: w.db.DB, Plans: plans, Clock: now, Stripe: s, Razorpay: r, PublicURL: w.url, Log: log,
		})
		w.ok(err)
		w.ok(bill.SyncPlans(w.Context()))
		a := &platform.App{
			ID: id, Plans: plans, Billing: bill,
			Credits: credits.New(credits.Config{DB: w.db.DB, Plans: plans, Clock: now, Log: log}),
		}
		w.apps[word], list = a, append(list, a)
	}
	platforms, err := platform.New(platform.Config{
		DB: w.db.DB, Clock: now, Apps: list, Log: log, Key: []byte(strings.Repeat("k", 32)), Development: true,
	})
	w.ok(err)
	w.platform = platforms
}

func (w *world) appKeyOf(s *side, kind string, scopes ...string) (string, uuid.UUID) {
	w.Helper()
	key, id, err := platform.CreateKey(w.Context(), w.db.DB, platform.Listed{ID: s.app.ID, Mode: platform.Live}, kind,
		s.word+"app key", scopes)
	w.ok(err)
	return key, id
}

// seedApp gives a side's app a key and a customer. Both apps know one by the same id, and each another by one of its own.
func (w *world) seedApp(s *side) {
	w.Helper()
	s.app = w.apps[s.word]
	s.appKey, _ = w.appKeyOf(s, platform.ServerKey)
	_, spare := w.appKeyOf(s, platform.PublishableKey)
	s.ids["app key"] = spare.String()
	s.ids["customer"], s.ids["own customer"] = "org_"+s.word+"mail", "org_shared"
	for _, name := range []string{"customer", "own customer"} {
		got := w.send("PUT", ask{path: "/api/v1/customers/" + s.ids[name], json: map[string]any{
			"name": s.word + "person of " + name, "email": s.word + "mail-customer@example.com",
		}}, s.appKey)
		if got.status != 201 {
			w.Fatalf("make a customer of %s: %d %s", s.app.ID, got.status, got.body)
		}
	}
	got := w.send("POST", ask{path: "/api/v1/customers/" + s.ids["customer"] + "/holds", json: map[string]any{
		"meter": "credits", "amount": 5, "idempotency_key": "seed", "note": s.word + "note of a hold",
		"expires_in": 3600,
	}}, s.appKey)
	var hold struct{ ID string }
	w.ok(json.Unmarshal([]byte(got.body), &hold))
	s.ids["app hold"] = hold.ID
	got = w.send("POST", ask{path: "/api/v1/webhooks", json: map[string]any{
		"url": "https://" + s.word + ".example/hooks",
	}}, s.appKey)
	var hook struct{ ID string }
	w.ok(json.Unmarshal([]byte(got.body), &hook))
	s.ids["webhook"] = hook.ID
	if got := w.send("POST", ask{path: "/api/v1/webhooks/" + hook.ID + "/test", json: map[string]any{}},
		s.appKey); got.status != 200 {
		w.Fatalf("send a test event: %d %s", got.status, got.body)
	}
	got = w.send("POST", ask{path: "/api/v1/imports", json: map[string]any{
		"csv": "external_id,provider,id\norg_" + s.word + "import,stripe,sub_" + s.word + "\n",
	}}, s.appKey)
	var file struct{ ID string }
	w.ok(json.Unmarshal([]byte(got.body), &file))
	s.ids["import"] = file.ID
	if got := w.send("POST", ask{path: "/api/v1/customers/" + s.ids["customer"] + "/check", json: map[string]any{
		"feature": "projects", "need": 3, "shadow": map[string]any{"allowed": false},
	}}, s.appKey); got.status != 200 {
		w.Fatalf("count a check: %d %s", got.status, got.body)
	}
	s.customer = one[uuid.UUID](w, `select account_id from accounts where app_id = $1 and external_id = $2`, s.app.ID,
		s.ids["customer"])
	s.ids["portal link"] = w.portalLink(s, s.ids["customer"])
	s.ids["pay link"] = randomToken()
	w.exec(`insert into customer_links (account_id, id, opens, hash, back, checkout_id, app_generation, generation, expires_at)
		values ($1, gen_random_uuid(), 'pay', $2, $3, gen_random_uuid(), 1, 1, now() + interval '1 hour')`, s.customer,
		hashOf(s.ids["pay link"]), "https://"+s.word+".example/back")
}

// deadAppKeys are keys of apps that are none.
func (w *world) deadAppKeys() map[string]string {
	w.Helper()
	revoked, id := w.appKeyOf(w.a, platform.ServerKey)
	w.ok(platform.RevokeKey(w.Context(), w.db.DB, w.a.app.ID, id))
	return map[string]string{
		"no key": "", "the owner's session": w.a.Token, "an API key of an account": w.a.key,
		"the hash of a key": "tj_live_sk_" + hexHash(w.a.appKey), "a revoked key": revoked,
		"half a key": w.a.appKey[:len(w.a.appKey)/2],
	}
}

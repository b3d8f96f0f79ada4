package web

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/credits"
)

func init() { maps.Copy(trials, creditTrials) }

var creditTrials = map[string]trial{
	"GET /api/credits":         {ask: at("/api/credits"), status: 200, shows: `"balance":99995`},
	"GET /api/credits/entries": {ask: at("/api/credits/entries"), status: 200, shows: wordOfA + "note of a grant"},
	"POST /api/credits/consume": {status: 200, shows: `"balance":99993`, ask: func(ids) ask {
		return ask{path: "/api/credits/consume", json: map[string]any{
			"meter": "credits", "amount": 2,
			"idempotency_key": uuid.NewString(), "note": "a page",
		}}
	}},
	"POST /api/credits/holds": {status: 201, shows: `"balance":99993`, ask: func(ids) ask {
		return ask{path: "/api/credits/holds", json: map[string]any{
			"meter": "credits", "amount": 2,
			"idempotency_key": uuid.NewString(), "expires_in": 60,
		}}
	}},
	"POST /api/credits/holds/{id}/capture": {status: 200, shows: `"captured":3`, ask: func(i ids) ask {
		return ask{path: "/api/credits/holds/" + i.get("hold") + "/capture", json: map[string]any{"amount": 3}}
	}},
	"POST /api/credits/holds/{id}/release": {status: 200, shows: `"captured":0`, noBody: true, ask: func(i ids) ask {
		return ask{path: "/api/credits/holds/" + i.get("hold") + "/release", json: map[string]any{}}
	}},
	"GET /billing/usage":     {ask: at("/billing/usage"), status: 200, shows: wordOfA + "note of a grant"},
	"GET /billing/usage.csv": {ask: at("/billing/usage.csv"), status: 200, shows: wordOfA + "note of a grant"},
	"POST /billing/topup": {status: 303, shows: "https://checkout.stripe.com/c/pay/", ask: func(ids) ask {
		return form("/billing/topup", "top_up", "credits_500", "provider", "stripe")
	}},
	"POST /billing/keys": {ask: func(ids) ask {
		return form("/billing/keys", "name", "a new program", "scope",
			"spend")
	}, status: 200, shows: credits.KeyPrefix},
	"GET /developer": {ask: at("/developer"), status: 200, shows: "Spend one credit"},
	"POST /billing/keys/{id}/revoke": {status: 303, shows: "/developer", ask: func(i ids) ask {
		return form("/billing/keys/" + i.get("key") + "/revoke")
	}},
	"GET /api/billing/usage": {ask: at("/api/billing/usage"), status: 200, shows: `"balance":99995`},
	"GET /api/openapi.json":  {ask: at("/api/openapi.json"), status: 200, shows: `"openapi"`, visitor: true},
}

// seedCredits gives a side a hundred thousand credits, a key, and a hold of five.
func (w *world) seedCredits(s *side) {
	w.Helper()
	key, id, err := w.credits.CreateKey(w.Context(), s.Account(), s.word+"key",
		[]string{credits.Read, credits.SpendCredits})
	w.ok(err)
	s.key, s.ids["key"] = key, id.String()
	_, err = w.credits.Grant(w.Context(), credits.Grant{
		AccountID: s.AccountID, Meter: "credits",
		Kind: credits.Promotional, Amount: 100_000, Key: s.word + "grant", Reason: s.word +
			"note of a grant", By: "test",
	})
	w.ok(err)
	h, err := w.credits.SetAside(w.Context(), credits.HashKey(key), credits.Spend{
		Meter: "credits", Amount: 5,
		Key: "seed", Note: s.word + "note of a hold",
	}, time.Hour)
	w.ok(err)
	s.ids["hold"] = h.ID.String()
}

// deadKeys are API keys that are none.
func (w *world) deadKeys() map[string]string {
	w.Helper()
	revoked, id, err := w.credits.CreateKey(w.Context(), w.a.Account(), "revoked",
		[]string{credits.Read, credits.SpendCredits})
	w.ok(err)
	w.ok(w.credits.RevokeKey(w.Context(), w.a.Account(), id))
	return map[string]string{
		"no key": "", "the owner's session": w.a.Token, "the owner's session as a key": credits.KeyPrefix + w.a.Token,
		"the hash of a key": credits.KeyPrefix + hexHash(w.a.key), "a revoked key": revoked,
		"half a key": w.a.key[:len(w.a.key)/2],
	}
}

package web

import (
	"strings"

	"github.com/google/uuid"

	"github.com/tijorihq/tijori/internal/platform"
)

// appOperations are the requests of apps that the document is held against.
func appOperations(w *world) []operation {
	published, _ := w.appKeyOf(w.a, platform.PublishableKey)
	reader, _ := w.appKeyOf(w.a, platform.ServerKey, platform.ReadCustomers)
	profile := map[string]any{"name": "Asha", "email": "asha@example.com", "time_zone": "Asia/Kolkata"}
	check := func(feature string, need int) map[string]any { return map[string]any{"feature": feature, "need": need} }
	const put, get, ask, plans = "PUT /api/v1/customers/{customer}", "GET /api/v1/customers/{customer}",
		"POST /api/v1/customers/{customer}/check", "GET /api/v1/plans"
	const consume, hold, capture, release, entries = "POST /api/v1/customers/{customer}/consume",
		"POST /api/v1/customers/{customer}/holds", "POST /api/v1/customers/{customer}/holds/{id}/capture",
		"POST /api/v1/customers/{customer}/holds/{id}/release", "GET /api/v1/customers/{customer}/entries"
	spend := func(key string, amount int, feature string) map[string]any {
		return map[string]any{"meter": "credits", "amount": amount, "idempotency_key": key, "feature": feature}
	}
	held := w.a.ids["app hold"]
	const of = "POST /api/v1/customers/{customer}/"
	back := "https://" + wordOfA + ".example/back"
	buy := func(key, url string) map[string]any {
		return map[string]any{
			"plan": "studio", "interval": "month", "provider": "stripe", "return_url": url, "idempotency_key": key,
		}
	}
	extra := func(key string) map[string]any {
		return map[string]any{"top_up": "extra", "provider": "stripe", "return_url": back, "idempotency_key": key}
	}
	nothing := map[string]any{
		"quote": "eyJwIjoic3R1ZGlvIiwiaSI6Im1vbnRoIiwiYSI6MSwiZCI6MX0", "idempotency_key": "q",
	}
	const hooks, hook = "POST /api/v1/webhooks", "POST /api/v1/webhooks/{id}/"
	nobodys := uuid.NewString()
	return []operation{
		{
			"POST /api/v1/imports", "",
			map[string]any{"csv": "external_id,provider,id\no,stripe,sub_1\n"},
			w.a.appKey, 202,
		},
		{
			"POST /api/v1/imports", "",
			map[string]any{"csv": "email,provider,id\na@b.example,stripe,sub_1\n"},
			w.a.appKey, 422,
		},
		{"POST /api/v1/imports", "", map[string]any{"csv": "external_id,provider,id\no,stripe,sub_1\n"}, reader, 403},
		{"GET /api/v1/imports/{id}", w.a.ids["import"], nil, w.a.appKey, 200},
		{"GET /api/v1/imports/{id}", w.b.ids["import"], nil, w.a.appKey, 404},
		{"GET /api/v1/imports/{id}", w.a.ids["import"], nil, reader, 403},
		{"DELETE /api/v1/imports", "", nil, w.a.appKey, 200},
		{"DELETE /api/v1/imports", "", nil, reader, 403},
		{"GET /api/v1/shadow", "", nil, w.a.appKey, 200},
		{"GET /api/v1/shadow", "", nil, reader, 403},
		{ask, "", map[string]any{"feature": "render", "shadow": map[string]any{"allowed": true}}, w.a.appKey, 200},
		{ask, "", map[string]any{"feature": "rendr", "shadow": map[string]any{"allowed": true}}, w.a.appKey, 422},
		{"GET /api/v1/events", "?after=0&limit=10", nil, w.a.appKey, 200},
		{"GET /api/v1/events", "?after=x", nil, w.a.appKey, 422},
		{"GET /api/v1/events", "", nil, published, 403},
		{hooks, "", map[string]any{"url": "https://hooks.example/x"}, w.a.appKey, 201},
		{hooks, "", map[string]any{"url": "http://hooks.example/x"}, w.a.appKey, 422},
		{hooks, "", map[string]any{"url": "https://user@hooks.example/x"}, w.a.appKey, 422},
		{hooks, "", map[string]any{"url": "https://hooks.example/x"}, reader, 403},
		{"GET /api/v1/webhooks", "", nil, w.a.appKey, 200},
		{"GET /api/v1/webhooks/{id}/deliveries", w.a.ids["webhook"], nil, w.a.appKey, 200},
		{"GET /api/v1/webhooks/{id}/deliveries", w.b.ids["webhook"], nil, w.a.appKey, 404},
		{hook + "test", w.a.ids["webhook"], nil, w.a.appKey, 200},
		{hook + "test", w.b.ids["webhook"], nil, w.a.appKey, 404},
		{hook + "redeliver", w.a.ids["webhook"], map[string]any{"number": 1}, w.a.appKey, 200},
		{hook + "redeliver", w.a.ids["webhook"], map[string]any{"number": 99}, w.a.appKey, 404},
		{hook + "redeliver", w.a.ids["webhook"], map[string]any{"number": 0}, w.a.appKey, 422},
		{hook + "rotate", w.a.ids["webhook"], nil, w.a.appKey, 200},
		{hook + "rotate", nobodys, nil, w.a.appKey, 404},
		{hook + "on", w.a.ids["webhook"], nil, w.a.appKey, 200},
		{hook + "on", w.b.ids["webhook"], nil, w.a.appKey, 404},
		{"DELETE /api/v1/webhooks/{id}", w.a.ids["webhook"], nil, w.a.appKey, 200},
		{"DELETE /api/v1/webhooks/{id}", w.a.ids["webhook"], nil, w.a.appKey, 404},
		{of + "checkout", "", buy("b1", back), w.a.appKey, 200},
		{of + "checkout", "", buy("b1", back), w.a.appKey, 200},
		{of + "checkout", "", buy("b1", back+"2"), w.a.appKey, 409},
		{of + "checkout", "", buy("b2", "https://evil.example/"), w.a.appKey, 422},
		{of + "checkout", "", buy("b3", "javascript:alert(1)"), w.a.appKey, 422},
		{of + "checkout", "org_nobody>", buy("b4", back), w.a.appKey, 404},
		{of + "checkout", "", buy("b5", back), reader, 403},
		{of + "top-ups", "", extra("t1"), w.a.appKey, 200},
		{of + "top-ups", "", extra("t1"), w.a.appKey, 200},
		{of + "top-ups", "", extra("b1"), w.a.appKey, 409},
		{of + "change/preview", "", map[string]any{"plan": "studio", "interval": "month"}, w.a.appKey, 409},
		{of + "change", "", nothing, w.a.appKey, 409},
		{of + "change", "", map[string]any{"quote": "x", "idempotency_key": "q2"}, w.a.appKey, 422},
		{of + "seats/preview", "", map[string]any{"seats": 3}, w.a.appKey, 409},
		{of + "seats/preview", "", map[string]any{"seats": 0}, w.a.appKey, 422},
		{of + "seats/preview", "", map[string]any{"seats": 3}, reader, 403},
		{of + "seats/preview", "org_nobody>", map[string]any{"seats": 3}, w.a.appKey, 404},
		{"PUT /api/v1/customers/{customer}/seats", "", nothing, w.a.appKey, 409},
		{
			"PUT /api/v1/customers/{customer}/seats", "",
			map[string]any{"quote": "x", "idempotency_key": "q3"},
			w.a.appKey, 422,
		},
		{of + "cancel", "", nil, w.a.appKey, 409},
		{of + "resume", "", nil, w.a.appKey, 409},
		{of + "refresh", "", nil, w.a.appKey, 200},
		{of + "portal", "", map[string]any{"return_url": back}, w.a.appKey, 200},
		{of + "portal", "org_nobody>", map[string]any{"return_url": back}, w.a.appKey, 404},
		{of + "portal", "", map[string]any{"return_url": back}, reader, 403},
		{of + "portal", "", map[string]any{"return_url": "https://evil.example/"}, w.a.appKey, 422},
		{"GET /api/v1/customers/{customer}/invoices", "", nil, w.a.appKey, 200},
		{
			of + "tokens", "",
			map[string]any{"may": "read", "origin": strings.TrimSuffix(back, "/back")},
			w.a.appKey, 201,
		},
		{of + "tokens", "", map[string]any{"may": "read", "origin": "https://evil.example"}, w.a.appKey, 422},
		{"DELETE /api/v1/customers/{customer}/tokens", "", nil, w.a.appKey, 200},
		{"DELETE /api/v1/customers/{customer}/tokens", "org_nobody>", nil, w.a.appKey, 404},
		{consume, "", spend("one", 1, ""), w.a.appKey, 200},
		{consume, "", spend("one", 1, ""), w.a.appKey, 200},
		{consume, "", spend("one", 2, ""), w.a.appKey, 409},
		{consume, "", spend("two", 100000, ""), w.a.appKey, 402},
		{consume, "", spend("three", 1, "render"), w.a.appKey, 403},
		{consume, "", spend("four", 0, ""), w.a.appKey, 422},
		{consume, "org_nobody>", spend("five", 1, ""), w.a.appKey, 404},
		{consume, "", spend("six", 1, ""), w.b.appKey, 404},
		{consume, "", spend("seven", 1, ""), reader, 403},
		{consume, "", spend("eight", 1, ""), "", 401},
		{hold, "", spend("h1", 1, ""), w.a.appKey, 201},
		{hold, "", spend("h1", 1, ""), w.a.appKey, 409},
		{hold, "", spend("h2", 100000, ""), w.a.appKey, 402},
		{hold, "", spend("h3", 1, "render"), w.a.appKey, 403},
		{hold, "org_nobody>", spend("h4", 1, ""), w.a.appKey, 404},
		{capture, held, map[string]any{"amount": 6}, w.a.appKey, 422},
		{capture, held, map[string]any{"amount": 1}, w.a.appKey, 200},
		{capture, held, map[string]any{"amount": 2}, w.a.appKey, 409},
		{capture, held, nil, w.b.appKey, 404},
		{release, held, nil, w.a.appKey, 409},
		{release, w.b.ids["app hold"], nil, w.a.appKey, 404},
		{release, w.b.ids["app hold"], nil, w.b.appKey, 404}, // of another of its customers
		{release, w.b.ids["customer"] + ">" + w.b.ids["app hold"], nil, w.b.appKey, 200},
		{entries, "", nil, w.a.appKey, 200},
		{entries, "?limit=0", nil, w.a.appKey, 422},
		{entries, "org_nobody>", nil, w.a.appKey, 404},
		{put, "org_1>", profile, w.a.appKey, 201},
		{put, "org_1>", profile, w.a.appKey, 200},
		{put, "org_1>", nil, w.a.appKey, 200},
		{put, "", map[string]any{"time_zone": "Asia/Nowhere"}, w.a.appKey, 422},
		{put, "", map[string]any{"email": "x"}, w.a.appKey, 422},
		{put, "", profile, reader, 403},
		{put, "", profile, published, 403},
		{put, "", profile, "", 401},
		{get, "", nil, w.a.appKey, 200},
		{get, "", nil, published, 403},
		{get, "org_nobody>", nil, w.a.appKey, 404},
		{get, w.b.ids["customer"] + ">", nil, w.a.appKey, 404},
		{ask, "", check("render", 1), w.a.appKey, 200},
		{ask, "", check("projects", 4), w.a.appKey, 200},
		{ask, "", check("credits", 50), reader, 200},
		{ask, "", check("credits", 51), w.a.appKey, 200},
		{ask, "", check("rendr", 1), w.a.appKey, 422},
		{ask, "", check("render", 0), w.a.appKey, 422},
		{ask, "org_nobody>", check("render", 1), w.a.appKey, 404},
		{ask, "", check("render", 1), w.b.appKey, 404},
		{ask, "", check("render", 1), w.a.Token, 401},
		{plans, "", nil, w.a.appKey, 200},
		{"GET /api/v1/jwks.json", "", nil, published, 200},
		{"GET /api/v1/jwks.json", "", nil, w.a.key, 401},
		{plans, "", nil, published, 200},
		{plans, "", nil, w.a.key, 401},
	}
}

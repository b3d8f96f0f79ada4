package web

import "github.com/tijorihq/tijori/internal/platform"

// appOperations are the requests of apps that the document is held against.
func appOperations(w *world) []operation {
	published, _ := w.appKeyOf(w.a, platform.PublishableKey)
	reader, _ := w.appKeyOf(w.a, platform.ServerKey, platform.ReadCustomers)
	profile := map[string]any{"name": "Asha", "email": "asha@example.com", "time_zone": "Asia/Kolkata"}
	check := func(feature string, need int) map[string]any { return map[string]any{"feature": feature, "need": need} }
	const put, get, ask, plans = "PUT /api/v1/customers/{customer}", "GET /api/v1/customers/{customer}",
		"POST /api/v1/customers/{customer}/check", "GET /api/v1/plans"
	return []operation{
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
		{plans, "", nil, published, 200},
		{plans, "", nil, w.a.key, 401},
	}
}

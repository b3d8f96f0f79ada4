// The route that pages ask: who asks is the session's to say, and a body says only what is wanted.
import assert from "node:assert/strict";
import test from "node:test";
import { handler, Tijori } from "@tijori/client";

const site = "https://app.example.com";

function route(answers, identify = () => "org-1", more = {}) {
	const seen = [];
	const fetcher = async (url, init) => {
		seen.push({ path: new URL(url).pathname, method: init.method, body: init.body && JSON.parse(init.body) });
		const [status, body] = answers.shift() ?? [500, {}];
		return new Response(JSON.stringify(body), { status });
	};
	const tijori = new Tijori({ url: "https://tijori.example", key: "tj_test_sk_secret", fetch: fetcher });
	return { seen, ...handler({ tijori, identify, origin: site, ...more }) };
}

const own = { origin: site, "sec-fetch-site": "same-origin", "content-type": "application/json" };
const post = (path, body, headers = own) =>
	new Request(`${site}/api/tijori/${path}`, { method: "POST", headers, body: JSON.stringify(body) });
const get = (path) => new Request(`${site}/api/tijori/${path}`);
const studio = { plan: "studio", interval: "month", return_to: "/pricing" };

test("a checkout is for whoever the session says", async () => {
	const { POST, seen } = route([[200, { id: "c", url: "https://pay.example" }]]);
	const answer = await POST(post("checkout", studio));
	assert.equal(answer.status, 200);
	assert.equal(answer.headers.get("cache-control"), "private, no-store");
	assert.equal((await answer.json()).url, "https://pay.example");
	assert.equal(seen[0].path, "/api/v1/customers/org-1/checkout");
	const { idempotency_key, ...body } = seen[0].body;
	assert.match(idempotency_key, /^page [0-9a-f-]{36}$/);
	assert.deepEqual(body, { plan: "studio", interval: "month", return_url: `${site}/pricing` });
});

test("what a body must not say is refused before anything is asked", async () => {
	const { POST, seen } = route([]);
	for (const [field, value] of [
		["customer", "org-2"], ["id", "org-2"], ["amount", "1"], ["price", "1"], ["tier", "studio"],
		["return_url", "https://evil.example"], ["plan", 7], ["key", "job 1"], ["__proto__x", "1"],
		["return_to", "https://evil.example/"], ["return_to", "//evil.example/"], ["return_to", "/\\evil.example"],
	]) {
		const answer = await POST(post("checkout", { ...studio, [field]: value }));
		assert.equal(answer.status, 422, `${field}: ${value}`);
		assert.equal((await answer.json()).field, field);
	}
	assert.equal((await POST(post("checkout", [studio]))).status, 422);
	assert.equal((await POST(post("consume", { amount: "1" }))).status, 404, "no page spends");
	assert.equal((await POST(post("constructor", {}))).status, 404);
	assert.equal((await POST(post("checkout", { ...studio, plan: "x".repeat(10_000) }))).status, 413);
	assert.equal(seen.length, 0);
});

test("a request of another site is refused, whoever is signed in", async () => {
	const { POST, seen } = route([]);
	const type = { "content-type": "application/json" };
	for (const headers of [
		{ ...type, "sec-fetch-site": "cross-site", origin: "https://evil.example" },
		{ ...type, "sec-fetch-site": "same-site", origin: "https://evil.example.com" },
		{ ...type, "sec-fetch-site": "same-origin", origin: "https://evil.example" },
		{ ...type, origin: "https://evil.example" },
		{ ...type, origin: "null" },
		type,
	]) {
		assert.equal((await POST(post("cancel", {}, headers))).status, 403, JSON.stringify(headers));
	}
	assert.equal((await POST(post("cancel", {}, { ...own, "content-type": "text/plain" }))).status, 415);
	assert.equal(seen.length, 0);
	const old = route([[200, { id: "org-1" }]]);
	const without = await old.POST(post("cancel", {}, { ...type, origin: site }));
	assert.equal(without.status, 200, "a browser without fetch metadata");
});

test("nobody is told to sign in, and a reader may not buy", async () => {
	const nobody = route([[200, { plans: [], top_ups: [] }]], () => null);
	assert.equal((await nobody.GET(get("state"))).status, 401);
	assert.equal((await nobody.POST(post("checkout", studio))).status, 401);
	assert.equal((await nobody.GET(get("plans"))).status, 200, "what is sold is no secret");
	const reader = route([[200, { id: "org-1" }], [200, { id: "org-1" }]], () => ({ id: "org-1", may: "read" }));
	assert.equal((await reader.POST(post("checkout", studio))).status, 403);
	assert.equal((await reader.POST(post("cancel", {}))).status, 403);
	assert.equal((await reader.POST(post("refresh", {}))).status, 200);
	assert.equal((await reader.GET(get("state"))).status, 200);
});

test("a customer who is new is made with what the session knows", async () => {
	const made = { id: "org-1", plan: "starter", snapshot: "x.y.z" };
	const { GET, seen } = route([[404, { error: "not_found" }], [201, made]],
		async () => ({ id: "org-1", name: "Render & Co", email: "a@example.com" }));
	const state = await (await GET(get("state"))).json();
	assert.deepEqual(state, { id: "org-1", plan: "starter" });
	assert.deepEqual(seen[1], {
		path: "/api/v1/customers/org-1", method: "PUT", body: { name: "Render & Co", email: "a@example.com" },
	});
});

test("a refusal passes, and trouble with the server's key stays on the server", async (t) => {
	t.mock.method(console, "error", () => {});
	const { POST } = route([[409, { error: "conflict", code: "already_subscribed", detail: "There is a plan." }]]);
	const answer = await POST(post("checkout", studio));
	assert.equal(answer.status, 409);
	assert.equal((await answer.json()).code, "already_subscribed");
	for (const wrong of [[401, { error: "unauthorized", detail: "The key is revoked." }],
		[403, { error: "forbidden", code: "scope_missing", detail: "The key lacks billing:write." }]]) {
		const { POST } = route([wrong]);
		const answer = await POST(post("checkout", studio));
		assert.equal(answer.status, 503);
		assert.doesNotMatch(await answer.text(), /key/);
	}
});

// What the client does by itself, without a server: repeats, the work done once, signatures, snapshots.
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import test from "node:test";
import {
	Conflict, Denied, InvalidSignature, Insufficient, RateLimited, Repeated, Tijori, TijoriError, Unavailable,
	UpgradeRequired, verifySnapshot, verifyWebhook, webhook,
} from "@tijori/client";

const key = "tj_test_sk_unit";

/** scripted is a client whose server answers as told: [status, body] or an Error, one after the other. */
function scripted(answers, options = {}) {
	const seen = [];
	const fetcher = async (url, init) => {
		const { method, headers, body } = init;
		seen.push({ url: String(url), method, headers, body: body && JSON.parse(body) });
		const next = answers.shift();
		if (next instanceof Error) throw next;
		if (typeof next === "function") return next(init);
		const [status, answer, more] = next;
		return new Response(typeof answer === "string" ? answer : JSON.stringify(answer), { status, headers: more });
	};
	return { seen, tijori: new Tijori({ url: "https://tijori.example", key, fetch: fetcher, ...options }) };
}

const hold = { id: "0198c0de-0000-7000-8000-000000000001", meter: "credits", amount: 10, status: "held" };
const lost = () => new TypeError("fetch failed");

test("a spend whose answer is lost is sent again, with the same body", async () => {
	const { tijori, seen } = scripted([lost(), [503, { error: "unavailable" }], [200, { balance: 5, news: "yes" }]]);
	const spent = await tijori.consume("org 1/ä", { amount: 2, key: "page-7" });
	assert.equal(spent.balance, 5);
	assert.equal(spent.news, "yes", "an unknown field passes");
	assert.equal(seen.length, 3);
	assert.deepEqual(seen[0].body, { amount: 2, idempotency_key: "page-7" });
	assert.deepEqual(seen[2].body, seen[0].body);
	assert.equal(seen[0].url, "https://tijori.example/api/v1/customers/org%201%2F%C3%A4/consume");
	assert.equal(seen[0].headers.authorization, `Bearer ${key}`);
});

test("a hold that is sent again is the same attempt", async () => {
	const { tijori, seen } = scripted([lost(), [201, hold], [201, hold]]);
	await tijori.hold("o", { amount: 1, key: "k" });
	assert.match(seen[0].body.attempt, /^[0-9a-f-]{36}$/);
	assert.equal(seen[0].body.attempt, seen[1].body.attempt);
	await tijori.hold("o", { amount: 1, key: "k" });
	assert.notEqual(seen[2].body.attempt, seen[0].body.attempt);
});

test("after four repeats it gives up", async () => {
	const { tijori, seen } = scripted(Array.from({ length: 9 }, lost));
	await assert.rejects(tijori.get("o"), Unavailable);
	assert.equal(seen.length, 5);
});

test("what is not safe to repeat is not repeated", async () => {
	const { tijori, seen } = scripted([lost(), lost()]);
	await assert.rejects(tijori.webhooks.add("https://app.example/hook"), Unavailable);
	assert.equal(seen.length, 1);
});

test("a cancellation whose answer was lost is told by the state", async () => {
	const ended = { id: "o", status: "active", ends_at: "2027-01-01T00:00:00Z" };
	const refused = [409, { error: "conflict", code: "no_subscription" }];
	const { tijori } = scripted([lost(), refused, [200, ended]]);
	assert.deepEqual(await tijori.cancel("o"), ended);
	const other = scripted([lost(), refused, [200, { ...ended, ends_at: null }]]);
	await assert.rejects(other.tijori.cancel("o"), Conflict);
	const plain = scripted([refused]);
	await assert.rejects(plain.tijori.cancel("o"), Conflict);
	assert.equal(plain.seen.length, 1);
});

test("a try ends after its time", async () => {
	const never = ({ signal }) => new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
	const { tijori, seen } = scripted([never, [200, { id: "o" }]], { timeout: 20 });
	assert.equal((await tijori.get("o")).id, "o");
	assert.equal(seen.length, 2);
});

test("refusals have classes, and codes that are kept", async () => {
	for (const [status, body, kind, code] of [
		[402, { error: "insufficient_credits", balance: 3 }, Insufficient, "insufficient_credits"],
		[403, { error: "upgrade_required", code: "not_in_plan" }, UpgradeRequired, "not_in_plan"],
		[403, { error: "forbidden", code: "scope_missing" }, Denied, "scope_missing"],
		[401, { error: "unauthorized" }, Denied, "unauthorized"],
		[409, { error: "conflict", code: "idempotency_key_reused" }, Conflict, "idempotency_key_reused"],
		[409, { error: "conflict", code: "hold_captured", hold }, Repeated, "hold_captured"],
		[422, { error: "invalid", field: "feature" }, TijoriError, "invalid"],
		[302, "", TijoriError, "http_302"],
		[404, "<html>", TijoriError, "http_404"],
	]) {
		const { tijori } = scripted([[status, body]], { create: false });
		await assert.rejects(tijori.consume("o", { amount: 1, key: "k" }), (error) => {
			assert.ok(error instanceof kind && error instanceof TijoriError, `${status}: ${error}`);
			assert.equal(error.code, code);
			assert.equal(error.status, status);
			return true;
		});
	}
	const { tijori } = scripted([[429, { error: "too_many_requests" }, { "retry-after": "60" }]]);
	await assert.rejects(tijori.get("o"), (error) => error instanceof RateLimited && error.retryAfter === 60);
	const { tijori: poor } = scripted([[402, { error: "insufficient_credits", balance: 3 }]]);
	await assert.rejects(poor.consume("o", { amount: 9, key: "k" }), (error) => error.balance === 3);
});

test("a customer who is missing is made, once, and the request sent again", async () => {
	const { tijori, seen } = scripted([[404, { error: "not_found" }], [201, { id: "o" }], [200, { allowed: true }]]);
	assert.equal((await tijori.check("o", { feature: "render" })).allowed, true);
	assert.deepEqual(seen.map((one) => one.method), ["POST", "PUT", "POST"]);
	const never = scripted([[404, { error: "not_found" }]], { create: false });
	await assert.rejects(never.tijori.check("o", { feature: "render" }), TijoriError);
});

test("ids that an address reads in another way, and blank keys, are never sent", async () => {
	const { tijori, seen } = scripted([]);
	for (const id of ["", ".", "..", undefined]) await assert.rejects(tijori.get(id), TypeError);
	await assert.rejects(tijori.consume("o", { amount: 1, key: " " }), TypeError);
	assert.equal(seen.length, 0);
});

test("a key that is no server key is refused, and every key in a browser", async () => {
	for (const [url, wrong] of [
		["https://t.example", "tj_test_pk_x"], ["https://t.example", ""], ["ftp://t.example", key], ["nonsense", key],
		["", key],
	]) {
		const tijori = new Tijori({ url, key: wrong, fetch: async () => assert.fail("asked") });
		await assert.rejects(tijori.get("o"), TypeError, `${url} ${wrong}`);
	}
	globalThis.window = {};
	try {
		assert.throws(() => new Tijori({ url: "https://t.example", key }), /browser/);
	} finally {
		delete globalThis.window;
	}
});

test("gate takes what the work cost, and hands over what it made", async () => {
	const { tijori, seen } = scripted([[201, hold], [200, {}]]);
	const made = await tijori.gate("o", { amount: 10, key: "job", feature: "render" }, async (run) => {
		assert.equal(run.hold.id, hold.id);
		run.charge(4);
		return "video";
	});
	assert.equal(made, "video");
	assert.equal(seen[0].body.feature, "render");
	assert.equal(seen[0].body.expires_in, 600);
	assert.match(seen[1].url, /\/capture$/);
	assert.deepEqual(seen[1].body, { amount: 4 });
});

test("work that fails, or costs nothing, is given back", async () => {
	const failed = scripted([[201, hold], [200, {}]]);
	const work = () => Promise.reject(new Error("oven"));
	await assert.rejects(failed.tijori.gate("o", { amount: 10, key: "job" }, work), /oven/);
	assert.match(failed.seen[1].url, /\/release$/);
	const free = scripted([[201, hold], [200, {}]]);
	await free.tijori.gate("o", { amount: 10, key: "job" }, (run) => run.charge(0));
	assert.match(free.seen[1].url, /\/release$/);
	assert.equal(free.seen.length, 2);
});

test("work whose key was used is not begun", async () => {
	let begun = 0;
	const { tijori } = scripted([[409, { error: "conflict", code: "hold_held", hold }]]);
	await assert.rejects(tijori.gate("o", { amount: 1, key: "job" }, () => begun++), (error) => {
		assert.ok(error instanceof Repeated);
		assert.equal(error.hold.status, "held");
		return true;
	});
	assert.equal(begun, 0);
});

test("work that takes too long is told, and is not paid", async () => {
	const { tijori, seen } = scripted([[201, hold], [200, {}]]);
	const work = (run) => new Promise((_, fail) => run.signal.addEventListener("abort", () => fail(run.signal.reason)));
	await assert.rejects(tijori.gate("o", { amount: 1, key: "job", seconds: 0.01 }, work), { name: "TimeoutError" });
	assert.match(seen[1].url, /\/release$/);
});

test("what was made is not handed over when it could not be paid", async () => {
	const { tijori } = scripted([[201, hold], [409, { error: "conflict", code: "hold_ended" }]]);
	await assert.rejects(tijori.gate("o", { amount: 1, key: "job" }, () => "video"), Conflict);
});

// Webhooks.

const secret = "whsec_" + randomBytes(24).toString("base64");
const old = "whsec_" + randomBytes(24).toString("base64");

function signed(body, { by = secret, at = Math.floor(Date.now() / 1000), id = "msg_1", more = "" } = {}) {
	const mac = createHmac("sha256", Buffer.from(by.slice(6), "base64")).update(`${id}.${at}.${body}`).digest("base64");
	const headers = { "webhook-id": id, "webhook-timestamp": String(at), "webhook-signature": `${more}v1,${mac}` };
	return new Request("https://app.example/hook", { method: "POST", body, headers });
}

const data = { id: "ä", note: "new field" };
const event = JSON.stringify({ id: "1", number: 3, type: "customer.state_changed", data });

test("a webhook is believed by its signature over the raw body", async () => {
	assert.equal((await verifyWebhook(signed(event), secret)).data.note, "new field");
	assert.equal((await verifyWebhook(signed(event), [old, secret])).number, 3);
	assert.equal((await verifyWebhook(signed(event, { more: "v1,AAAA v1a,xyz v1,!!! " }), secret)).number, 3);
});

test("a webhook that is forged, old, early or unsigned is refused", async () => {
	const now = Math.floor(Date.now() / 1000);
	const altered = signed(event);
	for (const [what, request, secrets] of [
		["another secret", signed(event), old],
		["another body", new Request(altered, { body: event + " " }), secret],
		["six minutes old", signed(event, { at: now - 360 }), secret],
		["six minutes early", signed(event, { at: now + 360 }), secret],
		["a time that is none", signed(event, { at: "1e9" }), secret],
		["no signature", new Request("https://app.example", { method: "POST", body: event }), secret],
	]) {
		await assert.rejects(verifyWebhook(request, secrets), InvalidSignature, what);
	}
	const id = signed(event);
	id.headers.set("webhook-id", "msg_2");
	await assert.rejects(verifyWebhook(id, secret), InvalidSignature);
	await assert.rejects(verifyWebhook(signed(event), []), TypeError);
	await assert.rejects(verifyWebhook(signed(event), "whsec_"), TypeError);
});

test("the route of webhooks answers 400 to a forger and calls nobody", async () => {
	const got = [];
	const route = webhook((one) => got.push(one.number), { secrets: [secret] });
	assert.equal((await route(signed(event, { by: old }))).status, 400);
	assert.equal((await route(signed(event))).status, 204);
	assert.deepEqual(got, [3]);
	const failing = webhook(() => Promise.reject(new Error("database")), { secrets: secret });
	await assert.rejects(failing(signed(event)), /database/);
});

// Snapshots.

const b64 = (value) => Buffer.from(value).toString("base64url");
const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const stranger = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
const keys = [{ ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid: "one", use: "sig" }];
const seconds = () => Math.floor(Date.now() / 1000);
const claims = (more = {}) => ({
	app: "acme-test", mode: "test", customer: "o", revision: 4, plan: "studio", entitlements: ["render"],
	limits: { projects: 3 }, fresh_until: seconds() + 60, exp: seconds() + 3600, ...more,
});

async function snapshot(body = claims(), head = { alg: "ES256", kid: "one" }, by = pair) {
	const text = `${b64(JSON.stringify(head))}.${b64(JSON.stringify(body))}`;
	const mac = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, by.privateKey, Buffer.from(text));
	return `${text}.${b64(new Uint8Array(mac))}`;
}

test("a snapshot is believed by key, customer, mode, app and time", async () => {
	const scope = { customer: "o", mode: "test", app: "acme-test" };
	assert.equal((await verifySnapshot(await snapshot(), keys, scope)).plan, "studio");
	const good = await snapshot();
	const [head, , mac] = good.split(".");
	const none = b64(JSON.stringify({ alg: "none", kid: "one" }));
	for (const [what, text, where] of [
		["another customer", good, { customer: "p" }],
		["another mode", good, { customer: "o", mode: "live" }],
		["another app", good, { customer: "o", app: "other-test" }],
		["it has ended", await snapshot(claims({ exp: seconds() - 60 })), scope],
		["signed by a stranger", await snapshot(claims(), undefined, stranger), scope],
		["an unknown key", await snapshot(claims(), { alg: "ES256", kid: "two" }), scope],
		["altered", `${head}.${b64(JSON.stringify(claims({ plan: "gold" })))}.${mac}`, scope],
		["no algorithm", `${none}.${good.split(".")[1]}.`, scope],
		["critical headers", await snapshot(claims(), { alg: "ES256", kid: "one", crit: ["b64"] }), scope],
		["no entitlements", await snapshot({ ...claims(), entitlements: "render" }), scope],
		["no token", "nonsense", scope],
		["not JSON", "a.b.c", scope],
	]) {
		assert.equal(await verifySnapshot(text, keys, where), undefined, what);
	}
});

test("while Tijori is away, snapshots answer features and nothing else", async () => {
	const state = { id: "o", plan: "studio", snapshot: await snapshot(claims({ fresh_until: seconds() - 1 })) };
	const away = () => Array.from({ length: 9 }, lost);
	const { tijori, seen } = scripted([[200, state], [200, { keys }], ...away(), ...away(), ...away(), ...away()], {
		snapshots: true, openWhenAway: ["preview"],
	});
	await tijori.get("o");
	assert.equal(seen[1].url, "https://tijori.example/api/v1/jwks.json");
	const yes = await tijori.check("o", { feature: "render" });
	assert.deepEqual([yes.allowed, yes.source, yes.stale, yes.plan], [true, "snapshot", true, "studio"]);
	assert.equal((await tijori.check("o", { feature: "batch" })).allowed, false);
	assert.equal((await tijori.check("o", { feature: "projects", need: 3 })).allowed, true);
	assert.equal((await tijori.check("o", { feature: "projects", need: 4 })).reason, "over_limit");
	assert.equal((await tijori.check("o", { feature: "credits" })).allowed, false, "credits are never in a snapshot");
	const other = await tijori.check("stranger", { feature: "render" });
	assert.deepEqual([other.allowed, other.source], [false, "none"]);
	assert.equal((await tijori.check("stranger", { feature: "preview" })).allowed, true, "opened by name");
	await assert.rejects(tijori.gate("o", { amount: 1, key: "k" }, () => "video"), Unavailable);
});

test("without snapshots, a check that is not answered throws", async () => {
	const { tijori } = scripted(Array.from({ length: 9 }, lost));
	await assert.rejects(tijori.check("o", { feature: "render" }), Unavailable);
});

test("a refusal is never replaced by a snapshot", async () => {
	const { tijori } = scripted([[200, { id: "o", snapshot: await snapshot() }], [200, { keys }],
		[401, { error: "unauthorized" }]], { snapshots: true });
	await tijori.get("o");
	await assert.rejects(tijori.check("o", { feature: "render" }), Denied);
});

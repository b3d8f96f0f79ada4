// The packages against a running Tijori with simulated payments, which internal/journey starts:
// TIJORI_URL, TIJORI_KEY of an app whose pages are at TIJORI_ORIGIN, TIJORI_PAYMENTS of its simulated providers.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import {
	Conflict, Denied, handler, Insufficient, Repeated, Tijori, TijoriError, UpgradeRequired, verifyWebhook, webhook,
} from "@tijori/client";
import { Webhook as Standard } from "standardwebhooks";
import { Webhook as Svix } from "svix";

const { TIJORI_KEY, TIJORI_ORIGIN: origin, TIJORI_PAYMENTS: payments } = process.env;
assert.ok(TIJORI_KEY && origin && payments, "internal/journey starts what this test is for");
const tijori = new Tijori();
const back = `${origin}/billing`;

/** pay presses the button of a provider's page, without a browser. */
async function pay(url, what = "pay") {
	if (url.startsWith(`${process.env.TIJORI_URL}/pay/`)) url = await toRazorpay(url);
	assert.ok(url.startsWith(payments), `${url} is not the simulator's`);
	const page = await (await fetch(url)).text();
	const action = /action="([^"]+)"/.exec(page)?.[1] ?? url;
	const answer = await fetch(new URL(action, url), {
		method: "POST", redirect: "manual", body: new URLSearchParams({ do: what }),
	});
	assert.ok(answer.status < 400, `${answer.status}: ${await answer.text()}`);
}

/** toRazorpay goes from Tijori's page of a checkout to Razorpay's hosted one, as a browser does. */
async function toRazorpay(url) {
	const text = (html) => html.replaceAll("&amp;", "&").replaceAll("&#34;", '"').replaceAll("&#39;", "'");
	const page = await (await fetch(url)).text();
	const fields = [...page.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)"/g)];
	const answer = await fetch(text(/action="([^"]+)" data-go/.exec(page)[1]), {
		method: "POST", redirect: "manual",
		body: new URLSearchParams(fields.map(([, name, value]) => [text(name), text(value)])),
	});
	assert.equal(answer.status, 303);
	return new URL(answer.headers.get("location"), payments).href;
}

async function customer() {
	const id = `org|${randomUUID()}:+@=~`;
	await tijori.put(id, { name: "Render & Co", email: "accounts@example.com", time_zone: "Asia/Kolkata" });
	return id;
}

/** receiver takes events, as raw requests. */
const got = [];
let waiting = () => {};
const server = createServer(async (request, answer) => {
	const chunks = [];
	for await (const chunk of request) chunks.push(chunk);
	got.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
	answer.writeHead(204).end();
	waiting();
});

/** arrived is the first event that fits, when it comes. */
async function arrived(fits) {
	for (let seen = 0; ; ) {
		for (; seen < got.length; seen++) if (fits(JSON.parse(got[seen].body))) return got[seen];
		await new Promise((done) => (waiting = done));
	}
}

let endpoint;
before(async () => {
	await new Promise((done) => server.listen(0, "127.0.0.1", done));
	endpoint = await tijori.webhooks.add(`http://127.0.0.1:${server.address().port}/hook`);
});
after(async () => {
	await tijori.webhooks.remove(endpoint.id);
	server.close();
	server.closeAllConnections();
});

for (const provider of ["stripe", "razorpay"]) {
	test(`a plan is bought with ${provider}, used, ended and taken up again`, async () => {
		const id = await customer();
		const before = await tijori.check(id, { feature: "render" });
		assert.deepEqual([before.allowed, before.upgrade_to, before.source], [false, "studio", "live"]);
		const request = { plan: "studio", interval: "month", provider, return_url: back, key: randomUUID() };
		const checkout = await tijori.checkout(id, request);
		assert.equal((await tijori.checkout(id, request)).url, checkout.url, "the same key is the same purchase");
		await assert.rejects(tijori.checkout(id, { ...request, plan: "other" }), { code: "idempotency_key_reused" });
		await pay(checkout.url);
		const state = await tijori.refresh(id);
		assert.deepEqual([state.plan, state.status, state.interval], ["studio", "active", "month"]);
		assert.equal((await tijori.check(id, { feature: "render" })).allowed, true);
		assert.ok((await tijori.invoices(id)).some((one) => one.provider === provider && one.status === "paid"));
		await assert.rejects(tijori.checkout(id, { ...request, key: randomUUID() }), Conflict);
		const preview = tijori.previewChange(id, { plan: "studio", interval: "year" });
		await (provider === "stripe" ? preview : preview.catch((error) => assert.ok(error instanceof TijoriError)));

		const ended = await tijori.cancel(id);
		assert.notEqual(ended.ends_at, null);
		assert.equal(ended.plan, "studio", "what is paid is kept");
		if (provider === "stripe") {
			const resumed = await tijori.resume(id);
			assert.equal(resumed.ends_at, null);
			assert.match((await tijori.portal(id, { return_url: back })).url, /^http/);
		} else {
			await assert.rejects(tijori.resume(id), Conflict);
		}

		const changed = ({ type, data }) => type === "customer.state_changed" && data.id === id && data.ends_at;
		const told = await arrived(changed);
		assert.equal(JSON.parse(told.body).data.plan, "studio");
		const paid = await arrived(({ type, data }) => type === "payment.collected" && data.customer === id);
		assert.equal(JSON.parse(paid.body).data.amount, provider === "stripe" ? 900 : 49900);
	});
}

test("a plan is changed by a quote", async () => {
	const id = await customer();
	const { url } = await tijori.checkout(id, {
		plan: "studio", interval: "month", provider: "stripe", return_url: back, key: randomUUID(),
	});
	await pay(url);
	await tijori.refresh(id);
	const quote = await tijori.previewChange(id, { plan: "studio", interval: "year" });
	assert.equal(quote.due_now.currency, "USD");
	assert.ok(quote.due_now.amount > 0);
	const changed = await tijori.change(id, { quote: quote.quote, return_url: back, key: randomUUID() });
	if (!changed.done) await pay(changed.url);
	assert.equal((await tijori.refresh(id)).interval, "year");
});

test("credits are bought, spent once, and set aside", async () => {
	const id = await customer();
	const key = randomUUID();
	const spent = await tijori.consume(id, { amount: 2, key, note: "a page" });
	assert.deepEqual([spent.balance, spent.repeated], [3, false]);
	const again = await tijori.consume(id, { amount: 2, key, note: "a page" });
	assert.deepEqual([again.balance, again.repeated, again.entry], [3, true, spent.entry]);
	await assert.rejects(tijori.consume(id, { amount: 4, key: randomUUID() }), (error) =>
		error instanceof Insufficient && error.balance === 3 && error.nextAllowance.amount === 5);
	const pack = { top_up: "pack", provider: "razorpay", return_url: back, key: randomUUID() };
	const { url } = await tijori.topUp(id, pack);
	await pay(url);
	// They come with the provider's webhook.
	while ((await tijori.get(id)).meters[0].balance !== 53) await setTimeout(50);
	const hold = await tijori.hold(id, { amount: 10, key: "h" });
	assert.equal((await tijori.capture(id, hold.id, 4)).captured, 4);
	assert.equal((await tijori.capture(id, hold.id, 4)).captured, 4, "the same again takes nothing");
	const other = await tijori.hold(id, { amount: 10, key: "i" });
	await tijori.release(id, other.id);
	const page = await tijori.entries(id, { limit: 2 });
	assert.deepEqual(page.entries.map((one) => one.kind), ["capture", "top_up"]);
	const next = await tijori.entries(id, { cursor: page.next_cursor });
	assert.deepEqual(next.entries.map((one) => one.kind), ["consume", "allowance"]);
});

test("work under one key is done once and paid once, whoever calls", async () => {
	const id = await customer();
	let done = 0;
	const spend = { amount: 2, key: `render ${randomUUID()}` };
	const all = await Promise.allSettled(Array.from({ length: 10 }, () =>
		tijori.gate(id, spend, async () => `video ${++done}`)));
	assert.equal(done, 1);
	assert.deepEqual(all.filter((one) => one.status === "fulfilled").map((one) => one.value), ["video 1"]);
	for (const one of all) assert.ok(one.status === "fulfilled" || one.reason instanceof Repeated, one.reason);
	await assert.rejects(tijori.gate(id, spend, () => done++), (error) => error.hold.status === "captured");
	const failing = { amount: 3, key: "fails" };
	await assert.rejects(tijori.gate(id, failing, () => Promise.reject(new Error("oven"))), /oven/);
	await assert.rejects(tijori.gate(id, failing, () => done++), (error) => error.hold.status === "released");
	assert.equal((await tijori.get(id)).meters[0].balance, 3);
	await assert.rejects(tijori.gate(id, { amount: 1, key: "k", feature: "render" }, () => done++), UpgradeRequired);
	assert.equal(done, 1);
});

test("a customer whom nobody has made can ask at once", async () => {
	const id = `new-${randomUUID()}`;
	assert.equal((await tijori.check(id, { feature: "projects", need: 3 })).allowed, true);
	assert.equal(await tijori.gate(`new-${randomUUID()}`, { amount: 1, key: "k" }, () => "done"), "done");
	await assert.rejects(tijori.check(id, { feature: "rendr" }), { code: "unknown_feature" });
});

test("what the server sends is verified by the specification's libraries, and by ours", async () => {
	const number = await tijori.webhooks.test(endpoint.id);
	const { headers, body } = await arrived((event) => event.number === number);
	assert.equal(new Standard(endpoint.secret).verify(body, headers).number, number);
	assert.equal(new Svix(endpoint.secret).verify(body, headers).number, number);
	const request = () => new Request("https://app.example/hook", { method: "POST", headers, body });
	assert.equal((await verifyWebhook(request(), endpoint.secret)).type, "webhook.test");
	const wrong = "whsec_" + Buffer.alloc(24, 7).toString("base64");
	assert.throws(() => new Standard(wrong).verify(body, headers));
	assert.equal((await webhook(() => assert.fail("called"), { secrets: wrong })(request())).status, 400);

	const { secret } = await tijori.webhooks.rotate(endpoint.id);
	const later = await tijori.webhooks.test(endpoint.id);
	const both = await arrived((event) => event.number === later);
	for (const one of [endpoint.secret, secret]) {
		assert.equal(new Standard(one).verify(both.body, both.headers).number, later);
		assert.equal(new Svix(one).verify(both.body, both.headers).number, later);
	}
	endpoint.secret = secret;
	const [sent] = await tijori.webhooks.deliveries(endpoint.id, { limit: 1 });
	assert.equal(sent.number, later);
	await tijori.webhooks.redeliver(endpoint.id, number);
	await arrived((event) => event.number === number);
	assert.ok((await tijori.webhooks.list()).some((one) => one.id === endpoint.id && one.state === "on"));
	const page = await tijori.events({ after: number - 1, limit: 1 });
	assert.equal(page.events[0].number, number);
});

test("the route of pages buys for the session's customer alone", async () => {
	const id = await customer();
	const route = handler({ tijori, identify: () => id, origin });
	const ask = (path, body) => route.POST(new Request(`${origin}/api/tijori/${path}`, {
		method: "POST", body: JSON.stringify(body), headers: { origin, "content-type": "application/json" },
	}));
	const wrong = await ask("checkout", { plan: "studio", interval: "month", customer: "somebody" });
	assert.equal(wrong.status, 422);
	const checkout = await ask("checkout", { plan: "studio", interval: "month", provider: "stripe", return_to: "/x" });
	await pay((await checkout.json()).url);
	const refreshed = await ask("refresh", {});
	assert.equal((await refreshed.json()).plan, "studio");
	const state = await (await route.GET(new Request(`${origin}/api/tijori/state`))).json();
	assert.equal(state.plan, "studio");
	assert.equal(state.snapshot, undefined);
});

test("a token shows a customer and spends nothing", async () => {
	const id = await customer();
	const { token } = await tijori.token(id, { may: "read", origin });
	assert.match(token, /^tj_ct_/);
	const show = () => fetch(`${process.env.TIJORI_URL}/api/v1/customers/${encodeURIComponent(id)}`, {
		headers: { origin, authorization: `Bearer ${token}` },
	});
	assert.equal((await show()).status, 200);
	await tijori.endTokens(id);
	assert.equal((await show()).status, 401);
	const plans = await tijori.plans();
	assert.deepEqual(plans.plans.map((one) => one.default), [true, false]);
	const stranger = new Tijori({ key: "tj_test_sk_" + "a".repeat(52) });
	await assert.rejects(stranger.get(id), Denied);
});

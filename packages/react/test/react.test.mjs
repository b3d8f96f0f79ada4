// The components in a page, with the current React and an older one, over a route that is scripted.
import assert from "node:assert/strict";
import { cp } from "node:fs/promises";
import test from "node:test";
import { Window } from "happy-dom";

// The older React is found from a folder of its own.
await cp(new URL("../dist", import.meta.url), new URL("../../react18/dist", import.meta.url), { recursive: true });
const older = (name) => import(import.meta.resolve(`../../react18/node_modules/${name}`));
const versions = [
	[
		await import("react"), await import("react-dom/server"), () => import("react-dom/client"),
		await import("@tijori/react"),
	],
	[
		await older("react/index.js"), await older("react-dom/server.js"), () => older("react-dom/client.js"),
		await import("../../react18/dist/index.js"),
	],
];

const plans = {
	plans: [
		{
			id: "starter", name: "Starter", purpose: {}, default: true, recommended: false, entitlements: [],
			limits: { projects: 3 }, allowances: [{ meter: "credits", amount: 5, every: "month" }], prices: [],
		},
		{
			id: "studio", name: "Studio", purpose: { en: "For teams that render." }, default: false, recommended: true,
			entitlements: ["render"], limits: {}, allowances: [], prices: [
				{ provider: "razorpay", interval: "month", currency: "INR", amount: 49900 },
				{ provider: "stripe", interval: "month", currency: "USD", amount: 950 },
				{ provider: "stripe", interval: "year", currency: "USD", amount: 9000 },
			],
		},
	],
	top_ups: [{
		id: "pack", name: "50 credits", meter: "credits", credits: 50, days: 0,
		prices: [{ provider: "razorpay", currency: "INR", amount: 9900 }],
	}],
};
const free = {
	id: "o", revision: 1, plan: "starter", status: "none", interval: null, until: null, ends_at: null, entitlements: [],
	limits: { projects: 3 }, meters: [{ meter: "credits", balance: 5, held: 0, next_allowance: null }],
};
const paid = {
	...free, revision: 2, plan: "studio", status: "active", interval: "month", until: "2027-01-15T00:00:00Z",
	entitlements: ["render"],
};

let count = 0;

for (const [React, Server, client, tijori] of versions) {
	const { createElement: h, act } = React;
	const { Portal, PricingTable, useCustomer } = tijori;

	/** open draws an element in a page whose route answers as told: [status, body] by "METHOD path". */
	async function open(t, element, answers, address = "https://app.example.com/pricing") {
		const { createRoot } = await client();
		const window = new Window({ url: address });
		const seen = [];
		const names = { window, document: window.document, location: window.location, history: window.history,
			IS_REACT_ACT_ENVIRONMENT: true };
		const before = Object.fromEntries(Object.keys(names).map((name) => [name, globalThis[name]]));
		Object.assign(globalThis, names);
		t.mock.method(globalThis, "fetch", async (url, init) => {
			const [path, method] = [url.replace(/^\/r\d+\//, ""), init.method];
			seen.push({ path, method, body: init.body && JSON.parse(init.body) });
			const [status, body] = answers[`${method} ${path}`] ?? [404, {}];
			return new Response(JSON.stringify(body), { status });
		});
		const root = createRoot(window.document.body.appendChild(window.document.createElement("main")));
		t.after(async () => {
			await act(async () => root.unmount());
			await window.happyDOM.close();
			Object.assign(globalThis, before);
			if (before.window === undefined) delete globalThis.window;
		});
		await act(async () => root.render(element(`/r${++count}`)));
		const all = () => [...window.document.querySelectorAll("button")];
		const button = (name) => all().find((one) => one.textContent === name);
		return {
			seen, window, button,
			text: () => window.document.body.textContent,
			alert: () => window.document.querySelector('[role="alert"]')?.textContent,
			press: (name) => act(async () => {
				assert.ok(button(name), `no button ${name}: ${window.document.body.innerHTML}`);
				button(name).click();
			}),
			pick: (value) => act(async () => window.document.querySelector(`input[value="${value}"]`).click()),
		};
	}

	const it = (what, run) => test(`React ${React.version.split(".")[0]}: ${what}`, run);

	it("a server draws the components without asking or keeping anything", (t) => {
		const asked = t.mock.method(globalThis, "fetch", async () => assert.fail("asked"));
		for (const part of [PricingTable, Portal]) {
			assert.match(Server.renderToString(h(part)), /<section[^>]*aria-busy="true"[^>]*>.*Loading/);
		}
		assert.equal(asked.mock.callCount(), 0);
	});

	it("a plan is chosen in the currency that was picked, by nothing but its name", async (t) => {
		const left = [];
		const leave = (url) => left.push(url);
		const page = await open(t, (route) => h(PricingTable, { route, locale: "en-IN", leave }), {
			"GET plans": [200, plans], "GET state": [200, free],
			"POST checkout": [200, { url: "https://pay.example/1" }],
			"POST top-up": [200, { url: "https://pay.example/2" }],
		});
		assert.match(page.text(), /Studio.*₹499 per month/);
		assert.match(page.text(), /5 credits every month.*Up to 3 projects/);
		assert.match(page.window.document.querySelector('[aria-current="true"]').textContent, /Starter.*Your plan/);
		await page.press("Choose Studio");
		const { key, ...choice } = page.seen.at(-1).body;
		assert.match(key, /^[0-9a-f-]{36}$/);
		assert.deepEqual(choice, { plan: "studio", interval: "month", provider: "razorpay", return_to: "/pricing" });
		await page.press("Buy 50 credits");
		await page.pick("USD");
		assert.match(page.text(), /\$9\.50 per month/);
		assert.equal(page.button("Buy 50 credits"), undefined, "credits have no price in dollars");
		await page.pick("year");
		assert.match(page.text(), /\$90 per year/);
		await page.press("Choose Studio");
		assert.equal(page.seen.at(-1).body.interval, "year");
		assert.equal(page.seen.at(-1).body.provider, "stripe");
		assert.deepEqual(left, ["https://pay.example/1", "https://pay.example/2", "https://pay.example/1"]);
	});

	it("who pays already is asked before a change, with the amount", async (t) => {
		const quote = { quote: "q1", due_now: { amount: 8100, currency: "USD" }, begins_at: "2026-12-01T00:00:00Z" };
		const page = await open(t, (route) => h(PricingTable, { route, locale: "en-US", provider: "stripe" }), {
			"GET plans": [200, plans], "GET state": [200, paid], "POST change/preview": [200, quote],
			"POST change": [200, { done: true }], "POST refresh": [200, { ...paid, interval: "year" }],
		});
		assert.equal(page.button("Choose Studio"), undefined, "it is the plan in force");
		await page.pick("year");
		await page.press("Choose Studio");
		assert.match(page.text(), /Change to Studio\? Due now: \$81\./);
		await page.press("Go back");
		assert.doesNotMatch(page.text(), /Due now/);
		await page.press("Choose Studio");
		await page.press("Confirm");
		assert.equal(page.seen.find((one) => one.path === "change").body.quote, "q1");
		assert.match(page.window.document.querySelector('[aria-current="true"]').textContent, /Studio.*Your plan/);
	});

	it("a refusal is said where it can be heard", async (t) => {
		const page = await open(t, (route) => h(PricingTable, { route }), {
			"GET plans": [200, plans], "GET state": [200, free],
			"POST checkout": [409, { code: "already_subscribed", detail: "There is a plan already." }],
		});
		await page.press("Choose Studio");
		assert.equal(page.alert(), "There is a plan already.");
		assert.equal(page.button("Choose Studio").disabled, false);
	});

	it("nobody sees prices and is asked to sign in", async (t) => {
		const page = await open(t, (route) => h(PricingTable, { route, text: { signIn: "Bitte anmelden." } }), {
			"GET plans": [200, plans], "GET state": [401, { code: "unauthorized" }],
		});
		assert.match(page.text(), /Bitte anmelden\..*₹499/);
		assert.equal(page.button("Choose Studio").disabled, true);
	});

	const Plan = ({ route }) => {
		const { state, can, credits } = useCustomer({ route });
		return h("p", null, `${state?.plan} ${can("render")} ${credits()}`);
	};
	const back = { "GET plans": [200, plans], "POST refresh": [200, paid], "GET state": [200, free] };

	it("who comes back from paying has the plan at once, and a reload asks no more", async (t) => {
		const page = await open(t, (route) => h(Plan, { route }), back, "https://app.example.com/x?a=1&tijori=paid");
		assert.equal(page.text(), "studio true 5");
		assert.equal(page.window.location.href, "https://app.example.com/x?a=1");
	});

	it("who comes back without paying has what they had", async (t) => {
		const page = await open(t, (route) => h(Plan, { route }), back, "https://app.example.com/x?tijori=cancelled");
		assert.equal(page.text(), "starter false 5");
		assert.equal(page.seen.some((one) => one.path === "refresh"), false);
	});

	it("a plan is cancelled by two presses, and kept by one", async (t) => {
		const invoice = { id: "in_1", provider: "stripe", number: "A-1", status: "paid", amount: 950, currency: "USD",
			issued_at: "2026-11-01T00:00:00Z", url: "https://pay.example/in_1" };
		const page = await open(t, (route) => h(Portal, { route, locale: "en-US" }), {
			"GET plans": [200, plans], "GET state": [200, paid], "GET invoices": [200, { invoices: [invoice] }],
			"POST cancel": [200, { ...paid, ends_at: paid.until }], "POST resume": [200, paid],
		});
		assert.match(page.text(), /Studio.*Renews on January 15, 2027.*5 credits left/);
		assert.equal(page.window.document.querySelector("a").href, "https://pay.example/in_1");
		assert.ok(page.button("Manage payment"));
		await page.press("Cancel plan");
		assert.equal(page.seen.some((one) => one.path === "cancel"), false);
		await page.press("Cancel plan");
		assert.match(page.text(), /Ends on January 15, 2027/);
		await page.press("Keep plan");
		assert.match(page.text(), /Renews on/);
	});

	it("a server that cannot be reached is an alert", async (t) => {
		const page = await open(t, (route) => h(Portal, { route }), { "GET plans": [503, {}], "GET state": [503, {}] });
		assert.match(page.alert(), /try again/);
	});
}

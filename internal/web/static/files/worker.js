// The service worker. It keeps the static files and one page without anybody's data, shows that page when there is
// no connection, and holds entries, parties and edits that could not be sent until they can. No page of a user is ever put into a cache.
// Before it stand: release, base, files, languages.
importScripts(base + "sum.js", base + "store.js");

const uuid = "([0-9a-f-]{36})";
// The forms that wait when they cannot be sent: what each is, and its address.
const forms = [
	["entry", `^/b/${uuid}/p/${uuid}/entries/new$`],
	["entry-edit", `^/b/${uuid}/p/${uuid}/entries/${uuid}/edit$`],
	["party", `^/b/${uuid}/parties/new$`],
	["party-edit", `^/b/${uuid}/p/${uuid}/edit$`],
].map(([kind, address]) => ({ kind, address: new RegExp(address) }));
const formAt = (path) => forms.find((f) => f.address.test(path));
const notAPage = /\/export\.|\/download$|\.csv$|^\/api\/|^\/static\//;
const offline = (locale) => "/offline?lang=" + (languages.includes(locale) ? locale : languages[0]);
const patience = 12_000;

addEventListener("install", (e) => e.waitUntil(fill().then(() => skipWaiting())));

async function fill() {
	const cache = await caches.open(release);
	await cache.addAll(files.map((f) => base + f));
	for (const l of languages) {
		const page = await fetch(offline(l), { credentials: "omit", cache: "no-store" });
		if (!page.ok) throw new Error("offline page: " + page.status);
		await cache.put(offline(l), page);
	}
}

addEventListener("activate", (e) => e.waitUntil((async () => {
	for (const name of await caches.keys()) if (name !== release) await caches.delete(name);
	await registration.navigationPreload?.enable();
	await clients.claim();
})()));

addEventListener("fetch", (e) => {
	const url = new URL(e.request.url), r = e.request;
	if (url.origin !== location.origin) return;
	if (r.mode === "navigate" && r.method === "POST" && formAt(url.pathname)) e.respondWith(sendOrKeep(e, url));
	else if (r.mode === "navigate" && r.method === "GET" && !notAPage.test(url.pathname)) e.respondWith(page(e));
	else if (r.method === "GET" && url.pathname.startsWith(base)) e.respondWith(caches.match(r).then((kept) => kept ?? fetch(r)));
});

async function page(e) {
	try {
		return await e.preloadResponse ?? await fetch(e.request);
	} catch {
		const me = await store.who().catch(() => undefined);
		return await caches.match(offline(me?.locale)) ?? Response.error();
	}
}

// sendOrKeep lets a form through; when no answer comes, what was written waits. What is new has the id that the form
// has, and an edit the version that it was made on, so that it is done once even if only the answer was lost.
async function sendOrKeep(e, url) {
	const copy = e.request.clone();
	let answer;
	try {
		answer = await Promise.race([fetch(e.request), new Promise((_, late) => setTimeout(late, patience))]);
		if (![502, 503, 504].includes(answer.status)) return answer;
	} catch {
		// no connection, or no answer
	}
	try {
		const kept = written(formAt(url.pathname), url.pathname, new URLSearchParams(await copy.text()));
		if (!kept) return answer ?? Response.error();
		await store.keep(kept);
		await later();
		return Response.redirect(kept.kind === "entry" ? "/waiting?party=" + kept.party + "&side=" + kept.side : "/waiting", 303);
	} catch {
		return answer ?? Response.error(); // nothing was kept: the browser says so, and its way back has the form
	}
}

// written is what a form says, as it waits; nothing when the form does not say who wrote it.
function written({ kind, address }, path, form) {
	const field = (name) => form.get(name) ?? "";
	const [, business, party, entry] = address.exec(path);
	const all = {
		kind, user: field("user"), business, shop: field("shop"), symbol: field("symbol"), digits: Number(field("digits") || 2),
		indian: field("indian") === "1", note: field("note"), at: Date.now(), state: "",
	};
	const money = { side: field("side"), amount: field("amount"), date: field("date"), mode: field("mode"), cheque: field("cheque_date") };
	const who = { name: field("name"), trade: field("kind"), phone: field("phone") };
	const version = Number(field("version"));
	if (!all.user) return undefined;
	switch (kind) {
	case "entry":
		return field("id") && { ...all, ...money, id: field("id"), party, name: field("party") };
	case "entry-edit":
		return version && { ...all, ...money, id: "edit " + entry, entry, version, party, name: field("party") };
	case "party":
		return field("id") && { ...all, ...who, id: field("id"), party: field("id"), opening: field("opening"), openingSide: field("opening_side"), openingDate: field("opening_date") };
	case "party-edit":
		return version && { ...all, ...who, id: "edit " + party, version, party };
	}
}

const later = () => registration.sync?.register("entries").catch(() => {}); // pages send as well

addEventListener("sync", (e) => e.tag === "entries" && e.waitUntil(send().then((left) => {
	if (left) throw new Error("entries wait"); // the browser tries again later
})));

addEventListener("message", (e) => {
	if (e.data === "send") e.waitUntil(send().then((left) => left && later()));
});

// send posts what waits, one after another and in one place at a time, and reports whether something is left to try.
function send() {
	return navigator.locks.request("entries", async () => {
		const me = await store.who();
		let sent = 0, left = false;
		const list = await store.waiting(me?.user), parties = list.filter((x) => x.kind === "party");
		const missing = new Set(parties.map((x) => x.id)); // what is about them waits for them
		for (const x of [...parties, ...list.filter((x) => x.kind !== "party")]) {
			if (x.state === "refused" || x.kind !== "party" && missing.has(x.party)) continue;
			const way = await post(x);
			if (way === "sent") missing.delete(x.id);
			if (way === "sent") sent++;
			if (way === "stop") {
				left = true;
				break;
			}
		}
		for (const c of await clients.matchAll()) c.postMessage({ sent });
		return left;
	});
}

// call is the request that does what waits; undefined when an amount is none.
function call(x) {
	const at = "/api/businesses/" + x.business, minor = (text) => {
		const n = sums.total(text, x.digits);
		return n === null ? null : Number(n);
	};
	const money = () => ({ side: x.side, amount: minor(x.amount), date: x.date, note: x.note, mode: x.mode ?? "", cheque_date: x.cheque ?? "" });
	const who = { kind: x.trade, name: x.name, phone: x.phone, note: x.note };
	switch (x.kind) {
	case "entry-edit":
		return ["PUT", `${at}/entries/${x.entry}`, { version: x.version, ...money() }];
	case "party": {
		const opening = x.opening?.trim() ? { side: x.openingSide, amount: minor(x.opening), date: x.openingDate } : null;
		return ["POST", at + "/parties", { id: x.id, ...who, ...(opening && { opening }) }];
	}
	case "party-edit":
		return ["PUT", `${at}/parties/${x.party}`, { version: x.version, ...who }];
	default:
		return ["POST", at + "/entries", { id: x.id, party_id: x.party, ...money() }];
	}
}

async function post(x) {
	const [method, path, body] = call(x);
	if (body.amount === null || body.opening?.amount === null) return await refuse(x, "", "amount");
	let answer;
	try {
		answer = await fetch(path, {
			method, cache: "no-store", signal: AbortSignal.timeout(patience),
			headers: { "Content-Type": "application/json", "Tijori-User": x.user }, body: JSON.stringify(body),
		});
	} catch {
		return "stop";
	}
	if (answer.ok) {
		await store.drop(x.id, x.at);
		return "sent";
	}
	if (answer.status === 401) return await store.change(x.id, { state: "signin" }), "next";
	if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return "stop";
	const said = await answer.json().catch(() => ({}));
	return await refuse(x, said.detail ?? "", said.field ?? "", x.version && answer.status === 409);
}

// refuse keeps what the khata does not take, with the reason. Made on what has changed since, it cannot be sent again.
async function refuse(x, reason, field, past = false) {
	await store.change(x.id, { state: "refused", reason, field, past });
	return "next";
}

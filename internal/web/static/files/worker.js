// The service worker. It keeps the static files and one page without anybody's data, shows that page when there is
// no connection, and holds entries that could not be sent until they can. No page of a user is ever put into a cache.
// Before it stand: release, base, files, languages.
importScripts(base + "sum.js", base + "store.js");

const newEntry = /^\/b\/([0-9a-f-]{36})\/p\/([0-9a-f-]{36})\/entries\/new$/;
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
	if (r.mode === "navigate" && r.method === "POST" && newEntry.test(url.pathname)) e.respondWith(sendOrKeep(e, url));
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

// sendOrKeep lets the form of an entry through; when no answer comes, the entry waits under the id that the form
// has, so that it is one row even if only the answer was lost.
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
		const form = new URLSearchParams(await copy.text()), field = (name) => form.get(name) ?? "";
		const [, business, party] = newEntry.exec(url.pathname);
		if (!field("id") || !field("user")) return answer ?? Response.error();
		await store.keep({
			id: field("id"), user: field("user"), business, party, name: field("party"), shop: field("shop"), symbol: field("symbol"), digits: Number(field("digits") || 2), indian: field("indian") === "1",
			side: field("side"), amount: field("amount"), date: field("date"), note: field("note"), mode: field("mode"), at: Date.now(), state: "",
		});
		await later();
		return Response.redirect("/waiting?party=" + party + "&side=" + field("side"), 303);
	} catch {
		return answer ?? Response.error(); // nothing was kept: the browser says so, and its way back has the form
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
		for (const x of await store.waiting(me?.user)) {
			if (x.state === "refused") continue;
			const way = await post(x);
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

async function post(x) {
	const minor = sums.total(x.amount, x.digits);
	if (minor === null) return await refuse(x, "", "amount");
	let answer;
	try {
		answer = await fetch("/api/businesses/" + x.business + "/entries", {
			method: "POST", cache: "no-store", signal: AbortSignal.timeout(patience),
			headers: { "Content-Type": "application/json", "Tijori-User": x.user },
			body: JSON.stringify({ id: x.id, party_id: x.party, side: x.side, amount: Number(minor), date: x.date, note: x.note, mode: x.mode ?? "" }),
		});
	} catch {
		return "stop";
	}
	if (answer.ok) {
		await store.drop(x.id);
		return "sent";
	}
	if (answer.status === 401) return await store.change(x.id, { state: "signin" }), "next";
	if (answer.status >= 500 || answer.status === 429 || answer.status === 408) return "stop";
	const said = await answer.json().catch(() => ({}));
	return await refuse(x, said.detail ?? "", said.field ?? "");
}

async function refuse(x, reason, field) {
	await store.change(x.id, { state: "refused", reason, field });
	return "next";
}

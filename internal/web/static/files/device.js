// What this device does for who is signed in: the worker, the entries that wait here, and the names seen last.
import { places } from "./places.js";
import "./store.js";

const me = document.body.dataset;
const worker = navigator.serviceWorker;
const badge = document.querySelector("[data-waiting]");
const news = document.querySelector("[data-sent]");
let count = 0;

async function show() {
	const list = await store.waiting(me.user);
	count = list.length;
	badge.hidden = !count;
	badge.classList.toggle("refused", list.some((x) => x.state === "refused"));
	badge.querySelector("span").textContent = badge.dataset.waiting.replace("{n}", count);
	dispatchEvent(new CustomEvent("waiting"));
}

// renew asks the server what may still be read on this device, and renews it; what may not is erased. A page that does
// not say who is signed in decides nothing: the server does.
async function renew(user) {
	const kept = await store.books();
	if (!kept) return;
	if (user && kept.user !== user) return store.eraseBooks();
	await (await import("./books.js")).refresh(kept.user);
}

const send = () => worker?.ready.then((r) => r.active.postMessage("send"));

async function begin() {
	await store.iAm({ user: me.user, locale: document.documentElement.lang });
	const at = Date.now();
	await store.see([...document.querySelectorAll("[data-seen]")].map((e, i) => (
		{ user: me.user, business: me.business, shop: me.shop, symbol: me.symbol, digits: Number(me.digits), indian: "indian" in me, party: e.dataset.seen, name: e.dataset.name, at: at - i }
	)));
	await show();
	renew(me.user).catch(() => {}); // without a connection, or with a server that is busy, at the next page
	if (!worker) return;
	worker.addEventListener("message", (e) => {
		if (e.data.sent) store.staleBooks().then(() => renew(me.user)).catch(() => {});
		if (e.data.sent && news) {
			news.querySelector("p").textContent = e.data.sent === 1 ? news.dataset.sent : news.dataset.many.replace("{n}", e.data.sent);
			news.hidden = false;
		}
		show();
	});
	await worker.register("/worker.js", { updateViaCache: "none" });
	addEventListener("online", send);
	addEventListener("entries", send);
	addEventListener("pageshow", (e) => e.persisted && send());
	if (count) send();
}

// Whoever signs out with entries that wait is told; the second tap signs out. They stay, for this user alone.
addEventListener("submit", (e) => {
	if (!/^\/logout(\/everywhere)?$/.test(new URL(e.target.action).pathname)) return;
	const note = document.querySelector("[data-leaving]");
	if (count && note?.hidden) {
		e.preventDefault();
		e.stopImmediatePropagation();
		note.hidden = false;
		if (!e.target.contains(note)) e.target.prepend(note);
		return;
	}
	store.forget().catch(() => {});
	store.books().then((kept) => kept && store.eraseBooks()).catch(() => {});
}, true);

// What is written here is not in the books that this device keeps: they are renewed with the next page.
addEventListener("submit", (e) => {
	if (e.target.method === "post" && me.user && !("local" in e.target.dataset)) store.staleBooks().catch(() => {});
});

// A device that keeps nothing, such as a private window, does without all this.
if (me.user && badge) begin().catch(() => {});
else if (!("offline" in me)) {
	places.forget();
	store.forget().then(() => renew()).catch(() => {});
}

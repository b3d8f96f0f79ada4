// The list of what waits on this device, and the form for another one while there is no connection.
import "./entry.js";
import "./store.js";
import "./sum.js";

const root = document.querySelector("[data-outbox]");
const rows = root.querySelector("[data-entries]");
const line = root.querySelector("template");
const form = document.querySelector("[data-new]");
const said = root.querySelector("[data-said]");
const local = new Intl.DateTimeFormat(document.documentElement.lang + "-IN", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const query = new URLSearchParams(location.search);
let me, drawn;

const money = (x) => {
	const n = sums.total(x.amount, x.digits);
	return n === null ? x.amount : sums.shown(n, x.symbol, x.indian, x.digits);
};

function today() {
	const d = new Date();
	return new Date(d - d.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

const again = () => dispatchEvent(new CustomEvent("entries"));

async function show() {
	const list = await store.waiting(me?.user);
	root.hidden = !list.length && !!form && !form.hidden;
	// What somebody is mending is not drawn anew under their hands.
	const open = rows.querySelector("details[open]")?.closest("li").dataset.id;
	if (open && list.some((x) => x.id === open && x.state === "refused")) return;
	// Nor is what has not changed drawn anew under a finger.
	const now = JSON.stringify(list);
	if (now === drawn) return;
	drawn = now;
	rows.replaceChildren(...list.map(draw));
	root.querySelector("[data-none]").hidden = list.length > 0;
	rows.hidden = !list.length;
	if (list.length) navigator.storage?.persist?.();
}

function draw(x) {
	const li = line.content.firstElementChild.cloneNode(true), find = (s) => li.querySelector(s);
	li.dataset.id = x.id;
	find("[data-name]").textContent = x.name || root.dataset.unknown;
	find("[data-when]").textContent = [/^\d{4}-\d\d-\d\d$/.test(x.date) ? local.format(new Date(x.date)) : x.date, x.phone, x.note, x.shop].filter(Boolean).join(" · ");
	for (const side of li.querySelectorAll("[data-side]")) {
		if (side.dataset.side !== x.side) side.remove();
		else side.querySelector(".num").textContent = money(x);
	}
	for (const tag of li.querySelectorAll("[data-kind]")) if (tag.dataset.kind !== x.kind) tag.remove();
	const why = find("[data-why]");
	if (x.state === "refused") why.querySelector("span").textContent = x.reason || root.dataset[x.field] || root.dataset.refused;
	else if (x.state === "signin") why.querySelector("span").textContent = root.dataset.signin;
	else why.remove();
	find("[data-drop]").addEventListener("click", async () => {
		await store.drop(x.id);
		said.textContent = root.dataset.dropped;
		said.focus();
		await show();
		again();
	});
	const edit = find("details"), open = find("[data-open]"), aboutParty = x.kind?.startsWith("party");
	if (x.past) open.href = `/b/${x.business}/p/${x.party}` + (x.entry ? `/entries/${x.entry}/edit` : "/edit");
	else open.remove();
	for (const field of edit.querySelectorAll("[data-of]")) if ((field.dataset.of === "party") !== !!aboutParty) field.remove();
	if (x.state !== "refused" || x.past) edit.remove();
	else for (const field of edit.querySelectorAll("input")) {
		field.id = field.name + "-" + x.id;
		field.closest(".field").querySelector("label").htmlFor = field.id;
		field.value = x[field.name] ?? "";
	}
	edit.querySelector("form")?.addEventListener("submit", async (e) => {
		e.preventDefault();
		drawn = undefined;
		const fresh = Object.fromEntries(new FormData(e.target));
		edit.open = false;
		await store.change(x.id, { ...fresh, state: "", reason: "", at: Date.now() });
		await show();
		again();
	});
	return li;
}

// The form is for the page without a connection. With one, there is the khata.
async function prepare() {
	const known = await store.seen(me?.user), fresh = (await store.waiting(me?.user)).filter((x) => x.kind === "party");
	const seen = [...known, ...fresh.filter((x) => !known.some((p) => p.party === x.id)).map((x) => ({ ...x, party: x.id }))];
	if (!seen.length) return;
	const party = document.getElementById("party");
	const asked = query.get("party") ?? location.pathname.match(/\/p\/([0-9a-f-]{36})/)?.[1];
	const shops = new Set(seen.map((p) => p.business));
	const order = new Intl.Collator(document.documentElement.lang);
	seen.sort((a, b) => order.compare(a.name, b.name));
	seen.forEach((p, i) => party.add(new Option(shops.size > 1 ? `${p.name} · ${p.shop}` : p.name, i, false, p.party === asked)));
	const side = query.get("side");
	if (side) for (const choice of form.elements.side) choice.checked = choice.value === side;
	const out = form.querySelector("[data-sum]");
	const follow = () => {
		const p = seen[party.value] ?? seen[0];
		form.querySelector(".amount-sign").textContent = out.dataset.symbol = p.symbol;
		out.dataset.digits = p.digits ?? 2;
		out.toggleAttribute("data-indian", p.indian);
	};
	party.addEventListener("input", follow);
	follow();
	form.elements.date.value = today();
	form.hidden = false;
	form.addEventListener("submit", async (e) => {
		e.preventDefault();
		const p = seen[party.value];
		if (!p) return party.focus();
		const amount = form.elements.amount, n = sums.total(amount.value, p.digits);
		const wrong = document.getElementById("amount-error");
		wrong.hidden = n !== null;
		amount.setAttribute("aria-invalid", String(!wrong.hidden));
		if (!wrong.hidden) return amount.focus();
		await store.keep({
			id: store.newID(), user: me.user, business: p.business, party: p.party, name: p.name, shop: p.shop, symbol: p.symbol, digits: p.digits, indian: p.indian,
			side: form.elements.side.value, amount: amount.value, date: form.elements.date.value, note: form.elements.note.value, at: Date.now(), state: "",
		});
		amount.value = form.elements.note.value = out.textContent = "";
		await kept();
		amount.focus();
	});
}

// kept is after something was written on this page.
async function kept() {
	said.textContent = root.dataset.kept;
	await show();
	navigator.serviceWorker?.ready.then((r) => r.active.postMessage("send"));
}

// Online, the server has said who this is. Without a connection, it is who was here last and has not signed out.
me = "offline" in document.body.dataset ? await store.who() : { user: document.body.dataset.user };
await show();
if (form && me && (await store.books())?.user === me.user) (await import("./reader.js")).start(me.user);
if (form) {
	await prepare();
	await show();
}
addEventListener("waiting", show);
addEventListener("kept", () => kept().then(() => said.focus()));
navigator.serviceWorker?.addEventListener("message", show);
if (form && location.pathname !== "/offline") comeBack();

// Many a browser believes that it is connected while it is not, and says nothing when it is again. So the page looks
// for the khata by itself, and makes way for it unless somebody is writing.
function comeBack() {
	const often = 2_000, seldom = 60_000;
	let pause = often, looking = false, timer;
	const writing = () => form.elements.amount.value || form.elements.note.value || rows.querySelector("details[open]") || document.getElementById("pin").value
		|| document.querySelector("[data-reader] details[open]");
	const there = () => fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(10_000) }).then((r) => r.ok, () => false);
	async function look() {
		clearTimeout(timer);
		if (looking || document.hidden) return; // it looks when it is seen again
		looking = true;
		const back = !writing() && await there() && !writing();
		looking = false;
		if (back) return location.reload();
		timer = setTimeout(look, pause);
		pause = Math.min(2 * pause, seldom);
	}
	const soon = () => {
		pause = often;
		look();
	};
	addEventListener("online", soon);
	document.addEventListener("visibilitychange", soon);
	soon();
}

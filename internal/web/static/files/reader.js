// The khata as this device keeps it, on the page without a connection: parties with their balances, and the entries of
// one. It is in this page's memory alone, and gone with it.
import { read } from "./books.js";
import "./store.js";
import "./sum.js";

const root = document.querySelector("[data-reader]");
const find = (s) => root.querySelector(s);
const language = document.documentElement.lang + "-IN";
const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const moment = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });
const order = new Intl.Collator(document.documentElement.lang);
const step = 50;
const address = /^\/b\/([0-9a-f-]{36})(?:\/p\/([0-9a-f-]{36}))?/;
let me, books = [], book, parties = [], shown = step, lines = step;

const signed = (e) => e.side === "given" ? BigInt(e.amount) : -BigInt(e.amount);
const money = (n) => sums.shown(n < 0n ? -n : n, book.symbol, book.indian, book.digits);
const word = (n) => n > 0n ? root.dataset.get : n < 0n ? root.dataset.give : root.dataset.even;
const told = (n) => n ? `${word(n)} ${money(n)}` : word(n);
const plain = (text) => text.normalize("NFKD").toLocaleLowerCase();

// prepare adds up each party's entries, up to the day of the copy.
function prepare({ book, parties, at }) {
	const list = parties.map((p) => {
		let balance = BigInt(p.before);
		const lines = p.entries.map((e) => {
			const ahead = e.date > book.today;
			if (!ahead) balance += signed(e);
			return { ...e, ahead, balance };
		});
		return { ...p, balance, lines: lines.reverse(), last: p.entries.findLast((e) => e.date <= book.today)?.date ?? "", key: plain(p.name) };
	});
	return { ...book, at, parties: list };
}

function choose(id) {
	book = books.find((b) => b.business === id) ?? book ?? books[0];
	find("#shop").value = book.business;
	parties = [...book.parties].sort((a, b) => a.balance === b.balance ? order.compare(a.name, b.name) : a.balance < b.balance ? 1 : -1);
}

function balance(el, n) {
	el.classList.add(n > 0n ? "get" : n < 0n ? "give" : "even");
	el.querySelector(".num").textContent = n ? money(n) : "";
	el.querySelector(".bal-word").textContent = word(n);
}

function drawParties() {
	const asked = plain(find("#find").value.trim());
	const found = parties.filter((p) => p.key.includes(asked) || asked && p.phone?.includes(asked));
	find("[data-parties]").replaceChildren(...found.slice(0, shown).map((p) => {
		const li = find("template[data-row]").content.firstElementChild.cloneNode(true), a = li.querySelector("a");
		a.href = `/b/${book.business}/p/${p.id}`;
		a.querySelector("strong").textContent = p.name;
		a.querySelector("small").textContent = [p.phone, p.last && day.format(new Date(p.last))].filter(Boolean).join(" · ");
		balance(a.querySelector(".bal"), p.balance);
		a.addEventListener("click", (e) => {
			e.preventDefault();
			history.pushState(null, "", a.href);
			draw();
		});
		return li;
	}));
	find("[data-nobody]").hidden = found.length > 0;
	find("[data-more]").hidden = found.length <= shown;
	find("[data-add]").hidden = !book.edits;
	const asOf = find("[data-as-of]");
	asOf.textContent = asOf.dataset.asOf.replace("{time}", moment.format(book.at));
}

function drawParty(p) {
	const name = find(".reader-name"), from = find("[data-from]");
	name.textContent = p.name;
	find(".reader-balance").textContent = told(p.balance);
	from.textContent = from.dataset.from.replace("{date}", day.format(new Date(book.from))).replace("{balance}", told(BigInt(p.before)));
	find("[data-lines]").replaceChildren(...p.lines.slice(0, lines).map((e) => {
		const li = find("template[data-line]").content.firstElementChild.cloneNode(true);
		li.querySelector("[data-note]").textContent = e.note || day.format(new Date(e.date));
		li.querySelector("[data-when]").textContent = [e.note && day.format(new Date(e.date)), !e.ahead && told(e.balance)].filter(Boolean).join(" · ");
		for (const side of li.querySelectorAll("[data-side]")) {
			if (side.dataset.side !== e.side) side.remove();
			else side.querySelector(".num").textContent = money(BigInt(e.amount));
		}
		correct(li, p, e);
		return li;
	}));
	find("[data-older]").hidden = p.lines.length <= lines;
}

// What is written here waits like an entry, and is sent when the connection is back.
async function keep(x) {
	await store.keep({
		user: me, business: book.business, shop: book.name, symbol: book.symbol, digits: book.digits, indian: book.indian,
		note: "", at: Date.now(), state: "", ...x,
	});
	dispatchEvent(new CustomEvent("kept")); // waiting.js says so, and sends it
}

// correct lets an entry be changed, where its user may; what more hangs on a cheque or an opening balance is for the khata.
function correct(li, p, e) {
	const edit = li.querySelector(".reader-edit"), form = edit.querySelector("form"), { amount, date, note } = form.elements;
	if (!book.edits || e.opening || e.mode === "cheque") return edit.remove();
	for (const field of [amount, date, note]) {
		field.id = field.name + "-" + e.id;
		field.closest(".field").querySelector("label").htmlFor = field.id;
	}
	amount.value = sums.plain(BigInt(e.amount), book.digits);
	date.value = e.date;
	note.value = e.note ?? "";
	form.addEventListener("submit", async (s) => {
		s.preventDefault();
		const wrong = form.querySelector("[data-wrong]");
		wrong.hidden = sums.total(amount.value, book.digits) !== null;
		if (!wrong.hidden) return amount.focus();
		edit.open = false;
		await keep({
			kind: "entry-edit", id: "edit " + e.id, entry: e.id, version: e.version, party: p.id, name: p.name,
			side: e.side, mode: e.mode ?? "", amount: amount.value, date: date.value, note: note.value,
		});
	});
}

function draw() {
	const [, business, party] = address.exec(location.pathname) ?? [];
	if (business) choose(business);
	const open = book.business === business && book.parties.find((p) => p.id === party);
	find("[data-book]").hidden = !!open;
	find("[data-party]").hidden = !open;
	if (!open) return drawParties();
	drawParty(open);
	find(".reader-name").focus();
}

function begin(opened) {
	books = opened.map(prepare).sort((a, b) => order.compare(a.name, b.name));
	if (!books.length) return;
	find("#shop").replaceChildren(...books.map((b) => new Option(b.name, b.business)));
	find("[data-shops]").hidden = books.length < 2;
	choose();
	find("#shop").addEventListener("input", () => {
		shown = step;
		history.pushState(null, "", "/b/" + find("#shop").value);
		draw();
	});
	find("#find").addEventListener("input", () => {
		shown = step;
		drawParties();
	});
	find("[data-more]").addEventListener("click", () => {
		shown += step;
		drawParties();
	});
	find("[data-older]").addEventListener("click", () => {
		lines += step;
		draw();
	});
	find("[data-add] form").addEventListener("submit", async (e) => {
		e.preventDefault();
		const { name, phone, trade } = e.target.elements, id = store.newID();
		if (!name.value.trim()) return name.focus();
		find("[data-add]").open = false;
		await keep({ kind: "party", id, party: id, name: name.value, phone: phone.value, trade: trade.value });
		name.value = phone.value = "";
	});
	find("[data-back]").addEventListener("click", () => {
		lines = step;
		history.pushState(null, "", "/b/" + book.business);
		draw();
		find("#find").focus();
	});
	addEventListener("popstate", draw);
	draw();
}

// gone is for when somebody signs out, or is signed out, in another tab: what is drawn here goes as well.
async function gone(user) {
	if ((await store.books())?.user === user && (await store.who())?.user === user) return;
	root.remove();
	books = parties = [];
	book = undefined;
}

// start shows the books of a user, after the PIN where there is one.
export async function start(user) {
	me = user;
	const first = await read(user);
	if (!first.books && !first.pin) return;
	root.hidden = false;
	addEventListener("pageshow", (e) => e.persisted && gone(user));
	document.addEventListener("visibilitychange", () => gone(user));
	if (first.books) return begin(first.books);
	const form = find("[data-unlock]"), wrong = document.getElementById("pin-error"), pin = form.elements.pin;
	form.hidden = false;
	form.addEventListener("submit", async (e) => {
		e.preventDefault();
		if (!pin.value) return pin.focus();
		const tried = await read(user, pin.value);
		pin.value = "";
		if (tried.books) {
			form.remove();
			return begin(tried.books);
		}
		const left = tried.left ?? 0;
		wrong.querySelector("span").textContent = left > 1 ? wrong.dataset.many.replace("{n}", left) : left === 1 ? wrong.dataset.one : wrong.dataset.none;
		wrong.hidden = false;
		if (left < 1) for (const el of [pin, form.querySelector("button")]) el.disabled = true;
		else pin.focus();
	});
}

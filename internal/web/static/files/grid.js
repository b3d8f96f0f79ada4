// The grid: a spreadsheet for entries. The page is a plain form without it. What is typed is kept on
// the server as it is typed, which also says what is wrong in which cell; nothing here decides anything.
import "./sum.js";

const form = document.querySelector("[data-grid]");
const body = form.querySelector("[data-rows]");
const shape = form.querySelector("[data-row-template]").content.firstElementChild;
const words = form.querySelector("[data-words]").dataset;
const state = form.querySelector("[data-state]");
const alertBox = form.querySelector("[data-alert]");
const done = document.querySelector("[data-done]");
const createButton = form.querySelector("[data-create]");
const goodButton = form.querySelector("[data-save=good]");
const { api, symbol, today } = form.dataset;
const digits = Number(form.dataset.digits), max = Number(form.dataset.max);
const columns = ["date", "party", "given", "received", "note", "mode"];
const narrow = matchMedia("(max-width: 47.99rem)").matches;
const say = (text, values) => text.replace(/\{(\w+)\}/g, (_, k) => values[k]);

// newID is a UUIDv7, as the server's own are.
function newID() {
	const b = crypto.getRandomValues(new Uint8Array(16)), t = Date.now();
	for (let i = 0; i < 6; i++) b[i] = Math.floor(t / 2 ** (40 - 8 * i)) % 256;
	b[6] = (b[6] & 15) | 112;
	b[8] = (b[8] & 63) | 128;
	const hex = [...b].map((v) => v.toString(16).padStart(2, "0")).join("");
	return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

// Rows.
let next = body.rows.length;
const input = (tr, column) => tr.querySelector(`[data-column=${column}]`);
const hidden = (tr, name) => tr.querySelector(`[name^="${name}-"]`);
const blank = (tr) => !columns.slice(1).some((c) => input(tr, c).value.trim());
const rowOf = (id) => body.querySelector(`[data-row="${id}"]`);

function makeRow() {
	const tr = shape.cloneNode(true), n = next++;
	for (const e of tr.querySelectorAll("[id], [name], [for]")) {
		for (const a of ["id", "name", "for"]) if (e.hasAttribute(a)) e.setAttribute(a, e.getAttribute(a).replace(/--1$/, "-" + n));
	}
	prepare(tr);
	tr.dataset.row = hidden(tr, "row").value = newID();
	input(tr, "date").value = today;
	return tr;
}

function prepare(tr) {
	for (const c of columns) input(tr, c).tabIndex = -1;
	const party = input(tr, "party");
	party.removeAttribute("list");
	for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-expanded", "false"], ["aria-controls", "grid-parties"]]) party.setAttribute(name, value);
}

function addRows(n) {
	const more = document.createDocumentFragment();
	for (n = Math.min(n, max - body.rows.length); n > 0; n--) more.append(makeRow());
	const first = more.firstElementChild;
	body.append(more);
	renumber();
	return first;
}

function renumber() {
	[...body.rows].forEach((tr, i) => tr.querySelectorAll("[data-number]").forEach((e) => { e.textContent = i + 1; }));
}

function fill() {
	const want = narrow ? 1 : 10, free = [...body.rows].filter(blank);
	if (narrow) free.slice(want).forEach((tr) => tr.remove());
	if (free.length === 0 || body.rows.length < want) addRows(Math.max(1, want - body.rows.length));
	renumber();
}

// Sums.
const total = (text) => self.sums.total(text, digits) ?? 0n;
const money = (n) => self.sums.shown(n, symbol, "indian" in form.dataset, digits);

function addUp() {
	let given = 0n, received = 0n, n = 0;
	for (const tr of body.rows) {
		if (blank(tr)) continue;
		n++;
		given += total(input(tr, "given").value);
		received += total(input(tr, "received").value);
	}
	form.querySelector("[data-total=given] span:last-child").textContent = money(given);
	form.querySelector("[data-total=received] span:last-child").textContent = money(received);
	form.querySelector("[data-count]").textContent = n === 1 ? words.oneRow : say(words.rows, { n });
}

// Messages in cells.
function mark(tr, column, text, kind) {
	const field = input(tr, column), cell = field.closest("td"), id = field.id + "-error";
	document.getElementById(id)?.remove();
	cell.classList.toggle("bad", Boolean(text) && kind === "error");
	cell.classList.toggle("warn", Boolean(text) && kind === "hint");
	field.toggleAttribute("aria-describedby", false);
	field.toggleAttribute("aria-invalid", false);
	if (!text) return;
	const p = document.createElement("p");
	p.id = id;
	p.className = kind;
	p.textContent = text;
	cell.append(p);
	field.setAttribute("aria-describedby", id);
	if (kind === "error") field.setAttribute("aria-invalid", "true");
}

function tag(tr) {
	const is = hidden(tr, "new").value === "yes", cell = input(tr, "party").closest("td");
	cell.querySelector("[data-new]")?.remove();
	if (!is) return;
	const mark = document.createElement("span");
	mark.className = "tag";
	mark.dataset.new = "";
	mark.textContent = words.new;
	cell.append(mark);
}

function show(tr, row) {
	for (const c of columns) mark(tr, c, row?.problems?.[c], "error");
	if (row?.duplicate && !row.problems?.party) mark(tr, "party", words.twin, "hint");
	if (row?.unknown_party) tr.dataset.unknown = "1";
	else delete tr.dataset.unknown;
	if (row?.party_id) {
		hidden(tr, "party_id").value = row.party_id;
		hidden(tr, "new").value = row.new_party ? "yes" : "";
		if (document.activeElement !== input(tr, "party")) input(tr, "party").value = row.party;
	}
	tag(tr);
	offerNames();
}

// Names that are of nobody yet, to be added with one button.
function unknown() {
	const names = new Map();
	for (const tr of body.rows) if (tr.dataset.unknown) names.set(key(input(tr, "party").value), input(tr, "party").value.trim());
	return names;
}

function offerNames() {
	const names = unknown();
	createButton.hidden = names.size === 0;
	createButton.textContent = names.size === 1 ? say(words.createOne, { x: [...names.values()][0] }) : say(words.createAll, { n: names.size });
}

const key = (name) => name.trim().replace(/\s+/g, " ").toLowerCase();
const fresh = new Map(); // ids of parties to be added, by name
for (const tr of body.rows) if (hidden(tr, "new").value) fresh.set(key(input(tr, "party").value), hidden(tr, "party_id").value);

function makeParty(tr) {
	const name = key(input(tr, "party").value);
	if (!fresh.has(name)) fresh.set(name, newID());
	hidden(tr, "party_id").value = fresh.get(name);
	hidden(tr, "new").value = "yes";
	mark(tr, "party", "");
	delete tr.dataset.unknown;
	tag(tr);
	changed(tr);
}

// The draft: what is typed is on the server a moment later.
const writer = newID();
let version = Number(form.dataset.version), batch = form.elements.id.value;
let clock = 0, timer, dirty = false, busy = false, wait = 1000;
const later = new Map(); // what the server said of the row that is being typed in

function collect() {
	const list = [];
	for (const tr of body.rows) {
		if (blank(tr)) continue;
		const row = { id: tr.dataset.row, new_party: hidden(tr, "new").value === "yes" };
		for (const c of columns) row[c] = input(tr, c).value;
		if (hidden(tr, "party_id").value) row.party_id = hidden(tr, "party_id").value;
		list.push(row);
	}
	return list;
}

async function post(path, data, keepalive = false) {
	const body = new TextEncoder().encode(JSON.stringify(data));
	const answer = await fetch(api + path, { // what outlives the page may have 64 KB
		method: "POST", keepalive: keepalive && body.length < 60_000, headers: { "Content-Type": "application/json", Accept: "application/json" }, body,
	});
	const out = await answer.json();
	return { status: answer.status, out };
}

function changed(tr) {
	tr.dataset.clock = ++clock;
	dirty = true;
	done.hidden = true;
	state.textContent = words.keeping;
	clearTimeout(timer);
	timer = setTimeout(keep, 600);
	addUp();
}

// trouble shows a refusal that is of no cell. It returns false for what may be tried again.
function trouble(status, out) {
	if (status >= 500) return false;
	alertBox.textContent = out.detail || out.title;
	if (status === 409) {
		const again = document.createElement("a");
		again.href = location.pathname;
		again.textContent = words.reload;
		alertBox.append(" ", again);
	}
	alertBox.hidden = false;
	state.textContent = "";
	return true;
}

function apply(rows, at) {
	for (const row of rows) {
		const tr = rowOf(row.id);
		if (!tr || Number(tr.dataset.clock ?? 0) > at) continue;
		if (tr.contains(document.activeElement)) later.set(tr, row);
		else show(tr, row);
	}
}

async function keep(last = false) {
	if (busy || !dirty) return;
	busy = true;
	dirty = false;
	const at = clock;
	try {
		const { status, out } = await post("/grid/draft", { id: batch, writer, version, rows: collect() }, last === true);
		if (status === 200) {
			version = out.draft_version;
			wait = 1000;
			alertBox.hidden = true;
			apply(out.rows, at);
			if (!dirty) state.textContent = words.kept;
		} else if (!trouble(status, out)) throw new Error(status);
	} catch {
		dirty = true;
		state.textContent = words.offline;
		wait = Math.min(wait * 2, 30_000);
		timer = setTimeout(keep, wait);
	} finally {
		busy = false;
		if (dirty && wait === 1000) timer = setTimeout(keep, 300);
	}
}

document.addEventListener("visibilitychange", () => {
	if (document.visibilityState === "hidden") {
		clearTimeout(timer);
		keep(true);
	}
});
addEventListener("beforeunload", (e) => {
	if (dirty && (state.textContent === words.offline || collect().length > 300)) e.preventDefault();
});

// Saving.
async function save(some) {
	if (busy) return void setTimeout(save, 100, some);
	clearTimeout(timer);
	shut();
	const rows = collect();
	alertBox.hidden = true;
	done.hidden = true;
	if (rows.length === 0) {
		state.textContent = words.nothing;
		return;
	}
	busy = true;
	later.clear();
	state.textContent = words.saving;
	const from = document.activeElement;
	body.inert = true;
	const buttons = form.querySelectorAll("[data-save]");
	buttons.forEach((b) => b.setAttribute("aria-disabled", "true"));
	try {
		const { status, out } = await post("/entries/batch", { id: batch, writer, version, some, rows });
		state.textContent = "";
		body.inert = false;
		if (status === 201) saved(out);
		else if (status === 422 && out.rows) refused(out, rows.length);
		else if (!trouble(status, out)) throw new Error(status);
		else from?.focus();
	} catch {
		body.inert = false;
		state.textContent = words.offline;
		from?.focus();
	} finally {
		busy = false;
		buttons.forEach((b) => b.removeAttribute("aria-disabled"));
		addUp();
	}
}

function saved(out) {
	version = out.draft_version;
	batch = form.elements.id.value = out.next_batch;
	dirty = false;
	for (const row of out.rows) {
		const tr = rowOf(row.id);
		if (row.saved) tr?.remove();
		else if (tr) show(tr, row);
	}
	goodButton.hidden = true;
	fill();
	offerNames();
	done.action = form.dataset.undo.replace("ID", out.batch);
	document.querySelector("[data-done-text]").textContent = out.wrong ? say(words.some, { n: out.saved, m: out.wrong }) : say(words.all, { n: out.saved });
	done.hidden = false;
	toFirst();
}

function refused(out, n) {
	for (const row of out.rows) {
		const tr = rowOf(row.id);
		if (tr) show(tr, row);
	}
	goodButton.classList.remove("no-js");
	goodButton.hidden = out.wrong >= n;
	goodButton.textContent = say(words.good, { n: n - out.wrong, m: out.wrong });
	alertBox.textContent = say(words.wrong, { n: out.wrong });
	alertBox.hidden = false;
	toFirst();
}

function toFirst() {
	const wrong = body.querySelector("[aria-invalid=true]");
	const target = wrong ?? input([...body.rows].find(blank) ?? body.rows[0], "party");
	target.focus();
	if (wrong) target.scrollIntoView({ block: "center" });
}

form.addEventListener("submit", (e) => {
	e.preventDefault();
	if (document.activeElement?.dataset.column) return; // the Enter of a keyboard on glass; saving is for the buttons
	if (e.submitter?.getAttribute("aria-disabled") === "true") return;
	save(e.submitter?.dataset.save === "good");
});

// Moving. "move": a whole cell is chosen; "type": what is typed has replaced it; "edit": arrows move the caret.
let mode = "move", before = "", beforeID = "", beforeNew = "", start = null, current = null;

function enter(field) {
	if (current && current !== field) current.tabIndex = -1;
	field.tabIndex = 0;
	current = field;
	mode = "move";
	before = field.value;
	const tr = field.closest("tr");
	[beforeID, beforeNew] = [hidden(tr, "party_id").value, hidden(tr, "new").value];
	field.select();
}

function move(tr, column) {
	if (tr) input(tr, column).focus();
}

function down(tr, n) {
	const at = [...body.rows].indexOf(tr) + n;
	if (at >= body.rows.length && !blank(tr)) return addRows(1) ?? tr;
	return body.rows[Math.max(0, Math.min(at, body.rows.length - 1))];
}

body.addEventListener("focusin", (e) => {
	if (e.target.dataset.column) enter(e.target);
});
body.addEventListener("focusout", (e) => {
	const tr = e.target.closest("tr");
	shut();
	mode = "move";
	if (e.relatedTarget && tr.contains(e.relatedTarget)) return;
	setTimeout(() => {
		if (later.has(tr) && !tr.contains(document.activeElement)) {
			show(tr, later.get(tr));
			later.delete(tr);
		}
	});
});

let wasThere = false;
body.addEventListener("pointerdown", (e) => { wasThere = e.target === document.activeElement; });
body.addEventListener("click", (e) => {
	if (!e.target.dataset.column) return;
	start = null;
	if (wasThere) mode = "edit";
	else e.target.select();
});

body.addEventListener("input", (e) => {
	if (mode === "move") mode = "type";
	const field = e.target, tr = field.closest("tr");
	later.delete(tr);
	mark(tr, field.dataset.column, "");
	if (field.dataset.column === "party") {
		hidden(tr, "party_id").value = hidden(tr, "new").value = "";
		delete tr.dataset.unknown;
		tag(tr);
		offerNames();
		if (!e.isComposing) seek(field);
	}
	if (field.dataset.column === "given" || field.dataset.column === "received") for (const c of ["given", "received"]) mark(tr, c, "");
	changed(tr);
});
body.addEventListener("compositionend", (e) => { if (e.target.dataset.column === "party") seek(e.target); });

function takeBack(field) {
	const tr = field.closest("tr");
	shut();
	field.value = before;
	if (field.dataset.column === "party") {
		[hidden(tr, "party_id").value, hidden(tr, "new").value] = [beforeID, beforeNew];
		tag(tr);
	}
	mode = "move";
	field.select();
	changed(tr);
}

body.addEventListener("keydown", (e) => {
	const field = e.target, column = field.dataset.column;
	if (!column || e.isComposing) return;
	const tr = field.closest("tr"), at = columns.indexOf(column);
	const does = (fn) => {
		e.preventDefault();
		fn();
	};
	if ((e.ctrlKey || e.metaKey) && (e.key === "Enter" || e.key === "s")) return does(() => save(false));
	if (e.altKey || e.metaKey) return;
	if (column === "party" && pick(e, field)) return;
	const back = e.shiftKey;
	switch (e.key) {
	case "F2":
		return does(() => {
			mode = "edit";
			field.setSelectionRange(field.value.length, field.value.length);
		});
	case "Escape":
		e.stopPropagation();
		return does(() => (mode === "move" ? form.querySelector("[data-save=all]").focus() : takeBack(field)));
	case "Enter":
		return does(() => {
			const to = start ?? column;
			start = null;
			const row = down(tr, back ? -1 : 1);
			if (row === tr) enter(field);
			else move(row, to);
		});
	case "Tab": {
		start ??= column;
		const to = at + (back ? -1 : 1), rows = [...body.rows], i = rows.indexOf(tr);
		if (to >= 0 && to < columns.length) return does(() => move(tr, columns[to]));
		if (back) return i > 0 ? does(() => move(rows[i - 1], "mode")) : undefined;
		start = null;
		if (i + 1 < rows.length) return does(() => move(rows[i + 1], "date"));
		if (!blank(tr) && rows.length < max) return does(() => move(addRows(1), "date"));
		return; // leaves the grid
	}
	case "ArrowUp":
	case "ArrowDown":
		if (mode === "edit") return;
		start = null;
		return does(() => move(e.ctrlKey ? (e.key === "ArrowUp" ? body.rows[0] : body.rows[body.rows.length - 1]) : down(tr, e.key === "ArrowUp" ? -1 : 1), column));
	case "ArrowLeft":
	case "ArrowRight":
		if (mode === "edit" || back) return;
		start = null;
		return does(() => move(tr, columns[Math.max(0, Math.min(at + (e.key === "ArrowLeft" ? -1 : 1), columns.length - 1))]));
	case "Home":
	case "End":
		if (mode === "edit" || back) return;
		return does(() => move(e.ctrlKey ? (e.key === "Home" ? body.rows[0] : body.rows[body.rows.length - 1]) : tr, e.key === "Home" ? "date" : "mode"));
	case "PageUp":
	case "PageDown":
		return does(() => move(down(tr, e.key === "PageUp" ? -10 : 10), column));
	}
});

// The names to choose from.
const list = document.createElement("ul");
list.id = "grid-parties";
list.className = "grid-list";
list.setAttribute("role", "listbox");
list.hidden = true;
document.body.append(list);
let options = [], active = -1, seeker, asked;

function seek(field) {
	clearTimeout(seeker);
	asked?.abort();
	if (!field.value.trim()) return shut();
	seeker = setTimeout(find, 120, field);
}

async function find(field) {
	const text = field.value.trim();
	asked = new AbortController();
	try {
		const answer = await fetch(`${api}/parties?sort=name&q=${encodeURIComponent(text)}`, { signal: asked.signal, headers: { Accept: "application/json" } });
		if (!answer.ok || document.activeElement !== field || field.value.trim() !== text) return;
		const { parties } = await answer.json();
		offer(field, text, parties);
	} catch {
		shut(); // the name counts as it was typed
	}
}

function offer(field, text, parties) {
	const exact = parties.filter((p) => key(p.name) === key(text));
	const starts = parties.filter((p) => !exact.includes(p) && key(p.name).startsWith(key(text)));
	options = [...new Set([...exact, ...starts, ...parties])].slice(0, 7);
	if (exact.length === 0) options.push({ add: true, name: text });
	list.replaceChildren(...options.map((p, i) => {
		const li = document.createElement("li");
		li.id = "grid-party-" + i;
		li.setAttribute("role", "option");
		li.textContent = p.add ? say(words.create, { x: p.name }) : p.name;
		if (p.phone) {
			const small = document.createElement("small");
			small.textContent = p.phone;
			li.append(" ", small);
		}
		li.addEventListener("pointerdown", (e) => {
			e.preventDefault();
			choose(field, i);
		});
		return li;
	}));
	const box = field.getBoundingClientRect();
	list.hidden = false;
	list.style.setProperty("left", box.left + scrollX + "px");
	list.style.setProperty("min-width", box.width + "px");
	const room = innerHeight - box.bottom > list.offsetHeight || box.top < list.offsetHeight;
	list.style.setProperty("top", (room ? box.bottom : box.top - list.offsetHeight) + scrollY + "px");
	field.setAttribute("aria-expanded", "true");
	light(field, 0);
	state.textContent = say(words.found, { n: options.filter((p) => !p.add).length });
}

function light(field, i) {
	active = (i + options.length) % options.length;
	[...list.children].forEach((li, n) => li.setAttribute("aria-selected", String(n === active)));
	field.setAttribute("aria-activedescendant", "grid-party-" + active);
}

function shut() {
	clearTimeout(seeker);
	asked?.abort();
	if (list.hidden) return;
	list.hidden = true;
	options = [];
	if (current) {
		current.setAttribute("aria-expanded", "false");
		current.removeAttribute("aria-activedescendant");
	}
}

function choose(field, i) {
	const p = options[i], tr = field.closest("tr");
	field.value = p.name;
	shut();
	if (p.add) return makeParty(tr);
	hidden(tr, "party_id").value = p.id;
	hidden(tr, "new").value = "";
	delete tr.dataset.unknown;
	tag(tr);
	changed(tr);
}

// pick is what keys do while names are offered; Enter and Tab go on as they do everywhere.
function pick(e, field) {
	if (list.hidden || options.length === 0) return false;
	switch (e.key) {
	case "ArrowDown":
	case "ArrowUp":
		e.preventDefault();
		light(field, active + (e.key === "ArrowDown" ? 1 : -1));
		return true;
	case "Enter":
	case "Tab":
		choose(field, active);
		return false;
	case "Escape":
		e.preventDefault();
		e.stopPropagation();
		shut();
		mode = "edit";
		return true;
	}
	return false;
}

// Pasting. A spreadsheet gives tabs and line breaks, and quotes what has such within.
function cells(text) {
	const out = [[""]];
	let quoted = false;
	for (let i = 0; i < text.length; i++) {
		const c = text[i], row = out[out.length - 1], last = row.length - 1;
		if (quoted) {
			if (c !== '"') row[last] += c;
			else if (text[i + 1] === '"') row[last] += text[++i];
			else quoted = false;
		} else if (c === '"' && row[last] === "") quoted = true;
		else if (c === "\t") row.push("");
		else if (c === "\n") out.push([""]);
		else if (c !== "\r") row[last] += c;
	}
	while (out.length && out[out.length - 1].every((c) => !c.trim())) out.pop();
	return out;
}

const nothing = /^[-–₹\s]*0*([.,]0*)?[-–\s]*$/; // how spreadsheets show an empty side

body.addEventListener("paste", (e) => {
	const field = e.target, text = e.clipboardData.getData("text/plain");
	if (!field.dataset.column || !/[\t\n]/.test(text.replace(/\r?\n$/, ""))) return;
	e.preventDefault();
	shut();
	const block = cells(text), first = columns.indexOf(field.dataset.column);
	if (block.length > 1 && !/[0-9०-९]/.test(block[0].join("")) && /date|तारीख|दिनांक/i.test(block[0].join(" "))) block.shift();
	let at = [...body.rows].indexOf(field.closest("tr"));
	const missing = at + block.length - body.rows.length;
	if (missing > 0) addRows(missing);
	const rows = [...body.rows];
	let n = 0;
	for (const line of block) {
		const tr = rows[at++];
		if (!tr) break;
		line.slice(0, columns.length - first).forEach((value, i) => {
			const column = columns[first + i];
			value = value.replace(/\s+/g, " ").trim();
			if ((column === "given" || column === "received") && nothing.test(value)) value = "";
			if (column === "date" && !value) return;
			input(tr, column).value = value;
			mark(tr, column, "");
			if (column === "party") hidden(tr, "party_id").value = hidden(tr, "new").value = "";
		});
		tag(tr);
		tr.dataset.clock = ++clock;
		n++;
	}
	changed(rows[Math.min(at, rows.length) - 1]);
	if (!blank(rows[rows.length - 1])) addRows(1);
	field.select();
	state.textContent = say(words.pasted, { n });
	if (n < block.length) {
		alertBox.textContent = say(words.tooMany, { n: max });
		alertBox.hidden = false;
	}
});

// Buttons.
createButton.addEventListener("click", () => {
	for (const tr of body.rows) if (tr.dataset.unknown) makeParty(tr);
	offerNames();
});
form.querySelector("[data-more]").addEventListener("click", () => move(addRows(10), "party"));
form.querySelector("[data-clear]").addEventListener("click", () => {
	if (collect().length > 0 && !confirm(words.really)) return;
	body.replaceChildren();
	fill();
	changed(body.rows[0]);
	move(body.rows[0], "party");
});

for (const tr of body.rows) {
	prepare(tr);
	if (blank(tr)) tr.dataset.row = hidden(tr, "row").value = newID(); // a page from the cache must not repeat ids
}
for (const b of form.querySelectorAll("[data-more], [data-clear]")) b.hidden = false;
const has = collect().length > 0;
goodButton.hidden = goodButton.classList.contains("no-js") || !body.querySelector("[aria-invalid=true]");
fill();
addUp();
input(body.rows[0], "date").tabIndex = 0;
if (has) {
	dirty = true;
	keep();
}
if (!narrow && !body.querySelector("[aria-invalid=true]")) move([...body.rows].find(blank) ?? body.rows[0], "party");

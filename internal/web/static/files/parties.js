// The list of parties follows what is typed, is walked by keys, and shows a party beside it where there is room. The
// server makes list and party, as it does without this module.
import { places } from "./places.js";

const form = document.querySelector("[data-live-search]");
const list = document.getElementById("list");
const beside = document.getElementById("beside");
const wide = matchMedia("(min-width: 75rem)");
let timer, latest, open;

const rows = () => [...document.querySelectorAll("a[data-row]")];
const pageOf = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

async function look(address) {
	latest?.abort();
	latest = new AbortController();
	try {
		const answer = await fetch(address, { signal: latest.signal, headers: { Accept: "text/html" } });
		if (!answer.ok || answer.redirected) return void location.assign(address);
		const page = await pageOf(answer);
		const fresh = page.getElementById("list");
		if (!fresh) return void location.assign(address);
		list.replaceChildren(...fresh.childNodes);
		for (const part of [".filters a", ".total"]) {
			const links = page.querySelectorAll(part);
			document.querySelectorAll(part).forEach((a, i) => {
				if (!links[i]) return;
				a.setAttribute("href", links[i].getAttribute("href"));
				const sum = a.querySelector("strong"), now = links[i].querySelector("strong");
				if (sum && now) sum.textContent = now.textContent;
			});
		}
		history.replaceState(history.state, "", address);
		mark();
	} catch (err) {
		if (err.name !== "AbortError") location.assign(address);
	}
}

function typed() {
	const query = new URLSearchParams(new FormData(form));
	for (const [name, value] of [...query]) if (!value) query.delete(name);
	return look(form.action + (query.size ? "?" + query : ""));
}

if (form && list) {
	form.addEventListener("input", (e) => {
		if (e.isComposing) return;
		clearTimeout(timer);
		timer = setTimeout(typed, e.target.type === "search" ? 160 : 0);
	});
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		clearTimeout(timer);
		if (!document.activeElement.matches("#q") || !rows().length) return void typed();
		rows()[0].focus(); // Enter in the search leads to who was found
	});
}

// Which place of the list one came from: the arrow of a party's page leads back to it.
const place = "list:" + location.pathname;
const at = places.get(place);
if (at?.back && at.address === location.pathname + location.search) scrollTo(0, at.y);
const remember = () => places.set(place, { address: location.pathname + location.search, y: scrollY });
addEventListener("pagehide", remember);

// The party beside the list.
function mark() {
	for (const a of rows()) {
		if (open && a.pathname === open) a.setAttribute("aria-current", "true");
		else a.removeAttribute("aria-current");
	}
}

function fill(page, address) {
	const parts = page.querySelectorAll("main > .flash:not([hidden]), main > .alert, .party-head, .party-body, main > form");
	if (!page.querySelector(".party-body")) return void location.assign(address);
	beside.replaceChildren(...parts);
	beside.hidden = false;
	mark();
}

async function show(address) {
	open = new URL(address).pathname;
	mark();
	try {
		const answer = await fetch(address, { headers: { Accept: "text/html" } });
		if (!answer.ok || answer.redirected) return void location.assign(address);
		fill(await pageOf(answer), address);
	} catch {
		location.assign(address);
	}
}

function close() {
	const row = rows().find((a) => a.pathname === open);
	open = undefined;
	beside.hidden = true;
	beside.replaceChildren();
	mark();
	row?.focus();
}

if (beside && list) {
	list.addEventListener("click", (e) => {
		const row = e.target.closest("a[data-row]");
		if (!row || !wide.matches || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
		e.preventDefault();
		row.focus();
		if (open === row.pathname && !beside.hidden) location.assign(row.href); // a second time opens the whole page
		else show(row.href);
	});
	beside.addEventListener("click", (e) => {
		if (!e.target.closest(".party-head .back")) return;
		e.preventDefault();
		e.stopImmediatePropagation();
		close();
	});
	beside.addEventListener("keydown", (e) => e.key === "Escape" && close());
	// An entry of the inline row: the server answers with the party as it is now, and the list follows.
	beside.addEventListener("submit", async (e) => {
		const entry = e.target;
		if (!entry.matches(".quick")) return;
		e.preventDefault();
		e.stopPropagation();
		if (entry.dataset.sent) return;
		entry.dataset.sent = "1";
		try {
			const answer = await fetch(entry.action, { method: "POST", body: new URLSearchParams(new FormData(entry, e.submitter)) });
			const page = await pageOf(answer);
			if (!page.querySelector(".party-body")) return void entry.submit(); // something to mend: its own page says what
			const side = entry.querySelector("[name=side]:checked").value;
			fill(page, entry.action);
			const next = beside.querySelector(".quick");
			if (next) {
				next.querySelector(`[value=${side}]`).checked = true;
				next.querySelector("[name=amount]").focus();
			}
			look(location.href);
		} catch {
			entry.submit();
		}
	}, true);
}

addEventListener("keydown", (e) => {
	if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented || !/^[jk]$/.test(e.key)) return;
	if (document.documentElement.classList.contains("no-keys") || /^(INPUT|TEXTAREA|SELECT)$/.test(e.target.tagName)) return;
	const all = rows();
	if (!all.length) return;
	e.preventDefault();
	const at = Math.max(all.indexOf(document.activeElement), all.findIndex((a) => a.pathname === open));
	const next = all[Math.min(all.length - 1, Math.max(0, at + (e.key === "j" ? 1 : -1)))];
	next.focus();
	next.scrollIntoView({ block: "nearest" });
	if (beside && !beside.hidden && wide.matches) show(next.href);
});

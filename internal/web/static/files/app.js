// What makes every page pleasant. Nothing here is needed: each page works without it.
import "./back.js";
import "./device.js";
import "./download.js";
import "./keys.js";

// A double tap sends a form once. The client-made id in it makes a repeat harmless anyway.
addEventListener("submit", (e) => {
	const form = e.target;
	if (form.method !== "post" || form.dataset.once === "off") return;
	if (form.dataset.sent) return e.preventDefault();
	form.dataset.sent = "1";
	for (const b of form.querySelectorAll("[type=submit]")) b.setAttribute("aria-disabled", "true");
	e.submitter?.classList.add("busy");
});
addEventListener("pageshow", () => {
	for (const form of document.querySelectorAll("form[data-sent]")) {
		delete form.dataset.sent;
		for (const b of form.querySelectorAll("[aria-disabled]")) b.removeAttribute("aria-disabled");
		for (const b of form.querySelectorAll(".busy")) b.classList.remove("busy");
	}
});

// Menus close on Escape and when one looks elsewhere.
const menus = () => document.querySelectorAll("details.menu[open]");
addEventListener("click", (e) => {
	for (const m of menus()) if (!m.contains(e.target)) m.open = false;
});
addEventListener("keydown", (e) => {
	if (e.key !== "Escape") return;
	for (const m of menus()) {
		m.open = false;
		m.querySelector("summary").focus();
	}
});

// The day of a native field in words: its figures stand in the order of the browser, which may be another one.
for (const words of document.querySelectorAll("[data-day-words]")) {
	const field = document.getElementById(words.dataset.dayWords);
	const write = new Intl.DateTimeFormat(document.documentElement.lang === "hi" ? "hi-IN" : "en-IN", {
		weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC", numberingSystem: "latn",
	});
	const follow = () => {
		const part = Object.fromEntries(write.formatToParts(field.valueAsDate ?? NaN).map((p) => [p.type, p.value]));
		words.textContent = `${part.weekday}, ${part.day} ${part.month} ${part.year}`;
	};
	field?.addEventListener("input", () => field.valueAsDate ? follow() : words.textContent = "");
	field?.addEventListener("dayset", follow);
}

// The first field that is wrong takes the cursor, behind what is in it.
const first = document.querySelector("[aria-invalid=true]") ?? document.querySelector("[autofocus]");
if (first) {
	first.focus();
	if (first.type === "text" || first.type === "search") first.setSelectionRange(first.value.length, first.value.length);
}

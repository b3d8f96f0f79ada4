// What makes every page pleasant. Nothing here is needed: each page works without it.
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

// The first field that is wrong takes the cursor, behind what is in it.
const first = document.querySelector("[aria-invalid=true]") ?? document.querySelector("[autofocus]");
if (first) {
	first.focus();
	if (first.type === "text" || first.type === "search") first.setSelectionRange(first.value.length, first.value.length);
}

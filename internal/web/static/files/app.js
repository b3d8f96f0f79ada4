// What makes every page pleasant. Nothing here is needed: each page works without it.

// A double tap sends a form once. The client-made id in it makes a repeat harmless anyway.
addEventListener("submit", (e) => {
	const form = e.target;
	if (form.method !== "post" || form.dataset.once === "off") return;
	if (form.dataset.sent) return e.preventDefault();
	form.dataset.sent = "1";
	for (const b of form.querySelectorAll("[type=submit]")) b.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", () => {
	for (const form of document.querySelectorAll("form[data-sent]")) {
		delete form.dataset.sent;
		for (const b of form.querySelectorAll("[aria-disabled]")) b.removeAttribute("aria-disabled");
	}
});

// Menus close on Escape and when one looks elsewhere.
const menus = () => document.querySelectorAll("details.menu[open]");
addEventListener("click", (e) => {
	for (const m of menus()) if (!m.contains(e.target)) m.open = false;
});
addEventListener("keydown", (e) => {
	if (e.key === "Escape") {
		for (const m of menus()) {
			m.open = false;
			m.querySelector("summary").focus();
		}
		return;
	}
	if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target)) return;
	if (e.key === "/") {
		const q = document.getElementById("q");
		if (q) {
			e.preventDefault();
			q.focus();
			q.select();
		}
		return;
	}
	const link = /^[a-z]$/.test(e.key) && document.querySelector(`a[data-key="${e.key}"]`);
	if (link) {
		e.preventDefault();
		link.click();
	}
});

function typing(el) {
	return el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName);
}

// The first field that is wrong takes the cursor, behind what is in it.
const first = document.querySelector("[aria-invalid=true]") ?? document.querySelector("[autofocus]");
if (first) {
	first.focus();
	if (first.type === "text" || first.type === "search") first.setSelectionRange(first.value.length, first.value.length);
}

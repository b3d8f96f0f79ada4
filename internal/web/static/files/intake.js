// Tells at once that a file is too large, before it travels. The server says so too.
const form = document.querySelector("[data-import]");
const file = form?.querySelector("[type=file]");
const error = form?.querySelector("[data-error]");

function check() {
	const large = [...file.files].some((f) => f.size > form.dataset.max * 1024 * 1024);
	if (large) error.querySelector("span").textContent = form.dataset.large;
	error.hidden = !large;
	file.toggleAttribute("aria-invalid", false);
	if (large) file.setAttribute("aria-invalid", "true");
	return !large;
}

file?.addEventListener("change", check);
form?.addEventListener("submit", (e) => {
	if (check()) return;
	e.preventDefault();
	delete form.dataset.sent;
	for (const b of form.querySelectorAll("[aria-disabled]")) b.removeAttribute("aria-disabled");
	file.focus();
});

// The dry run's own form: while the rows go in, the page shows how far they are.
const apply = document.querySelector("form[data-task]");
apply?.addEventListener("submit", () => {
	import("./task.js").then((m) => m.watch(new URL(apply.dataset.task, location.origin).pathname));
});

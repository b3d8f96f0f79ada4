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

file?.addEventListener("change", () => {
	form.querySelector("[data-file-name]").textContent = [...file.files].map((f) => f.name).join(", ");
	check();
});
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

// The phone's own picker, where the browser has it: what is chosen goes the way of a contacts file, preview and all.
const picker = document.querySelector("[data-contacts]");
const escaped = (text) => text.replace(/[\\;,]/g, "\\$&").replace(/\r?\n/g, "\\n");

if (picker && navigator.contacts?.select) {
	picker.hidden = false;
	picker.addEventListener("click", async () => {
		let chosen;
		try {
			chosen = await navigator.contacts.select(["name", "tel"], { multiple: true });
		} catch {
			return; // closed, or not allowed
		}
		const cards = chosen.filter((c) => c.name?.[0]).map((c) => ["BEGIN:VCARD", "VERSION:3.0", "FN:" + escaped(c.name[0]),
			...(c.tel ?? []).map((t) => "TEL;TYPE=CELL:" + escaped(t)), "END:VCARD", ""].join("\r\n"));
		if (!cards.length) {
			picker.textContent = picker.dataset.contactsEmpty;
			return;
		}
		const files = new DataTransfer();
		files.items.add(new File(cards, "contacts.vcf", { type: "text/vcard" }));
		const form = document.querySelector("form[data-import]");
		form.querySelector("[type=file]").files = files.files;
		form.requestSubmit();
	});
}

// Parties to tick: how many are chosen, and no more than there is room for.
const picks = document.querySelector("[data-picks]");

function count() {
	const boxes = [...picks.querySelectorAll("[name=pick]")], n = boxes.filter((b) => b.checked).length;
	const room = Number(picks.dataset.room);
	picks.querySelector("[data-picked]").textContent = room < 0 ? `(${n})` : `(${n}/${room})`;
	for (const b of boxes) b.disabled = room >= 0 && n >= room && !b.checked;
}

if (picks) {
	picks.addEventListener("change", count);
	addEventListener("pageshow", count);
	count();
}

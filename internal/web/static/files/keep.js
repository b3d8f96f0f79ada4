// Reading without a connection, turned on and off on this device.
import { state, turnOn } from "./books.js";
import "./store.js";

const user = document.body.dataset.user;
const form = document.querySelector("[data-keep]");
const kept = document.querySelector("[data-kept]");
const said = document.querySelector("[data-said]");
const failed = document.querySelector("[data-failed]");
const moment = new Intl.DateTimeFormat(document.documentElement.lang + "-IN", { dateStyle: "medium", timeStyle: "short" });

async function show() {
	const now = await state(user);
	form.hidden = !!now;
	kept.hidden = !now;
	const when = kept.querySelector("[data-when]");
	if (now) when.textContent = when.dataset.when.replace("{time}", moment.format(now.at));
}

function tell(text) {
	said.textContent = text;
	said.focus();
}

async function begin() {
	if (!crypto.subtle || !navigator.locks) throw new Error("too old, or no TLS");
	await show();
	form.addEventListener("submit", async (e) => {
		e.preventDefault();
		const data = new FormData(form), pin = data.get("pin"), wrong = document.getElementById("pin-error");
		wrong.hidden = pin === "" || /^\d{6,12}$/.test(pin);
		form.elements.pin.setAttribute("aria-invalid", String(!wrong.hidden));
		if (!wrong.hidden) return form.elements.pin.focus();
		const button = form.querySelector("[type=submit]");
		button.setAttribute("aria-disabled", "true");
		failed.hidden = true;
		try {
			await turnOn(user, data.getAll("business"), pin);
			form.elements.pin.value = "";
			await show();
			tell(said.dataset.on);
		} catch {
			failed.hidden = false;
		}
		button.removeAttribute("aria-disabled");
	});
	kept.querySelector("form").addEventListener("submit", async (e) => {
		e.preventDefault();
		await store.eraseBooks();
		await show();
		tell(said.dataset.off);
	});
}

if (form) begin().catch(() => document.querySelector("[data-cannot]").hidden = false);

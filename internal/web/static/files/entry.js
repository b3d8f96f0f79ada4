// The amount adds up while it is typed, and has a keypad of its own on a phone.
import "./sum.js";

const { begun, plain, shown } = self.sums;
const input = document.getElementById("amount");
const out = document.querySelector("[data-sum]");
const pad = document.querySelector("[data-keypad]");
const touch = matchMedia("(hover: none), (pointer: coarse)").matches;

const digits = () => Number(out.dataset.digits); // of the party that is chosen, where one is chosen here

function follow() {
	const n = begun(input.value, digits());
	const sum = /[\d०-९].*[+\-−–]/.test(input.value) || input.value.length > 4;
	out.textContent = n !== null && sum ? "= " + shown(n, out.dataset.symbol, "indian" in out.dataset, digits()) : "";
}

function put(text) {
	const op = /[+-]$/;
	if (op.test(text)) {
		if (!input.value) return;
		input.value = input.value.replace(op, "");
	}
	if (text === "." && /\.\d*$/.test(input.value)) return;
	input.value += text;
	follow();
}

if (input && out) {
	input.addEventListener("input", follow);
	follow();
	document.querySelector("[data-settle]")?.addEventListener("click", (e) => {
		e.preventDefault();
		input.value = e.currentTarget.dataset.settle;
		follow();
		if (!touch) input.focus();
	});
	if (pad && touch) {
		input.inputMode = "none";
		pad.addEventListener("click", (e) => {
			const key = e.target.closest("button");
			if (!key) return;
			if (key.dataset.keyPut) put(key.dataset.keyPut);
			else if (key.dataset.keyDo === "erase") input.value = input.value.slice(0, -1);
			else {
				const n = begun(input.value, digits());
				if (n !== null) input.value = plain(n, digits());
			}
			follow();
		});
	}
}

// Chips for the two days that most entries are of.
const days = document.querySelector("[data-days]");
const date = document.getElementById("date");
function press() {
	for (const b of days.children) b.setAttribute("aria-pressed", String(b.dataset.day === date.value));
}
if (days && date) {
	days.hidden = false;
	days.addEventListener("click", (e) => {
		const day = e.target.closest("button")?.dataset.day;
		if (day) date.value = day;
		date.dispatchEvent(new Event("dayset"));
		press();
	});
	date.addEventListener("input", press);
	press();
}

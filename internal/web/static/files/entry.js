// The amount adds up while it is typed, and has a keypad of its own on a phone.
const input = document.getElementById("amount");
const out = document.querySelector("[data-sum]");
const pad = document.querySelector("[data-keypad]");
const touch = matchMedia("(hover: none), (pointer: coarse)").matches;

// total reads a sum such as 1,250+90-20 into hundredths, as the server does;
// null when it is none (yet).
function total(text) {
	const s = text.replace(/[०-९]/g, (d) => d.charCodeAt(0) - 0x966).replace(/[−–]/g, "-").replace(/[₹$€£,\s]/g, "");
	if (!/^\d*\.?\d*([+-]\d*\.?\d*)*$/.test(s) || !/\d/.test(s)) return null;
	let sum = 0n;
	for (const [, sign, whole, frac = ""] of s.matchAll(/([+-]?)(\d*)(?:\.(\d*))?/g)) {
		if (!whole && !frac) continue;
		if (frac.length > 2) return null;
		const n = BigInt(whole || "0") * 100n + BigInt((frac + "00").slice(0, 2));
		sum += sign === "-" ? -n : n;
	}
	return sum;
}

function plain(n) {
	const frac = n % 100n;
	return `${n / 100n}` + (frac ? "." + String(frac).padStart(2, "0") : "");
}

function shown(n) {
	const [whole, frac] = plain(n).split(".");
	const grouped = "indian" in out.dataset
		? whole.replace(/(\d)(?=(\d\d)*\d{3}$)/g, "$1,")
		: whole.replace(/\B(?=(\d{3})+$)/g, ",");
	return out.dataset.symbol + grouped + (frac ? "." + frac : "");
}

function follow() {
	const n = total(input.value);
	const sum = /\d.*[+\-−–]/.test(input.value) || input.value.length > 4;
	out.textContent = n !== null && n > 0n && sum ? "= " + shown(n) : "";
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
	if (pad && touch) {
		pad.hidden = false;
		input.inputMode = "none";
		pad.addEventListener("click", (e) => {
			const key = e.target.closest("button");
			if (!key) return;
			if (key.dataset.keyPut) put(key.dataset.keyPut);
			else if (key.dataset.keyDo === "erase") input.value = input.value.slice(0, -1);
			else {
				const n = total(input.value);
				if (n !== null && n > 0n) input.value = plain(n);
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
		press();
	});
	date.addEventListener("input", press);
	press();
}

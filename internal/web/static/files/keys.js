// Single-key shortcuts, which a user may switch off; the switch is kept on the device.
const kept = (() => {
	try {
		return localStorage;
	} catch {
		return undefined; // a browser that keeps nothing
	}
})();
const off = () => kept?.getItem("keys") === "off";
const help = document.getElementById("shortcuts");

const typing = (el) => el.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(el.tagName);

// Where g and r lead: the button of the page, or the party whose row has the focus.
function entry(key) {
	const button = document.querySelector(`a[data-key="${key}"]`);
	if (button) return button.href;
	const row = document.activeElement.closest?.("a[data-seen]");
	return row && { g: row.href + "/entries/new?side=given", r: row.href + "/entries/new?side=received" }[key];
}

// The inline row of a party on a desktop takes g and r.
function quick(key) {
	const form = document.querySelector(".quick");
	const amount = form?.querySelector("[name=amount]");
	if (!amount?.offsetParent) return false;
	form.querySelector(key === "g" ? "[value=given]" : "[value=received]").checked = true;
	amount.focus();
	return true;
}

addEventListener("keydown", (e) => {
	if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented || off() || typing(e.target) || help?.open) return;
	if (e.key === "/") {
		const q = document.getElementById("q");
		if (!q) return;
		e.preventDefault();
		q.focus();
		q.select();
	} else if (e.key === "?" && help) {
		e.preventDefault();
		help.showModal();
	} else if (/^[gr]$/.test(e.key) && quick(e.key)) {
		e.preventDefault();
	} else if (/^[a-z]$/.test(e.key)) {
		const address = entry(e.key);
		if (!address) return;
		e.preventDefault();
		location.assign(address);
	}
});

function follow() {
	document.documentElement.classList.toggle("no-keys", off());
}
follow();

if (help) {
	const box = help.querySelector("input");
	box.checked = !off();
	box.addEventListener("input", () => {
		if (box.checked) kept?.removeItem("keys");
		else kept?.setItem("keys", "off");
		follow();
	});
	for (const b of document.querySelectorAll("[data-keys]")) {
		b.hidden = false;
		b.addEventListener("click", () => help.showModal());
	}
	help.addEventListener("click", (e) => e.target === help && help.close()); // beside it
}

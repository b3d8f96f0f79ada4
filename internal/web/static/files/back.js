// Ways back. The arrow of a party leads to the list as it was: its filter, its order and its place. And where a form
// was saved, the browser's own way back passes it by: an empty form would look as if nothing had been saved.
const kept = {
	get(name) {
		try {
			return sessionStorage.getItem(name);
		} catch {
			return null; // a browser that keeps nothing
		}
	},
	set(name, value) {
		try {
			if (value === null) sessionStorage.removeItem(name);
			else sessionStorage.setItem(name, value);
		} catch {
			// as above
		}
	},
};

addEventListener("click", (e) => {
	const arrow = e.target.closest("a.back");
	if (!arrow || e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey) return;
	const name = "list:" + arrow.pathname;
	let at;
	try {
		at = JSON.parse(kept.get(name));
	} catch {
		return;
	}
	if (!at?.address?.startsWith(arrow.pathname) || arrow.search) return;
	e.preventDefault();
	kept.set(name, JSON.stringify({ ...at, back: true }));
	location.assign(at.address);
});

const here = location.pathname + location.search;
addEventListener("submit", (e) => {
	if (!e.defaultPrevented && "leave" in e.target.dataset) kept.set("leaving", here);
});

function arrive(again) {
	if (again && kept.get("left:" + here) && document.querySelector("form[data-leave]")) return history.back();
	const from = kept.get("leaving");
	kept.set("leaving", null);
	kept.set("left:" + here, null);
	if (from && document.querySelector(".flash-done:not([data-sent])")) kept.set("left:" + from, "1");
}
addEventListener("pageshow", (e) => {
	arrive(e.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward");
});

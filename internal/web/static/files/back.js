// Ways back. The arrow of a party leads to the list as it was: its filter, its order and its place. And where a form
// was saved, the browser's own way back passes it by: an empty form would look as if nothing had been saved.
import { places } from "./places.js";

addEventListener("click", (e) => {
	const arrow = e.target.closest("a.back");
	if (!arrow || e.defaultPrevented || e.ctrlKey || e.metaKey || e.shiftKey) return;
	const name = "list:" + arrow.pathname;
	const at = places.get(name);
	if (!at?.address?.startsWith(arrow.pathname) || arrow.search) return;
	e.preventDefault();
	places.set(name, { ...at, back: true });
	location.assign(at.address);
});

const here = location.pathname + location.search;
addEventListener("submit", (e) => {
	if (!e.defaultPrevented && "leave" in e.target.dataset) places.set("leaving", here);
});

function arrive(again) {
	if (again && places.get("left:" + here) && document.querySelector("form[data-leave]")) return history.back();
	const from = places.get("leaving");
	places.set("leaving", null);
	places.set("left:" + here, null);
	if (from && document.querySelector(".flash-done:not([data-sent])")) places.set("left:" + from, true);
}
addEventListener("pageshow", (e) => {
	arrive(e.persisted || performance.getEntriesByType("navigation")[0]?.type === "back_forward");
});

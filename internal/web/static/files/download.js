// A file that takes long shows how far it is, and can be stopped. The link is a plain download with or without this: the browser
// writes the file, nothing of it is held here.
addEventListener("click", (e) => {
	const link = e.target.closest?.('a[href*="/export."]');
	if (!link || e.defaultPrevented || e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey) return;
	const to = new URL(link.href);
	const shop = /^(?:\/b|\/api\/businesses)\/([0-9a-f-]{36})\//.exec(to.pathname)?.[1];
	if (!shop) return;
	const id = newID();
	to.searchParams.set("task", id);
	link.href = to;
	import("./task.js").then((m) => m.watch(`/api/businesses/${shop}/tasks/${id}`));
});

// newID is a UUID; crypto.randomUUID is not there without TLS.
function newID() {
	const b = crypto.getRandomValues(new Uint8Array(16));
	b[6] = (b[6] & 15) | 64;
	b[8] = (b[8] & 63) | 128;
	return [...b].map((v) => v.toString(16).padStart(2, "0")).join("").replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

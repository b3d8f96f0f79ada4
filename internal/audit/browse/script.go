package browse

// What runs in the page. Each is one expression.
const (
	submitJS = `((fields) => {
	let form = null;
	for (const [name, value] of Object.entries(fields)) {
		const field = document.querySelector('[name="' + CSS.escape(name) + '"], #' + CSS.escape(name));
		if (!field) return name;
		const set = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value")?.set;
		field.focus();
		set ? set.call(field, value) : field.value = value;
		field.dispatchEvent(new Event("input", {bubbles: true}));
		field.dispatchEvent(new Event("change", {bubbles: true}));
		form = form ?? field.form;
	}
	const button = (form ?? document).querySelector('[type=submit], button:not([type=button])');
	if (button) button.click();
	else if (form) form.requestSubmit();
	return "";
})(%s)`

	heldJS = `(() => {
	const all = (from) => Object.fromEntries(Object.keys(from()).slice(0, 200).map(
		(k) => [k, String(from().getItem(k)).slice(0, 8000)]));
	const held = (from) => { try { return all(from) } catch { return {} } };
	let cookies = "";
	try { cookies = document.cookie } catch {}
	return {
		At: location.href, Ready: document.readyState === "complete", Cookies: cookies,
		Local: held(() => localStorage), Session: held(() => sessionStorage),
	};
})()`

	keptJS = `(async (personal) => {
	const out = {Worker: false, Kept: []};
	try {
		out.Worker = (await navigator.serviceWorker?.getRegistrations() ?? []).length > 0;
		for (const name of (await caches.keys()).slice(0, 50)) {
			const cache = await caches.open(name);
			for (const request of (await cache.keys()).slice(0, 300)) {
				const answer = await cache.match(request);
				const text = (await answer.text()).slice(0, 1000000);
				const mine = personal.find((p) => text.includes(p));
				if (mine) out.Kept.push({Cache: name, URL: request.url, Text: mine});
			}
		}
	} catch {}
	return out;
})(%s)`
)

// The list of parties follows what is typed. The server makes the list, as
// it does without this module.
const form = document.querySelector("[data-live-search]");
const list = document.getElementById("list");
let timer, latest;

async function look() {
	const query = new URLSearchParams(new FormData(form));
	for (const [name, value] of [...query]) if (!value) query.delete(name);
	const address = form.action + (query.size ? "?" + query : "");
	latest?.abort();
	latest = new AbortController();
	try {
		const answer = await fetch(address, { signal: latest.signal, headers: { Accept: "text/html" } });
		if (!answer.ok || answer.redirected) return void location.assign(address);
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		const fresh = page.getElementById("list");
		if (!fresh) return void location.assign(address);
		list.replaceChildren(...fresh.childNodes);
		const links = page.querySelectorAll(".filters a");
		document.querySelectorAll(".filters a").forEach((a, i) => links[i] && a.setAttribute("href", links[i].getAttribute("href")));
		history.replaceState(null, "", address);
	} catch (err) {
		if (err.name !== "AbortError") location.assign(address);
	}
}

if (form && list) {
	form.addEventListener("input", (e) => {
		if (e.isComposing) return;
		clearTimeout(timer);
		timer = setTimeout(look, e.target.type === "search" ? 160 : 0);
	});
	form.addEventListener("submit", (e) => {
		e.preventDefault();
		clearTimeout(timer);
		look();
	});
}

// Turns the page as soon as the plan is in force. It only asks; what is true
// stands in the database, by the provider's signed word.
const wait = document.querySelector("[data-wait-for]");
const started = Date.now();

async function ask() {
	let tier = "";
	try {
		const answer = await fetch("/api/billing/me", { headers: { Accept: "application/json" } });
		if (answer.status === 401) return;
		if (answer.ok) tier = (await answer.json()).tier;
	} catch {
		// The network may come back; ask again.
	}
	if (tier && tier === wait.dataset.tier) return turn();
	const waited = Date.now() - started;
	if (waited > 30_000) document.querySelector("[data-when=late]")?.removeAttribute("hidden");
	if (waited < 600_000) setTimeout(ask, waited > 60_000 ? 5_000 : 2_000);
}

function turn() {
	if ("refresh" in wait.dataset) return refresh();
	for (const part of wait.querySelectorAll("[data-when]")) part.hidden = part.dataset.when !== "done";
	document.title = wait.querySelector("[data-when=done] h1").textContent + " · Tijori";
}

// refresh puts the new state of this page in the place of the old.
async function refresh() {
	const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
	if (!answer.ok || answer.redirected) return location.reload();
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	document.getElementById("main").replaceChildren(...page.getElementById("main").childNodes);
}

if (wait) ask();

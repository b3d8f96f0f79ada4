// A reminder opens in another window; the list says which ones have been opened. The log on the server is the truth,
// and the next look at the page shows it.
addEventListener("submit", (e) => {
	if (!("collect" in e.target.dataset)) return;
	const row = e.target.closest("li"), log = row.querySelector("[data-log]");
	row.classList.add("done");
	log.textContent = log.dataset.log;
});

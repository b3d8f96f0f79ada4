// The developer page: copies what is shown.
for (const button of document.querySelectorAll("[data-copies]")) {
	button.addEventListener("click", async () => {
		const text = document.getElementById(button.dataset.copies)?.textContent ?? "";
		try {
			await navigator.clipboard.writeText(text);
		} catch {
			return; // the text stays there to be marked
		}
		const label = button.querySelector("span");
		const before = label.textContent;
		label.textContent = button.dataset.done;
		setTimeout(() => { label.textContent = before; }, 2000);
	});
}

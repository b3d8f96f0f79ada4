// Copying with one tap. Without this module the text stands there to be selected.
async function copy(from) {
	try {
		await navigator.clipboard.writeText(from.value);
		return true;
	} catch {
		from.select();
		return false;
	}
}

// The message is copied first; then the form goes on its way and writes the reminder down.
document.querySelector("[data-copy]")?.addEventListener("click", async (e) => {
	if (e.currentTarget.dataset.done) return;
	e.preventDefault();
	const button = e.currentTarget;
	if (!await copy(document.getElementById("text"))) return;
	button.dataset.done = "1";
	button.click();
	delete button.dataset.done;
});

const link = document.getElementById("fresh");
document.querySelector("[data-copy-text]")?.addEventListener("click", async (e) => {
	const button = e.currentTarget;
	if (await copy(link)) button.classList.add("copied");
});
link?.addEventListener("focus", () => link.select());

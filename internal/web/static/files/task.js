// Long work in sight: how far it is, and a button that stops it on the server. Its words come from there too.
let box;

export async function watch(address, over) {
	let shown = false;
	for (let silent = 0; silent < 4;) {
		await new Promise((go) => setTimeout(go, 900));
		if (over?.()) return;
		let task;
		try {
			const answer = await fetch(address, { headers: { Accept: "application/json" } });
			if (answer.status === 404 && !shown) { // not begun, or shorter than a second
				silent++;
				continue;
			}
			if (!answer.ok) return hide(address);
			task = await answer.json();
		} catch {
			silent++;
			continue;
		}
		silent = 0;
		shown = true;
		show(address, task);
		if (task.state !== "running") {
			setTimeout(hide, 8000, address);
			return;
		}
	}
	if (shown) hide(address);
}

function hide(address) {
	if (box?.dataset.of === address) box.hidden = true;
}

function make() {
	box = document.createElement("div");
	box.className = "task";
	const text = document.createElement("p"), bar = document.createElement("progress"), stop = document.createElement("button"), said = document.createElement("p");
	text.id = "task-text";
	bar.setAttribute("aria-labelledby", text.id);
	stop.type = "button";
	stop.className = "button small plain";
	stop.addEventListener("click", () => {
		stop.disabled = true;
		fetch(box.dataset.of + "/stop", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" }).catch(() => { stop.disabled = false; });
	});
	said.className = "sr";
	said.setAttribute("role", "status");
	box.append(text, bar, stop, said);
	document.getElementById("main").append(box);
}

function show(address, task) {
	if (!box) make();
	const [text, bar, stop, said] = box.children, running = task.state === "running";
	if (box.dataset.of !== address || box.dataset.state !== task.state) { // said once, not every second
		said.textContent = task.text;
		stop.disabled = false;
	}
	box.dataset.of = address;
	box.dataset.state = task.state;
	box.hidden = false;
	text.textContent = task.text;
	bar.hidden = stop.hidden = !running;
	stop.textContent = task.stop;
	if (task.total > 0) {
		bar.max = task.total;
		bar.value = Math.min(task.done, task.total);
	} else bar.removeAttribute("value");
}

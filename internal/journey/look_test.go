package journey

// look returns what is wrong with the page that is open, for eyes, fingers and screen readers:
// language, landmarks, names of what can be pressed, labels, pictures without words, contrast of text
// against what is behind it, size of targets (24 px, 44 for main actions), what is wider than the screen,
// and headings.
const look = `(() => {
	const wrong = [];
	const name = (e) => e.tagName.toLowerCase() + (e.name ? "[" + e.name + "]" : "") +
		" “" + (e.textContent || "").trim().replace(/\s+/g, " ").slice(0, 40) + "”";
	const shown = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
		!e.closest(".sr, .skip");
	if (!["en", "hi"].includes(document.documentElement.lang)) wrong.push("no language");
	if (!document.title.trim()) wrong.push("no title");
	if (document.querySelectorAll("main").length !== 1) wrong.push("not one main landmark");
	if ([...document.querySelectorAll("h1")].filter(shown).length !== 1) wrong.push("not one h1 that is shown");
	const width = document.documentElement.scrollWidth;
	if (width > innerWidth) wrong.push("wider than the screen: " + width);
	const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
	for (const id of ids.filter((x, i) => ids.indexOf(x) !== i)) wrong.push("an id twice: " + id);
	for (const e of document.querySelectorAll("img, svg, [role=img]")) {
		if (e.getAttribute("aria-hidden") === "true" || e.closest("[aria-hidden=true]")) continue;
		if (!e.hasAttribute("alt") && !e.getAttribute("aria-label")) wrong.push("a picture without words: " + name(e));
	}
	for (const a of ["aria-labelledby", "aria-describedby"]) {
		for (const e of document.querySelectorAll("[" + a + "]")) {
			for (const id of e.getAttribute(a).split(/\s+/)) {
				if (id && !document.getElementById(id)) wrong.push(a + " names nothing: " + id);
			}
		}
	}
	const lum = (c) => {
		const [r, g, b] = c.map((v) => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
		return .2126 * r + .7152 * g + .0722 * b;
	};
	const rgb = (s) => (s.match(/[\d.]+/g) || []).map(Number);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = rgb(getComputedStyle(e).backgroundColor);
			if (c.length === 3 || c[3] === 1) return c.slice(0, 3);
		}
		return [255, 255, 255];
	};
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement;
		if (!walk.currentNode.textContent.trim() || !shown(e) || e.closest("[aria-hidden=true], option")) continue;
		const s = getComputedStyle(e), size = parseFloat(s.fontSize);
		const [a, b] = [lum(rgb(s.color).slice(0, 3)), lum(behind(e))].sort((x, y) => y - x);
		const ratio = (a + .05) / (b + .05), large = size >= 24 || size >= 18.66 && s.fontWeight >= 700;
		if (ratio < (large ? 3 : 4.5)) wrong.push("contrast " + ratio.toFixed(2) + ": " + name(e));
	}
	for (const e of document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")) {
		if (e.getAttribute("aria-hidden") !== "true") {
			const labels = [...e.labels ?? []].map((l) => l.textContent.trim()).join("");
			const label = e.getAttribute("aria-label") || labels || e.textContent.trim();
			if (!label) wrong.push("no name: " + name(e));
		}
		if (!shown(e)) continue;
		const inline = getComputedStyle(e).display === "inline";
		const box = (e.closest("label") ?? e).getBoundingClientRect();
		const [across, high] = [box.width.toFixed(0), box.height.toFixed(0)];
		if (!inline && (box.height < 23.5 || box.width < 23.5)) {
			wrong.push("a target of " + across + " × " + high + ": " + name(e));
		}
		if (e.matches(".button.wide, .button.big, form.card button[type=submit]") && box.height < 43.5) {
			wrong.push("a main action of " + high + " px: " + name(e));
		}
	}
	return wrong;
})()`

// A button beside each password that shows what was typed, for as long as one wants. Before the form goes it hides it
// again, so that browsers keep it as a password.
const words = document.documentElement.lang === "hi" ? ["दिखाएँ", "छिपाएँ", "पासवर्ड दिखाएँ"] : ["Show", "Hide", "Show the password"];
for (const input of document.querySelectorAll("input[type=password]")) {
	const box = document.createElement("span");
	box.className = "secret";
	input.before(box);
	const button = document.createElement("button");
	button.type = "button";
	button.className = "secret-show";
	button.setAttribute("aria-label", words[2]);
	button.setAttribute("aria-controls", input.id);
	const turn = (shown) => {
		input.type = shown ? "text" : "password";
		button.textContent = words[shown ? 1 : 0];
		button.setAttribute("aria-pressed", shown);
	};
	turn(false);
	input.spellcheck = false;
	input.autocapitalize = "none";
	button.addEventListener("click", () => {
		turn(input.type === "password");
		input.focus();
	});
	input.form?.addEventListener("submit", () => turn(false));
	box.append(input, button);
}
if (document.activeElement === document.body) document.querySelector("[aria-invalid=true], [autofocus]")?.focus();

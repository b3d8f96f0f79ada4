// A button for what every browser's menu does. Without this module there is no button.
const button = document.querySelector("[data-print]");

if (button) {
	button.hidden = false;
	button.addEventListener("click", () => window.print());
}

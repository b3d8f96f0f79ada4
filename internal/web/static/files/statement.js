// A button for what every browser's menu does. Without scripts there is no button: the stylesheet says so, that the page
// does not move when this module arrives.
const button = document.querySelector("[data-print]");

button?.classList.add("scripted");
button?.addEventListener("click", () => window.print());

import { webhook } from "@tijori/client";

// TIJORI_WEBHOOK_SECRET. Nothing here decides what a customer may: check and gate ask.
export const POST = webhook((event) => {
	console.log("tijori", event.number, event.type);
});

import type { Event } from "./api.js";
import { environment } from "./environment.js";

/** A request that did not come from Tijori, or is too old. Answer it with 400 and do nothing. */
export class InvalidSignature extends Error {
	override readonly name = "InvalidSignature";
}

const tolerance = 5 * 60;
const mostSignatures = 10;
const largest = 1 << 20;

/**
 * verifyWebhook reads the raw body of a request itself and returns the event in it, or throws InvalidSignature.
 * Give it a request whose body nobody has read. Secrets are those of your endpoint, `whsec_…`: while one is
 * replaced there are two. Without secrets it takes those of TIJORI_WEBHOOK_SECRET, separated by spaces.
 */
export async function verifyWebhook(
	request: Request,
	secrets: string | readonly string[] = environment("TIJORI_WEBHOOK_SECRET")?.split(/[\s,]+/) ?? [],
	now: Date = new Date(),
): Promise<Event> {
	const keys = (typeof secrets === "string" ? [secrets] : secrets).filter((one) => one !== "").map(keyOf);
	if (keys.length === 0) throw new TypeError("No webhook secret: set TIJORI_WEBHOOK_SECRET.");
	const id = request.headers.get("webhook-id");
	const at = request.headers.get("webhook-timestamp");
	const sent = request.headers.get("webhook-signature");
	if (!id || !at || !sent) throw new InvalidSignature("The request is not signed.");
	if (!/^\d{1,12}$/.test(at) || Math.abs(now.getTime() / 1000 - Number(at)) > tolerance) {
		throw new InvalidSignature("The request is too old, or a clock is wrong.");
	}
	if (Number(request.headers.get("content-length") ?? 0) > largest) {
		throw new InvalidSignature("The body is too large.");
	}
	const body = new Uint8Array(await request.arrayBuffer());
	if (body.byteLength > largest) throw new InvalidSignature("The body is too large.");
	const head = new TextEncoder().encode(`${id}.${at}.`);
	const content = new Uint8Array(head.length + body.length);
	content.set(head);
	content.set(body, head.length);
	const signatures = sent.split(" ", mostSignatures).filter((one) => one.startsWith("v1,"));
	for (const key of await Promise.all(keys)) {
		for (const signature of signatures) {
			const mac = bytesOf(signature.slice("v1,".length));
			// Compares in constant time.
			if (mac && (await crypto.subtle.verify("HMAC", key, mac, content))) {
				return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as Event;
			}
		}
	}
	throw new InvalidSignature("No secret of this endpoint has made the signature.");
}

async function keyOf(secret: string): Promise<CryptoKey> {
	const bytes = bytesOf(secret.replace(/^whsec_/, ""));
	if (!bytes || bytes.length < 16) throw new TypeError("A webhook secret looks like whsec_….");
	return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["verify"]);
}

/** bytesOf decodes base64, with or without padding and in either alphabet. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> | undefined {
	try {
		return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
	} catch {
		return undefined;
	}
}

/**
 * webhook is a route that takes events: `export const POST = webhook(async (event) => { … })`. When fn fails the
 * answer is 500, and Tijori sends the event again, with the same id: do nothing twice that must be done once.
 */
export function webhook(
	fn: (event: Event, request: Request) => Promise<unknown> | unknown,
	options: { secrets?: string | readonly string[] } = {},
): (request: Request) => Promise<Response> {
	return async (request) => {
		let event: Event;
		try {
			event = await verifyWebhook(request, options.secrets);
		} catch (error) {
			if (error instanceof InvalidSignature) return new Response(error.message, { status: 400 });
			throw error;
		}
		await fn(event, request);
		return new Response(null, { status: 204 });
	};
}

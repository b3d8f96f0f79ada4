import type * as api from "./api.js";
import { environment } from "./environment.js";
import { NotFound, TijoriError, Unavailable } from "./errors.js";
import type { Tijori } from "./tijori.js";

/** Who asks, as your own session says. */
export interface Customer {
	/** Your id of whoever pays: an organisation, or a user. It never changes. */
	id: string;
	name?: string;
	email?: string;
	/** read for those who see the plan and may not buy; pay when it is left out. */
	may?: "read" | "pay";
}

export interface HandlerOptions {
	tijori: Tijori;
	/**
	 * Says who asks, from the session of the request and from nothing else: not from the body, the address or a
	 * header that a browser can set. null is nobody.
	 */
	identify(request: Request): Promise<Customer | string | null | undefined> | Customer | string | null | undefined;
	/** Where the route is; "/api/tijori" when it is left out. */
	basePath?: string;
	/** The origin of your pages, such as https://app.example.com; APP_URL, or else the request's own. */
	origin?: string;
}

type Body = Record<string, string>;
interface Asked {
	tijori: Tijori;
	customer: Customer;
	body: Body;
	/** The address on your site to which the customer comes back. */
	back: string;
	key: string;
}

const noBody: readonly string[] = [];
const buying = ["provider", "return_to", "key"];

/** What the route does, and which fields of a body it reads. Any other field is refused. */
const actions: Record<string, { fields: readonly string[]; run(asked: Asked): Promise<unknown> }> = {
	refresh: { fields: noBody, run: async ({ tijori, customer }) => shown(await tijori.refresh(customer.id)) },
	checkout: {
		fields: ["plan", "interval", ...buying],
		run: ({ tijori, customer, body, back, key }) =>
			tijori.checkout(customer.id, {
				plan: body["plan"] ?? "", interval: (body["interval"] ?? "month") as "month", ...provider(body),
				return_url: back, key,
			}),
	},
	"top-up": {
		fields: ["top_up", ...buying],
		run: ({ tijori, customer, body, back, key }) =>
			tijori.topUp(customer.id, { top_up: body["top_up"] ?? "", ...provider(body), return_url: back, key }),
	},
	portal: {
		fields: ["return_to"],
		run: ({ tijori, customer, back }) => tijori.portal(customer.id, { return_url: back }),
	},
	"change/preview": {
		fields: ["plan", "interval"],
		run: ({ tijori, customer, body }) =>
			tijori.previewChange(customer.id, {
				plan: body["plan"] ?? "", interval: (body["interval"] ?? "month") as "month",
			}),
	},
	change: {
		fields: ["quote", "return_to", "key"],
		run: ({ tijori, customer, body, back, key }) =>
			tijori.change(customer.id, { quote: body["quote"] ?? "", return_url: back, key }),
	},
	cancel: { fields: noBody, run: async ({ tijori, customer }) => shown(await tijori.cancel(customer.id)) },
	resume: { fields: noBody, run: async ({ tijori, customer }) => shown(await tijori.resume(customer.id)) },
};

function provider(body: Body): { provider?: "stripe" | "razorpay" } {
	return body["provider"] ? { provider: body["provider"] as "stripe" } : {};
}

/** shown is a state without what only servers need. */
function shown(state: api.State & { snapshot?: unknown }): api.State {
	const { snapshot: _, ...rest } = state;
	return rest;
}

class Refusal extends Error {
	constructor(readonly status: number, readonly error: string, message: string, readonly field?: string) {
		super(message);
	}
}

/**
 * handler is the one route of your server that the components of @tijori/react ask:
 * `export const { GET, POST } = handler({ tijori, identify })` in app/api/tijori/[...all]/route.ts.
 */
export function handler(options: HandlerOptions): {
	GET(request: Request): Promise<Response>;
	POST(request: Request): Promise<Response>;
} {
	const base = (options.basePath ?? "/api/tijori").replace(/\/$/, "") + "/";
	const { tijori } = options;

	const action = (request: Request): string => {
		const { pathname } = new URL(request.url);
		return pathname.startsWith(base) ? pathname.slice(base.length) : "";
	};
	const origin = (request: Request) => options.origin ?? environment("APP_URL") ?? requestOrigin(request);

	const identify = async (request: Request): Promise<Customer> => {
		const found = await options.identify(request);
		const customer = typeof found === "string" ? { id: found } : found;
		if (!customer?.id) throw new Refusal(401, "unauthorized", "Sign in first.");
		return customer;
	};

	const get = async (request: Request): Promise<unknown> => {
		switch (action(request)) {
			case "plans":
				return tijori.plans();
			case "state": {
				const customer = await identify(request);
				return shown(await stateOf(tijori, customer));
			}
			case "invoices": {
				const customer = await identify(request);
				return { invoices: await tijori.invoices(customer.id) };
			}
			default:
				throw new Refusal(404, "not_found", "There is no such route.");
		}
	};

	const post = async (request: Request): Promise<unknown> => {
		const name = action(request);
		const one = Object.hasOwn(actions, name) ? actions[name] : undefined;
		if (!one) throw new Refusal(404, "not_found", "There is no such route.");
		const site = origin(request);
		checkOrigin(request, site);
		const customer = await identify(request);
		if (customer.may === "read" && name !== "refresh") {
			throw new Refusal(403, "forbidden", "You may look at the plan, and somebody else buys.");
		}
		const body = await readBody(request, one.fields);
		const key = keyOf(body);
		const back = backTo(site, body["return_to"] ?? "/");
		const ask = () => one.run({ tijori, customer, body, back, key });
		try {
			return await ask();
		} catch (error) {
			if (!(error instanceof NotFound)) throw error;
			await tijori.put(customer.id, profileOf(customer));
			return ask();
		}
	};

	return { GET: (request) => answer(() => get(request)), POST: (request) => answer(() => post(request)) };
}

/** stateOf is the state of a customer, who is made when there is none: sign-up needs no step of its own. */
async function stateOf(tijori: Tijori, customer: Customer): Promise<api.State> {
	try {
		return await tijori.get(customer.id);
	} catch (error) {
		if (!(error instanceof NotFound)) throw error;
		return tijori.put(customer.id, profileOf(customer));
	}
}

function profileOf(customer: Customer): api.Profile {
	const { name, email } = customer;
	return { ...(name && { name }), ...(email && { email }) };
}

/** requestOrigin is the origin that the browser has asked, as the proxy in front says. */
function requestOrigin(request: Request): string {
	const url = new URL(request.url);
	const host = request.headers.get("host");
	const scheme = request.headers.get("x-forwarded-proto")?.split(",")[0]?.trim() ?? url.protocol.replace(":", "");
	return host ? `${scheme}://${host}` : url.origin;
}

/** checkOrigin refuses what a page of another site has sent with the customer's session. */
function checkOrigin(request: Request, site: string): void {
	const fetched = request.headers.get("sec-fetch-site");
	const from = request.headers.get("origin");
	const own = fetched === "same-origin" || (fetched === null && from !== null && sameHost(from, site));
	if (!own || (from !== null && !sameHost(from, site))) {
		throw new Refusal(403, "forbidden", "The request comes from another site.");
	}
}

function sameHost(a: string, b: string): boolean {
	return URL.canParse(a) && URL.canParse(b) && new URL(a).host === new URL(b).host;
}

const largest = 10_000;

/** readBody reads the fields that an action has. Any other, such as a customer or an amount, is refused. */
async function readBody(request: Request, fields: readonly string[]): Promise<Body> {
	const type = request.headers.get("content-type")?.split(";")[0]?.trim();
	if (type !== "application/json") throw new Refusal(415, "invalid", "The body must be JSON.");
	const text = await request.text();
	if (text.length > largest) throw new Refusal(413, "too_large", "The body is too large.");
	let body: unknown;
	try {
		body = JSON.parse(text || "{}");
	} catch {
		throw new Refusal(422, "invalid", "The body must be JSON.");
	}
	if (typeof body !== "object" || body === null || Array.isArray(body)) {
		throw new Refusal(422, "invalid", "The body must be a JSON object.");
	}
	for (const [name, value] of Object.entries(body)) {
		if (!fields.includes(name)) throw new Refusal(422, "invalid", "There is no such field.", name);
		if (typeof value !== "string") throw new Refusal(422, "invalid", "This has the wrong type.", name);
	}
	return { ...(body as Body) };
}

/** keyOf is the key of one press of a button, which costs nothing by itself. It is no key of credits. */
function keyOf(body: Body): string {
	const key = body["key"];
	if (key === undefined) return `page ${crypto.randomUUID()}`;
	if (!/^[0-9a-f-]{36}$/.test(key)) throw new Refusal(422, "invalid", "A key is a random UUID.", "key");
	return `page ${key}`;
}

/** backTo is an address on your own site. */
function backTo(site: string, path: string): string {
	const url = path.startsWith("/") && URL.canParse(path, site) ? new URL(path, site) : undefined;
	if (url?.origin !== new URL(site).origin) {
		throw new Refusal(422, "invalid", "Come back to a path of this site.", "return_to");
	}
	return url.href;
}

const headers = { "cache-control": "private, no-store", vary: "Cookie" };

async function answer(run: () => Promise<unknown>): Promise<Response> {
	try {
		return Response.json(await run(), { headers });
	} catch (error) {
		if (error instanceof Refusal) {
			const { status, error: code, message: detail, field } = error;
			return Response.json({ error: code, code, detail, field }, { status, headers });
		}
		if (!(error instanceof TijoriError)) throw error;
		// What is wrong with the server's own key is not the browser's to know.
		const ours = error instanceof Unavailable || error.status === 401 || error.code === "scope_missing";
		if (ours) console.error("tijori:", error.message, error.code, error.requestId ?? "");
		const status = ours ? 503 : error.status;
		const { field, message } = error;
		const said = ours
			? { error: "unavailable", code: "unavailable", detail: "Please try again in a moment." }
			: { error: error.error, code: error.code, detail: message, field };
		return Response.json(said, { status, headers });
	}
}

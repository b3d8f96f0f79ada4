import type * as api from "./api.js";
import { environment } from "./environment.js";
import { Conflict, NotFound, Unavailable } from "./errors.js";
import { type GateSpend, type Run, runOnce } from "./gate.js";
import { answer, type Jwk, Memory, Snapshots, type SnapshotStore } from "./snapshot.js";
import { Transport } from "./transport.js";
import { Webhooks } from "./endpoints.js";

export interface Options {
	/** Of the server; TIJORI_URL when it is left out. */
	url?: string;
	/** A server key, tj_live_sk_… or tj_test_sk_…; TIJORI_KEY when it is left out. */
	key?: string;
	/** Milliseconds of one try, 2000 when it is left out. What asks a payment provider has ten times as long. */
	timeout?: number;
	fetch?: typeof fetch;
	/**
	 * Answer features from signed snapshots while Tijori is away. true keeps them in the memory of this process; a
	 * store keeps them where you say. Credits are never answered so, and a customer without a snapshot is refused.
	 */
	snapshots?: boolean | SnapshotStore;
	/** Your app's id, which snapshots must be of. */
	app?: string;
	/**
	 * Features that are open to everybody while Tijori is away and there is no snapshot. There is no way to open
	 * all.
	 */
	openWhenAway?: readonly string[];
	/** A customer whom check or gate finds missing is made then. false leaves that to you. */
	create?: boolean;
}

/** What is bought once carries a key of yours: the same key and request are answered as the first time. */
export type Keyed<T extends { idempotency_key: string }> = Omit<T, "idempotency_key"> & { key: string };

/** The answer of check, and where it comes from. */
export interface Answer extends Omit<api.Check, "reason" | "plan"> {
	reason: api.Check["reason"] | "away";
	plan: string | null;
	/**
	 * live is Tijori's own answer. With none, Tijori is away and nothing is known: allowed is false unless it is
	 * opened.
	 */
	source: "live" | "snapshot" | "none";
	/** Of a snapshot: older than a minute. */
	stale?: boolean;
}

const repeats = 4;
const providerTime = 10;

/** What a customer of yours has paid for and may do, asked by your server. Never make one in a browser. */
export class Tijori {
	readonly webhooks: Webhooks;
	private readonly transport: Transport;
	private readonly snapshots: Snapshots | undefined;
	private readonly opened: readonly string[];
	private readonly create: boolean;
	private readonly slow: number;

	constructor(options: Options = {}) {
		if ("window" in globalThis) {
			throw new TypeError("A server key is in a browser, where everybody can read it. Revoke it now.");
		}
		const timeout = options.timeout ?? 2000;
		const fetcher = options.fetch ?? ((input, init) => fetch(input, init));
		this.transport = new Transport(() => settingsOf(options), fetcher, timeout);
		this.slow = timeout * providerTime;
		this.webhooks = new Webhooks(this.transport);
		this.opened = options.openWhenAway ?? [];
		this.create = options.create ?? true;
		if (options.snapshots) {
			const store = options.snapshots === true ? new Memory() : options.snapshots;
			const keys = () => this.transport.ask<{ keys: Jwk[] }>("GET", "/api/v1/jwks.json", { repeats: 1 });
			const mode = () => (settingsOf(options).key.startsWith("tj_live_") ? "live" : "test");
			this.snapshots = new Snapshots(store, keys, () => ({ mode: mode(), app: options.app }));
		}
	}

	/** put makes a customer, or changes what is said of one, in one step. */
	async put(customer: string, profile: api.Profile = {}): Promise<api.State> {
		return this.kept(customer, await this.transport.ask("PUT", path(customer), { body: profile, repeats }));
	}

	/** get says what a customer has now. */
	async get(customer: string): Promise<api.State> {
		return this.kept(customer, await this.transport.ask("GET", path(customer), { repeats }));
	}

	/** check says whether a customer may do something now. It writes nothing: credits are taken by gate or consume. */
	async check(customer: string, request: api.CheckRequest): Promise<Answer> {
		const ask = () =>
			this.transport.ask<api.Check>("POST", path(customer, "/check"), {
				body: request,
				repeats: this.snapshots ? 1 : repeats,
			});
		try {
			const live = await this.found(customer, ask);
			if (this.snapshots?.due(customer)) void this.get(customer).catch(() => undefined);
			return { ...live, source: "live" };
		} catch (error) {
			if (!(error instanceof Unavailable) || !(this.snapshots || this.opened.length)) throw error;
			return this.away(customer, request);
		}
	}

	private async away(customer: string, request: api.CheckRequest): Promise<Answer> {
		const claims = await this.snapshots?.claims(customer);
		if (claims) {
			const { allowed, kind, limit, stale } = answer(claims, request.feature, request.need ?? 1);
			const reason = allowed ? "included" : kind === "limit" ? "over_limit" : "not_in_plan";
			const { plan, revision } = claims;
			const room = limit === undefined ? {} : { limit };
			return { allowed, reason, kind, plan, revision, source: "snapshot", stale, ...room };
		}
		const allowed = this.opened.includes(request.feature);
		return { allowed, reason: "away", kind: "feature", plan: null, revision: 0, source: "none" };
	}

	/** consume takes credits at once, for what is done already. For work that is still to be done, use gate. */
	async consume(customer: string, spend: Keyed<api.Spend>): Promise<api.Spent> {
		const body = keyed(spend);
		return this.found(customer, () => this.transport.ask("POST", path(customer, "/consume"), { body, repeats }));
	}

	/**
	 * hold sets credits aside. Whoever gets an answer may do the work, and nobody else: every other call with the
	 * same key throws Repeated, also after the hold has ended.
	 */
	async hold(customer: string, spend: Keyed<api.SetAside>): Promise<api.Hold> {
		// Tells this call, sent again because its answer was lost, from a call by somebody else.
		const body = { attempt: crypto.randomUUID(), ...keyed(spend) };
		return this.found(customer, () => this.transport.ask("POST", path(customer, "/holds"), { body, repeats }));
	}

	/** capture takes a hold, or amount of it; the rest comes back. */
	async capture(customer: string, hold: string, amount?: number): Promise<api.Settled> {
		const body = amount === undefined ? {} : { amount };
		const where = path(customer, `/holds/${segment(hold)}/capture`);
		return this.transport.ask("POST", where, { body, repeats });
	}

	/** release gives a hold back. */
	async release(customer: string, hold: string): Promise<api.Settled> {
		return this.transport.ask("POST", path(customer, `/holds/${segment(hold)}/release`), { repeats });
	}

	/**
	 * gate sets credits aside, does the work, and takes what it cost. Work that fails costs nothing. Work under one
	 * key is begun once, however often and from wherever gate is called: every other call throws Repeated, whose
	 * hold says whether the work is under way (held), was done and paid (captured), or has failed (released,
	 * expired). Deliver only what gate returns.
	 */
	async gate<T>(customer: string, spend: GateSpend, work: (run: Run) => Promise<T> | T): Promise<T> {
		const { seconds: _, ...rest } = spend;
		const till = {
			hold: (expires_in: number) => this.hold(customer, { ...rest, expires_in }),
			capture: (hold: api.Hold, amount: number) => this.capture(customer, hold.id, amount),
			release: (hold: api.Hold) => this.release(customer, hold.id),
		};
		return runOnce(till, spend, work);
	}

	/** entries lists changes of a meter, the newest first. Give next_cursor for the next page. */
	async entries(
		customer: string,
		query: { meter?: string; limit?: number; cursor?: string } = {},
	): Promise<api.Entries> {
		return this.transport.ask("GET", path(customer, "/entries"), { query, repeats });
	}

	/** checkout opens the purchase of a plan. Lead the browser to the url. */
	async checkout(customer: string, request: Keyed<api.CheckoutRequest>): Promise<api.Checkout> {
		return this.buy(customer, "/checkout", keyed(request));
	}

	/** topUp opens a purchase of credits. Lead the browser to the url. */
	async topUp(customer: string, request: Keyed<api.TopUpRequest>): Promise<api.Page> {
		return this.buy(customer, "/top-ups", keyed(request));
	}

	/** previewChange says what another plan would cost now, and when it would begin. */
	async previewChange(customer: string, request: api.ChangeRequest): Promise<api.Quote> {
		return this.buy(customer, "/change/preview", request);
	}

	/** change does what a quote says: at once, or on the page that it answers with. */
	async change(customer: string, request: Keyed<api.QuotedChange>): Promise<api.Changed> {
		return this.buy(customer, "/change", keyed(request));
	}

	/** previewSeats says what another number of seats would cost now, and from when it holds. */
	async previewSeats(customer: string, request: api.SeatsRequest): Promise<api.Quote> {
		return this.buy(customer, "/seats/preview", request);
	}

	/** setSeats does what a quote of previewSeats says: at once, or on the page that it answers with. */
	async setSeats(customer: string, request: Keyed<api.QuotedChange>): Promise<api.Changed> {
		return this.buy(customer, "/seats", keyed(request), "PUT");
	}

	/** cancel ends collection; what is paid is kept. Of a subscription that has ended already it says the state. */
	async cancel(customer: string): Promise<api.State> {
		return this.turn(customer, "/cancel", (state) => state.ends_at !== null);
	}

	/** resume takes back that a subscription ends. */
	async resume(customer: string): Promise<api.State> {
		return this.turn(customer, "/resume", (state) => state.status === "active" && state.ends_at === null);
	}

	/** turn does what is done once. When the answer was lost and it is refused the second time, the state says why. */
	private async turn(customer: string, rest: string, done: (state: api.State) => boolean): Promise<api.State> {
		const once = { timeout: this.slow };
		try {
			return await this.kept(customer, await this.transport.ask("POST", path(customer, rest), once));
		} catch (lost) {
			if (!(lost instanceof Unavailable)) throw lost;
			try {
				return await this.kept(customer, await this.transport.ask("POST", path(customer, rest), once));
			} catch (refused) {
				if (!(refused instanceof Conflict)) throw refused;
				const state = await this.get(customer);
				if (done(state)) return state;
				throw refused;
			}
		}
	}

	/** refresh asks the providers what the customer has: on the page to which they come back from paying. */
	async refresh(customer: string): Promise<api.State> {
		return this.kept(customer, await this.buy(customer, "/refresh", undefined));
	}

	/**
	 * portal makes a link to a page of Tijori's with what the customer has bought: plan, invoices, payment method, cancel
	 * and resume. It works once, for ten minutes.
	 */
	async portal(customer: string, request: api.PortalRequest): Promise<api.PortalLink> {
		return this.buy(customer, "/portal", request);
	}

	/** invoices lists what was billed, the newest first. */
	async invoices(customer: string): Promise<api.Invoice[]> {
		const all = await this.transport.ask<api.Invoices>("GET", path(customer, "/invoices"), { repeats });
		return all.invoices;
	}

	/**
	 * token makes a token for a browser of the customer: to show what they have, and with "pay" to buy. It spends
	 * nothing.
	 */
	async token(customer: string, request: api.TokenRequest): Promise<api.Token> {
		return this.transport.ask("POST", path(customer, "/tokens"), { body: request, repeats });
	}

	/** endTokens ends the customer's tokens at once. */
	async endTokens(customer: string): Promise<void> {
		await this.transport.ask<api.TokensEnded>("DELETE", path(customer, "/tokens"), { repeats });
	}

	/** plans lists what is sold. */
	async plans(): Promise<api.Plans> {
		return this.transport.ask("GET", "/api/v1/plans", { repeats });
	}

	/** events lists what happened after a number. Whoever reads on after next misses nothing within thirty days. */
	async events(query: { after?: number; limit?: number } = {}): Promise<api.EventPage> {
		return this.transport.ask("GET", "/api/v1/events", { query, repeats });
	}

	private buy<T>(customer: string, rest: string, body: unknown, method: "POST" | "PUT" = "POST"): Promise<T> {
		return this.transport.ask(method, path(customer, rest), { body, repeats, timeout: this.slow });
	}

	/** found asks about a customer, whom it makes when there is none: nobody is lost between sign-up and first use. */
	private async found<T>(customer: string, ask: () => Promise<T>): Promise<T> {
		try {
			return await ask();
		} catch (error) {
			if (!this.create || !(error instanceof NotFound)) throw error;
			await this.put(customer);
			return ask();
		}
	}

	private async kept(customer: string, state: api.State): Promise<api.State> {
		await this.snapshots?.keep(customer, state);
		return state;
	}
}

/** settingsOf are those that are given, or else those of the environment. */
function settingsOf(options: Options): { url: string; key: string } {
	const url = options.url ?? environment("TIJORI_URL");
	const key = options.key ?? environment("TIJORI_KEY");
	if (!url) throw new TypeError("Tijori has no address: set TIJORI_URL.");
	if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
		throw new TypeError("TIJORI_URL is no web address.");
	}
	if (!key) throw new TypeError("Tijori has no key: set TIJORI_KEY.");
	if (!/^tj_(live|test)_sk_/.test(key)) throw new TypeError("TIJORI_KEY is not a server key (tj_…_sk_…).");
	return { url: new URL(url).href.replace(/\/$/, ""), key };
}

/** path is the address of a customer. An id that an address reads in another way is refused before it is sent. */
function path(customer: string, rest = ""): string {
	return `/api/v1/customers/${segment(customer)}${rest}`;
}

export function segment(text: string): string {
	if (typeof text !== "string" || text === "" || text === "." || text === "..") {
		throw new TypeError(`${JSON.stringify(text)} is no id.`);
	}
	return encodeURIComponent(text);
}

function keyed<T extends { key: string }>({ key, ...rest }: T): Omit<T, "key"> & { idempotency_key: string } {
	if (typeof key !== "string" || key.trim() === "") throw new TypeError("Give a key: what is paid once carries one.");
	return { ...rest, idempotency_key: key };
}

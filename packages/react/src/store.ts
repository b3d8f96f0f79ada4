import type { Changed, Checkout, Invoice, Page, Plans, Quote, State } from "@tijori/client";

/** What a page knows of the customer who is signed in. */
export interface Known {
	/** undefined until it is there, and when nobody is signed in. */
	readonly state: State | undefined;
	readonly plans: Plans | undefined;
	readonly loading: boolean;
	/** Nobody is signed in. */
	readonly signedOut: boolean;
	readonly error: RouteError | undefined;
}

/** What the route of your server has refused. Choose by code. */
export class RouteError extends Error {
	override readonly name = "RouteError";
	constructor(readonly status: number, readonly code: string, message: string) {
		super(message);
	}
}

export type Interval = "month" | "year";
export type Provider = "stripe" | "razorpay";
export interface Choice {
	plan: string;
	interval: Interval;
}

const nothing: Known = { state: undefined, plans: undefined, loading: true, signedOut: false, error: undefined };
const afterPayment = [1000, 2000, 4000, 8000];

/** A Store asks one route and tells those who look. There is one for each route, in browsers only. */
export class Store {
	private known = nothing;
	private readonly watchers = new Set<() => void>();
	private running: Promise<void> | undefined;

	constructor(readonly route: string) {}

	readonly read = (): Known => this.known;
	readonly watch = (watcher: () => void): (() => void) => {
		this.watchers.add(watcher);
		return () => this.watchers.delete(watcher);
	};

	private tell(change: Partial<Known>): void {
		this.known = { ...this.known, ...change };
		for (const watcher of this.watchers) watcher();
	}

	/** load fetches what is sold and what the customer has. Components that ask at the same time ask once. */
	load(): Promise<void> {
		this.running ??= this.fetch().finally(() => (this.running = undefined));
		return this.running;
	}

	private async fetch(): Promise<void> {
		const paid = takeReturn();
		const plans = this.known.plans ? Promise.resolve(this.known.plans) : this.ask<Plans>("GET", "plans");
		const state = paid ? this.ask<State>("POST", "refresh", {}) : this.ask<State>("GET", "state");
		const [sold, has] = await Promise.allSettled([plans, state]);
		const failed = [sold, has].find((one) => one.status === "rejected" && !isSignedOut(one.reason));
		const signedOut = has.status === "rejected" && isSignedOut(has.reason);
		this.tell({
			loading: false,
			signedOut,
			plans: sold.status === "fulfilled" ? sold.value : this.known.plans,
			state: has.status === "fulfilled" ? has.value : signedOut ? undefined : this.known.state,
			error: failed?.status === "rejected" ? errorOf(failed.reason) : undefined,
		});
		if (paid && has.status === "fulfilled") void this.follow(has.value);
	}

	/** follow looks again after a payment: bought credits come with the provider's word, a moment later. */
	private async follow(first: State): Promise<void> {
		for (const pause of afterPayment) {
			await new Promise((done) => setTimeout(done, pause));
			if (this.watchers.size === 0) return;
			const state = await this.ask<State>("GET", "state").catch(() => undefined);
			if (!state) continue;
			this.tell({ state });
			if (JSON.stringify(state) !== JSON.stringify(first)) return;
		}
	}

	async act(name: "cancel" | "resume" | "refresh"): Promise<State> {
		const state = await this.ask<State>("POST", name, {});
		this.tell({ state, error: undefined });
		return state;
	}

	checkout(choice: Choice & { provider?: Provider }): Promise<Checkout> {
		return this.ask("POST", "checkout", { ...choice, ...this.press() });
	}

	topUp(choice: { top_up: string; provider?: Provider }): Promise<Page> {
		return this.ask("POST", "top-up", { ...choice, ...this.press() });
	}

	portal(): Promise<Page> {
		return this.ask("POST", "portal", { return_to: here() });
	}

	preview(choice: Choice): Promise<Quote> {
		return this.ask("POST", "change/preview", choice);
	}

	async change(quote: string): Promise<Changed> {
		const changed = await this.ask<Changed>("POST", "change", { quote, ...this.press() });
		if (changed.done) await this.act("refresh");
		return changed;
	}

	async invoices(): Promise<Invoice[]> {
		return (await this.ask<{ invoices: Invoice[] }>("GET", "invoices")).invoices;
	}

	/** press is of one press of a button: sent twice it is one purchase. */
	private press(): { key: string; return_to: string } {
		return { key: crypto.randomUUID(), return_to: here() };
	}

	private async ask<T>(method: "GET" | "POST", path: string, body?: unknown): Promise<T> {
		const init: RequestInit = { method, credentials: "same-origin", cache: "no-store" };
		if (body !== undefined) {
			init.headers = { "content-type": "application/json" };
			init.body = JSON.stringify(body);
		}
		const answer = await fetch(`${this.route}/${path}`, init);
		const said = await answer.json().catch(() => undefined);
		if (answer.ok && said !== undefined) return said as T;
		const { code, detail } = (said ?? {}) as { code?: string; detail?: string };
		throw new RouteError(answer.status, code ?? `http_${answer.status}`, detail ?? "Please try again in a moment.");
	}
}

function isSignedOut(error: unknown): boolean {
	return error instanceof RouteError && error.status === 401;
}

export function errorOf(error: unknown): RouteError {
	if (error instanceof RouteError) return error;
	return new RouteError(0, "unavailable", "The server cannot be reached. Please try again in a moment.");
}

function here(): string {
	return location.pathname + location.search;
}

/** takeReturn says whether the customer comes back from paying, and takes that out of the address. */
function takeReturn(): boolean {
	const url = new URL(location.href);
	const back = url.searchParams.get("tijori");
	if (back === null) return false;
	url.searchParams.delete("tijori");
	history.replaceState(history.state, "", url);
	return back === "paid";
}

const stores = new Map<string, Store>();

/** storeOf is the store of a route. On a server it keeps nothing: no request sees another's customer. */
export function storeOf(route: string): Store {
	const known = stores.get(route);
	if (known) return known;
	const made = new Store(route);
	if (typeof window !== "undefined") stores.set(route, made);
	return made;
}

export const onServer = (): Known => nothing;

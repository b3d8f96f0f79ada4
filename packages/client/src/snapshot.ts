import type { State } from "./api.js";
import { bytesOf } from "./webhooks.js";

/** What a signed snapshot says. It speaks of features and fixed limits, never of credits. */
export interface SnapshotClaims {
	app: string;
	mode: string;
	customer: string;
	revision: number;
	plan: string | null;
	entitlements: string[];
	limits: Record<string, number>;
	/** Seconds since 1970 until which it is as good as asking. */
	fresh_until: number;
	/** Seconds since 1970 after which it says nothing any more. */
	exp: number;
}

/** What a snapshot must be about to be believed. */
export interface SnapshotScope {
	customer: string;
	mode?: string | undefined;
	app?: string | undefined;
}

/** Where snapshots are kept while Tijori is away: the memory of the process, or a cache of yours. */
export interface SnapshotStore {
	get(customer: string): Promise<string | undefined> | string | undefined;
	set(customer: string, snapshot: string): Promise<unknown> | unknown;
}

/** A Jwk of /api/v1/jwks.json. */
export type Jwk = JsonWebKey & { kid?: string };

const leeway = 5;

/**
 * verifySnapshot returns what a snapshot says, or undefined when it is not signed by one of the keys with ES256, is
 * about something else, or has ended. Undefined means no.
 */
export async function verifySnapshot(
	snapshot: string,
	keys: readonly Jwk[],
	scope: SnapshotScope,
	now: Date = new Date(),
): Promise<SnapshotClaims | undefined> {
	const parts = snapshot.split(".");
	if (parts.length !== 3) return undefined;
	const [head, body, mac] = parts as [string, string, string];
	const header = jsonOf(head);
	const claims = jsonOf(body);
	const signature = bytesOf(mac);
	if (header?.["alg"] !== "ES256" || typeof header["kid"] !== "string" || "crit" in header || !signature) {
		return undefined;
	}
	const jwk = keys.find((one) => one.kid === header["kid"] && one.kty === "EC" && one.crv === "P-256");
	if (!jwk || !isClaims(claims)) return undefined;
	const algorithm = { name: "ECDSA", namedCurve: "P-256" };
	const public_ = { kty: "EC", crv: "P-256", x: jwk.x ?? "", y: jwk.y ?? "" };
	const key = await crypto.subtle.importKey("jwk", public_, algorithm, false, ["verify"]).catch(() => undefined);
	const signed = new TextEncoder().encode(`${head}.${body}`);
	if (!key || !(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, signed))) {
		return undefined;
	}
	const about = claims.customer === scope.customer && (scope.mode === undefined || claims.mode === scope.mode) &&
		(scope.app === undefined || claims.app === scope.app);
	return about && now.getTime() / 1000 < claims.exp + leeway ? claims : undefined;
}

function jsonOf(part: string): Record<string, unknown> | undefined {
	try {
		const bytes = bytesOf(part);
		const value: unknown = bytes && JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

function isClaims(value: unknown): value is SnapshotClaims {
	const claims = value as SnapshotClaims | undefined;
	return typeof claims?.app === "string" && typeof claims.mode === "string" && typeof claims.customer === "string" &&
		typeof claims.revision === "number" && typeof claims.exp === "number" &&
		typeof claims.fresh_until === "number" && Array.isArray(claims.entitlements) &&
		typeof claims.limits === "object" && claims.limits !== null;
}

/** What a snapshot answers. */
export interface SnapshotAnswer {
	allowed: boolean;
	kind: "feature" | "limit";
	limit?: number;
	/** Older than what is as good as asking. */
	stale: boolean;
	claims: SnapshotClaims;
}

/** answer is what claims say about a feature, or about room for need of what a plan limits. */
export function answer(claims: SnapshotClaims, feature: string, need: number, now = new Date()): SnapshotAnswer {
	const stale = now.getTime() / 1000 >= claims.fresh_until;
	const limit = Object.hasOwn(claims.limits, feature) ? claims.limits[feature] : undefined;
	if (typeof limit === "number") return { allowed: need <= limit, kind: "limit", limit, stale, claims };
	return { allowed: claims.entitlements.includes(feature), kind: "feature", stale, claims };
}

/** Memory keeps the snapshots of the customers that were seen last. */
export class Memory implements SnapshotStore {
	private readonly kept = new Map<string, string>();
	constructor(private readonly most = 10_000) {}
	get(customer: string): string | undefined {
		return this.kept.get(customer);
	}
	set(customer: string, snapshot: string): void {
		this.kept.delete(customer);
		this.kept.set(customer, snapshot);
		if (this.kept.size > this.most) this.kept.delete(this.kept.keys().next().value as string);
	}
}

const keysFor = 10 * 60_000;
const refreshAfter = 60_000;

/** Snapshots keeps the last one of each customer, and the keys by which they are believed. */
export class Snapshots {
	private keys: Jwk[] = [];
	private keysAt = 0;
	private readonly asked = new Map<string, number>();

	constructor(
		private readonly store: SnapshotStore,
		private readonly fetchKeys: () => Promise<{ keys: Jwk[] }>,
		private readonly scope: () => Omit<SnapshotScope, "customer">,
	) {}

	/**
	 * keep remembers the snapshot of a state that was just answered. It never fails: a snapshot is only for bad
	 * days.
	 */
	async keep(customer: string, state: Partial<State> & { snapshot?: unknown }): Promise<void> {
		if (typeof state.snapshot !== "string") return;
		try {
			await this.store.set(customer, state.snapshot);
			if (Date.now() - this.keysAt > keysFor) {
				this.keys = (await this.fetchKeys()).keys;
				this.keysAt = Date.now();
			}
		} catch {
			// The keys that are here stay; the next state asks again.
		}
	}

	/** due says that the snapshot of a customer should be fetched, once a minute at most. */
	due(customer: string): boolean {
		const now = Date.now();
		if (now - (this.asked.get(customer) ?? 0) < refreshAfter) return false;
		if (this.asked.size > 10_000) this.asked.clear();
		this.asked.set(customer, now);
		return true;
	}

	/** claims are those of the customer's last snapshot, or undefined: no. */
	async claims(customer: string): Promise<SnapshotClaims | undefined> {
		try {
			const snapshot = await this.store.get(customer);
			if (snapshot === undefined) return undefined;
			return await verifySnapshot(snapshot, this.keys, { ...this.scope(), customer });
		} catch {
			return undefined;
		}
	}
}

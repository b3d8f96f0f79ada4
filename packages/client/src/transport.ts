import type { Problem } from "./api.js";
import { RateLimited, refusal, TijoriError, Unavailable } from "./errors.js";

/** How a request is made. */
export interface Call {
	body?: unknown;
	query?: Record<string, string | number | undefined>;
	/** Asked again when there is no answer: only what does the same when it is done twice. */
	repeats?: number;
	/** Milliseconds of one try. */
	timeout?: number;
	signal?: AbortSignal | undefined;
}

const longestPause = 2000;

/** A transport sends requests with one key. */
export class Transport {
	constructor(
		/** Asked at the first request, so that a program can be built where the settings are not. */
		private readonly settings: () => { url: string; key: string },
		private readonly fetcher: typeof fetch,
		private readonly timeout: number,
	) {}

	/** ask sends a request until it is answered, at most 1 + repeats times, and returns the body of the answer. */
	async ask<T>(method: string, path: string, call: Call = {}): Promise<T> {
		let pause = 100;
		for (let left = call.repeats ?? 0; ; left--) {
			try {
				return await this.once<T>(method, path, call);
			} catch (error) {
				const wait = error instanceof RateLimited ? (error.retryAfter ?? 0) * 1000 : 0;
				const again = error instanceof Unavailable || error instanceof RateLimited;
				if (!again || left <= 0 || wait > longestPause || call.signal?.aborted) throw error;
				await sleep(Math.max(wait, pause * (1 + Math.random())), call.signal);
				pause = Math.min(2 * pause, longestPause / 2);
			}
		}
	}

	private async once<T>(method: string, path: string, call: Call): Promise<T> {
		const { url, key } = this.settings();
		const address = new URL(url + path);
		for (const [name, value] of Object.entries(call.query ?? {})) {
			if (value !== undefined) address.searchParams.set(name, String(value));
		}
		const headers: Record<string, string> = { accept: "application/json", authorization: `Bearer ${key}` };
		const init: RequestInit = { method, headers, redirect: "manual", cache: "no-store" };
		if (call.body !== undefined) {
			headers["content-type"] = "application/json";
			init.body = JSON.stringify(call.body);
		}
		const ending = new AbortController();
		const stop = () => ending.abort();
		const timer = setTimeout(stop, call.timeout ?? this.timeout);
		call.signal?.addEventListener("abort", stop, { once: true });
		init.signal = ending.signal;
		let status = 0;
		let text: string;
		let retryAfter: string | null = null;
		try {
			const answer = await this.fetcher(address, init);
			status = answer.status;
			retryAfter = answer.headers.get("retry-after");
			text = await answer.text();
		} catch (cause) {
			if (call.signal?.aborted) throw call.signal.reason;
			throw new Unavailable(0, { detail: "Tijori does not answer." }, { cause });
		} finally {
			clearTimeout(timer);
			call.signal?.removeEventListener("abort", stop);
		}
		const body = parse(text);
		if (status >= 200 && status < 300) {
			if (body === undefined) throw new Unavailable(status, { detail: "The answer is not JSON." });
			return body as T;
		}
		const error: TijoriError = refusal(status, (body ?? {}) as Partial<Problem>);
		if (error instanceof RateLimited && retryAfter !== null) {
			const seconds = Number(retryAfter);
			if (Number.isFinite(seconds)) error.retryAfter = seconds;
		}
		throw error;
	}
}

function parse(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch {
		return undefined;
	}
}

/** sleep waits, and fails when signal says so. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
	return new Promise((done, fail) => {
		const timer = setTimeout(() => {
			signal?.removeEventListener("abort", stop);
			done();
		}, milliseconds);
		const stop = () => {
			clearTimeout(timer);
			fail(signal?.reason);
		};
		signal?.addEventListener("abort", stop, { once: true });
	});
}

import type { Allowance, EndedHold, Problem } from "./api.js";

/**
 * What Tijori has refused. `error` and `code` are stable: choose by them, or by the class, and never by the sentence in
 * `message`. `code` is the more exact of the two.
 */
export class TijoriError extends Error {
	override readonly name: string = "TijoriError";
	/** 0 when there was no answer. */
	readonly status: number;
	readonly error: string;
	readonly code: string;
	/** The field of the request that breaks a rule. */
	readonly field: string | undefined;
	/** Say it when you ask for help: the server's log has it, too. */
	readonly requestId: string | undefined;
	/** All that was answered, with fields that this version does not know. */
	readonly problem: Partial<Problem> & Record<string, unknown>;

	constructor(status: number, problem: Partial<Problem>, options?: ErrorOptions) {
		const error = problem.error ?? (status ? `http_${status}` : "unavailable");
		super(problem.detail ?? problem.title ?? error, options);
		this.status = status;
		this.error = error;
		this.code = problem.code ?? error;
		this.field = problem.field;
		this.requestId = problem.request_id;
		this.problem = problem as Partial<Problem> & Record<string, unknown>;
	}
}

/** There is no such customer in your app, or no such hold of the customer. */
export class NotFound extends TijoriError {
	override readonly name = "NotFound";
}

/** The key is missing, wrong or revoked (401), or may not do this (403). */
export class Denied extends TijoriError {
	override readonly name = "Denied";
}

/** There are not enough credits. Nothing was taken. */
export class Insufficient extends TijoriError {
	override readonly name = "Insufficient";
	/** What could be spent. */
	get balance(): number {
		return this.problem.balance ?? 0;
	}
	get nextAllowance(): Allowance | undefined {
		return this.problem.next_allowance;
	}
}

/** The plan in force does not include it. */
export class UpgradeRequired extends TijoriError {
	override readonly name = "UpgradeRequired";
}

/** The state does not allow it, or the idempotency key was used for something else; `code` says which. */
export class Conflict extends TijoriError {
	override readonly name: string = "Conflict";
}

/** A hold was asked for with this key before. The work must not be done again; `hold` says what became of it. */
export class Repeated extends Conflict {
	override readonly name = "Repeated";
	get hold(): EndedHold {
		return this.problem.hold as EndedHold;
	}
}

/** Too many requests. */
export class RateLimited extends TijoriError {
	override readonly name = "RateLimited";
	/** Seconds after which it may be tried again, where the server says so. */
	retryAfter: number | undefined;
}

/** There was no answer, or none that says what was done. Ask again with the same idempotency key. */
export class Unavailable extends TijoriError {
	override readonly name = "Unavailable";
}

/** refusal is the error for an answer that is not a success. */
export function refusal(status: number, problem: Partial<Problem>): TijoriError {
	switch (true) {
		case status === 409 && problem.hold !== undefined:
			return new Repeated(status, problem);
		case status === 409:
			return new Conflict(status, problem);
		case problem.error === "upgrade_required":
			return new UpgradeRequired(status, problem);
		case status === 402:
			return new Insufficient(status, problem);
		case status === 404:
			return new NotFound(status, problem);
		case status === 401 || status === 403:
			return new Denied(status, problem);
		case status === 429:
			return new RateLimited(status, problem);
		case status >= 500:
			return new Unavailable(status, problem);
		default:
			return new TijoriError(status, problem);
	}
}

import type { Hold } from "./api.js";

/** What a piece of work may cost at most, and by what it is known. */
export interface GateSpend {
	/** Credits that are set aside before the work begins. */
	amount: number;
	/**
	 * Made by your server, once for what is paid once: the id of a job. Work under one key is begun once, however
	 * often and from wherever gate is called.
	 */
	key: string;
	/** The kind of credit; "credits" when it is left out. */
	meter?: string;
	/** An entitlement that the plan must have: plan and balance are decided at one moment. */
	feature?: string;
	note?: string;
	/** How many seconds the work may take, 570 when it is left out. */
	seconds?: number;
}

/** What the work is given. */
export interface Run {
	/** Aborted in time for the credits to be taken before the hold expires. */
	readonly signal: AbortSignal;
	readonly hold: Hold;
	/** charge says what the work has cost, where that is less than what was set aside. 0 costs nothing. */
	charge(amount: number): void;
}

/** The calls that gate is made of. */
export interface Till {
	hold(expiresIn: number): Promise<Hold>;
	capture(hold: Hold, amount: number): Promise<unknown>;
	release(hold: Hold): Promise<unknown>;
}

const workTime = 570;
/** How much of a hold is left for taking its credits. */
const captureTime = 30;

/** runOnce sets credits aside, does the work, and takes what it cost. Work that fails costs nothing. */
export async function runOnce<T>(
	till: Till,
	spend: GateSpend,
	work: (run: Run) => Promise<T> | T,
): Promise<T> {
	const seconds = spend.seconds ?? workTime;
	const began = Date.now();
	const hold = await till.hold(seconds + captureTime);
	const late = new AbortController();
	// The answer may have been long on its way.
	const timer = setTimeout(
		() => late.abort(new DOMException("The work took too long to be paid.", "TimeoutError")),
		began + seconds * 1000 - Date.now(),
	);
	let cost = spend.amount;
	let done: T;
	try {
		late.signal.throwIfAborted();
		done = await work({
			signal: late.signal,
			hold,
			charge: (amount) => {
				if (!Number.isSafeInteger(amount) || amount < 0) {
					throw new RangeError("A charge is a whole number of credits.");
				}
				cost = Math.min(amount, spend.amount);
			},
		});
	} catch (error) {
		await till.release(hold).catch(() => undefined); // if it fails, the hold expires
		throw error;
	} finally {
		clearTimeout(timer);
	}
	if (cost === 0) await till.release(hold).catch(() => undefined);
	else await till.capture(hold, cost);
	return done;
}

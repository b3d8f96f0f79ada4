import { randomUUID } from "node:crypto";
import { tijori } from "./tijori";

// What is rendered. An app has a table for it; the example has the memory of its process.

export type Kind = "sketch" | "poster";

export interface Job {
	id: string;
	org: string;
	kind: Kind;
	title: string;
	picture?: string;
}

// What a kind costs, and which feature of the plan it needs. No page says it.
const costs = { sketch: { amount: 1 }, poster: { amount: 10, feature: "render" } } as const;

const memory = globalThis as unknown as { jobs?: Map<string, Job> };
const jobs = (memory.jobs ??= new Map<string, Job>());

export function makeJob(org: string, kind: Kind, title: string): Job {
	const job = { id: randomUUID(), org, kind, title };
	jobs.set(job.id, job);
	return job;
}

/** findJob finds a job of an organisation. Another's is not there. */
export function findJob(org: string, id: string): Job | undefined {
	const job = jobs.get(id);
	return job?.org === org ? job : undefined;
}

/** renderJob does the work of a job once and pays it once, however often it is asked for. */
export async function renderJob(job: Job): Promise<void> {
	await tijori.gate(job.org, { ...costs[job.kind], key: `job ${job.id}`, note: job.title }, () => {
		job.picture = draw(job);
	});
}

const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function draw({ kind, title }: Job): string {
	const text = title.replace(/[&<>"']/g, (one) => escapes[one] ?? "");
	const [width, fill] = kind === "poster" ? [640, "#7a1f1f"] : [240, "#555555"];
	const size = Math.round(width / 12);
	return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${width / 2}">` +
		`<rect width="100%" height="100%" fill="${fill}"/><text x="50%" y="50%" fill="#ffffff" font-size="${size}" ` +
		`text-anchor="middle" font-family="sans-serif">${text}</text></svg>`;
}

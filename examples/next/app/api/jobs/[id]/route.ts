import { Insufficient, Repeated, TijoriError, UpgradeRequired } from "@tijori/client";
import { findJob, renderJob } from "@/lib/jobs";
import { fromHere } from "@/lib/origin";
import { signedIn } from "@/lib/session";

type Context = { params: Promise<{ id: string }> };

const headers = { "cache-control": "private, no-store", vary: "Cookie" };

/** Renders a job: paid once, however often it is pressed. */
export async function POST(request: Request, { params }: Context): Promise<Response> {
	const person = await signedIn();
	const job = person && findJob(person.org, (await params).id);
	if (!job) return Response.json({ error: "There is no such job." }, { status: 404, headers });
	if (!fromHere(request)) return Response.json({ error: "Use the page." }, { status: 403, headers });
	try {
		await renderJob(job);
	} catch (error) {
		if (error instanceof Repeated && error.hold.status === "captured") return done(job.id); // it is there already
		if (error instanceof Repeated) {
			return Response.json({ error: "This picture is being drawn." }, { status: 409, headers });
		}
		if (error instanceof UpgradeRequired) {
			return Response.json({ error: "Posters need the plan Studio." }, { status: 403, headers });
		}
		if (error instanceof Insufficient) {
			const text = `That needs more credits than the ${error.balance} that are left.`;
			return Response.json({ error: text }, { status: 402, headers });
		}
		if (error instanceof TijoriError) {
			console.error(error);
			return Response.json({ error: "Please try again in a moment." }, { status: 503, headers });
		}
		throw error;
	}
	return done(job.id);
}

function done(id: string): Response {
	return Response.json({ picture: `/api/jobs/${id}` }, { headers });
}

/** The picture, for whoever paid it. */
export async function GET(_: Request, { params }: Context): Promise<Response> {
	const person = await signedIn();
	const job = person && findJob(person.org, (await params).id);
	if (!job?.picture) return Response.json({ error: "There is no such picture." }, { status: 404, headers });
	return new Response(job.picture, {
		headers: { ...headers, "content-type": "image/svg+xml", "content-security-policy": "default-src 'none'" },
	});
}

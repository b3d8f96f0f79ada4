import { makeJob } from "@/lib/jobs";
import { fromHere } from "@/lib/origin";
import { signedIn } from "@/lib/session";

/** Makes a job. It costs nothing yet. */
export async function POST(request: Request): Promise<Response> {
	const person = await signedIn();
	if (!person) return Response.json({ error: "Sign in first." }, { status: 401 });
	if (!fromHere(request)) return Response.json({ error: "Use the page." }, { status: 403 });
	const { kind, title } = (await request.json()) as { kind?: unknown; title?: unknown };
	const fits = typeof title === "string" && title.trim() !== "" && title.length <= 60;
	if ((kind !== "sketch" && kind !== "poster") || !fits) {
		return Response.json({ error: "Say what to draw, in up to 60 characters." }, { status: 422 });
	}
	return Response.json({ id: makeJob(person.org, kind, title.trim()).id }, { status: 201 });
}

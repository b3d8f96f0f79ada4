import { createHmac, timingSafeEqual } from "node:crypto";
import { cookies } from "next/headers";

// A sign-in that is enough for an example: whoever says a name has it. Put your own in its place; what matters is that
// `signedIn` reads a session that a browser cannot make up.

export interface Person {
	/** Who pays. It never changes. */
	org: string;
	name: string;
}

const cookie = "session";

function seal(text: string): string {
	const secret = process.env.SESSION_SECRET ?? "";
	if (secret.length < 32) throw new Error("SESSION_SECRET has to be 32 characters or more");
	return createHmac("sha256", secret).update(text).digest("base64url");
}

export async function signedIn(): Promise<Person | null> {
	const value = (await cookies()).get(cookie)?.value ?? "";
	const [text = "", mac = ""] = value.split(".");
	const want = Buffer.from(seal(text));
	const got = Buffer.from(mac);
	if (got.length !== want.length || !timingSafeEqual(got, want)) return null;
	return JSON.parse(Buffer.from(text, "base64url").toString()) as Person;
}

export async function signIn(name: string): Promise<void> {
	const org = `org-${Buffer.from(name).toString("base64url")}`;
	const text = Buffer.from(JSON.stringify({ org, name } satisfies Person)).toString("base64url");
	(await cookies()).set(cookie, `${text}.${seal(text)}`, {
		httpOnly: true, sameSite: "lax", path: "/", secure: process.env.APP_URL?.startsWith("https:") ?? false,
	});
}

export async function signOut(): Promise<void> {
	(await cookies()).delete(cookie);
}

import { redirect } from "next/navigation";
import { signIn } from "@/lib/session";

async function enter(form: FormData) {
	"use server";
	const name = String(form.get("name") ?? "").trim().slice(0, 60);
	if (name === "") redirect("/sign-in");
	await signIn(name);
	redirect("/");
}

export default function Page() {
	return (
		<form action={enter}>
			<h1>Sign in</h1>
			<label>
				Your organisation <input name="name" required maxLength={60} autoComplete="organization" />
			</label>
			<button>Sign in</button>
		</form>
	);
}

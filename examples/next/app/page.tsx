import { redirect } from "next/navigation";
import { Draw } from "@/components/draw";
import { signedIn } from "@/lib/session";

export default async function Page() {
	if (!(await signedIn())) redirect("/sign-in");
	return (
		<>
			<h1>Poster press</h1>
			<Draw />
		</>
	);
}

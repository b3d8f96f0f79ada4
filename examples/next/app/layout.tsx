import "./style.css";
import Link from "next/link";
import { redirect } from "next/navigation";
import type { ReactNode } from "react";
import { signedIn, signOut } from "@/lib/session";

export const metadata = { title: "Poster press" };

async function leave() {
	"use server";
	await signOut();
	redirect("/sign-in");
}

export default async function Layout({ children }: { children: ReactNode }) {
	const person = await signedIn();
	return (
		<html lang="en">
			<body>
				<header>
					<nav aria-label="Pages">
						<Link href="/">Draw</Link> <Link href="/pricing">Pricing</Link>{" "}
						<Link href="/billing">Your plan</Link>
					</nav>
					{person
						? <form action={leave}>{person.name} <button>Sign out</button></form>
						: <Link href="/sign-in">Sign in</Link>}
				</header>
				<main>{children}</main>
			</body>
		</html>
	);
}

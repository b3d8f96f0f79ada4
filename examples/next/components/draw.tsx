"use client";

import { useCustomer } from "@tijori/react";
import { type FormEvent, useState } from "react";

/** Draw makes a job and renders it. What it shows is not what decides: the server asks Tijori. */
export function Draw() {
	const { credits, can, load, error } = useCustomer();
	const [picture, setPicture] = useState<string>();
	const [problem, setProblem] = useState<string>();
	const [busy, setBusy] = useState(false);

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const form = new FormData(event.currentTarget, (event.nativeEvent as SubmitEvent).submitter);
		setBusy(true);
		setProblem(undefined);
		try {
			const job = await post<{ id: string }>("/api/jobs", { kind: form.get("kind"), title: form.get("title") });
			setPicture((await post<{ picture: string }>(`/api/jobs/${job.id}`, {})).picture);
		} catch (refused) {
			setProblem(refused instanceof Error ? refused.message : String(refused));
		} finally {
			setBusy(false);
			await load();
		}
	}

	return (
		<form onSubmit={submit} aria-busy={busy}>
			<p role="status">{credits() === undefined ? "…" : `${credits()} credits left`}</p>
			<label>
				What to draw <input name="title" required maxLength={60} autoComplete="off" />
			</label>
			<button name="kind" value="sketch" disabled={busy}>Sketch, 1 credit</button>
			<button name="kind" value="poster" disabled={busy}>
				Poster, 10 credits{can("render") ? "" : " (Studio)"}
			</button>
			{(problem ?? error?.message) && <p role="alert">{problem ?? error?.message}</p>}
			{picture && <p><img src={picture} alt="What was drawn" /></p>}
		</form>
	);
}

async function post<T>(address: string, body: unknown): Promise<T> {
	const answer = await fetch(address, {
		method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
	});
	const said = (await answer.json()) as T & { error?: string };
	if (!answer.ok) throw new Error(said.error ?? "Please try again in a moment.");
	return said;
}

"use client";

import type { Invoice } from "@tijori/client";
import { type ReactElement, useEffect, useState } from "react";
import { useCustomer } from "./customer.js";
import { useBusy } from "./pricing.js";
import { english, formats, type Text } from "./text.js";

export interface PortalProps {
	route?: string;
	className?: string;
	text?: Partial<Text>;
	locale?: string;
	leave?: (url: string) => void;
}

const toPage = (url: string) => location.assign(url);

/** Portal shows what the customer has and what was billed, and cancels. Cards are changed on the provider's page. */
export function Portal(props: PortalProps): ReactElement {
	const { route, className = "tijori-portal", locale, leave = toPage } = props;
	const text = { ...english, ...props.text };
	const as = formats(locale);
	const { state, plans, loading, signedOut, error, store } = useCustomer(route === undefined ? {} : { route });
	const [invoices, setInvoices] = useState<Invoice[]>([]);
	const [asking, setAsking] = useState(false);
	const { busy, problem, run } = useBusy();
	const revision = state?.revision;
	useEffect(() => {
		let gone = false;
		if (revision !== undefined) {
			// Without invoices the rest is of use, too.
			store.invoices().then((list) => gone || setInvoices(list)).catch(() => undefined);
		}
		return () => void (gone = true);
	}, [store, revision]);
	if (!state) {
		const said = error?.message ?? (signedOut ? text.signIn : text.loading);
		return (
			<section className={className} aria-label={text.portal} aria-busy={loading}>
				<p role={error ? "alert" : "status"}>{said}</p>
			</section>
		);
	}
	const plan = plans?.plans.find((one) => one.id === state.plan)?.name ?? state.plan ?? text.noPlan;
	const paying = ["trialing", "active", "past_due"].includes(state.status);
	const cancel = () => run(async () => {
		await store.act("cancel");
		setAsking(false);
	});
	const resume = () => run(() => store.act("resume"));
	const manage = () => run(async () => leave((await store.portal()).url));
	return (
		<section className={className} aria-label={text.portal} aria-busy={busy}>
			<h3>{plan}</h3>
			<div role="status">
				{state.ends_at && <p>{text.ends(as.day(state.ends_at))}</p>}
				{!state.ends_at && paying && state.until && <p>{text.renews(as.day(state.until))}</p>}
				{state.meters.map((one) => <p key={one.meter}>{text.left(as.number(one.balance), one.meter)}</p>)}
			</div>
			{problem && <p className="tijori-problem" role="alert">{problem}</p>}
			{paying && !state.ends_at && !asking && (
				<button type="button" disabled={busy} onClick={() => setAsking(true)}>{text.cancel}</button>
			)}
			{asking && (
				<div className="tijori-question" role="group" aria-label={text.cancel}>
					<p role="status">{text.cancelQuestion}</p>
					<button type="button" disabled={busy} onClick={cancel}>{text.cancel}</button>
					<button type="button" disabled={busy} onClick={() => setAsking(false)}>{text.back}</button>
				</div>
			)}
			{paying && state.ends_at && (
				<button type="button" disabled={busy} onClick={resume}>{text.resume}</button>
			)}
			{invoices.some((one) => one.provider === "stripe") && (
				<button type="button" disabled={busy} onClick={manage}>{text.manage}</button>
			)}
			{invoices.length > 0 && (
				<>
					<h4>{text.invoices}</h4>
					<ul className="tijori-invoices">
						{invoices.map((one) => (
							<li key={one.id}>
								<Named name={text.invoice(one.number || one.id)} url={one.url} />
								{`, ${as.day(one.issued_at)}, ${as.money(one.amount, one.currency)}`}
							</li>
						))}
					</ul>
				</>
			)}
		</section>
	);
}

function Named({ name, url }: { name: string; url: string | undefined }): ReactElement {
	return url && /^https?:/.test(url) ? <a href={url}>{name}</a> : <>{name}</>;
}

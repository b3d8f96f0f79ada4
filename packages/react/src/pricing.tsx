"use client";

import type { Plan, Plans, Price, Quote } from "@tijori/client";
import { type ReactElement, useId, useState } from "react";
import { useCustomer } from "./customer.js";
import { type Choice, errorOf, type Interval, type Provider, type Store } from "./store.js";
import { english, every, formats, type Formats, type Text } from "./text.js";

export interface PricingTableProps {
	/** Of your server; "/api/tijori" when it is left out. */
	route?: string;
	className?: string;
	/** Your own words, in your own language. */
	text?: Partial<Text>;
	/** The language of amounts and dates; the browser's when it is left out. */
	locale?: string;
	/** Show the prices of one provider alone. */
	provider?: Provider;
	/** Leave out credits that are bought once. */
	plansOnly?: boolean;
	/** How the browser goes to the payment page. */
	leave?: (url: string) => void;
}

const toPage = (url: string) => location.assign(url);

/** PricingTable shows what is sold, and sells it. It has no style: its parts have classes that begin with tijori-. */
export function PricingTable(props: PricingTableProps): ReactElement {
	const { route, className = "tijori-pricing", locale, provider, plansOnly = false, leave = toPage } = props;
	const text = { ...english, ...props.text };
	const as = formats(locale);
	const customer = useCustomer(route === undefined ? {} : { route });
	const { plans, state, store } = customer;
	const [interval, setInterval_] = useState<Interval>("month");
	const [currency, setCurrency] = useState<string>();
	const [quote, setQuote] = useState<{ choice: Choice; quote: Quote }>();
	const { busy, problem, run } = useBusy();
	if (!plans) {
		const failed = customer.error?.message;
		return (
			<section className={className} aria-label={text.plans} aria-busy={customer.loading}>
				<p role={failed ? "alert" : "status"}>{failed ?? text.loading}</p>
			</section>
		);
	}
	const prices = pricesOf(plans, provider);
	const currencies = [...new Set(prices.map((one) => one.currency))];
	const shown = currency ?? currencies[0];
	const intervals = (["month", "year"] as const).filter((one) => prices.some((price) => price.interval === one));
	const period = intervals.includes(interval) ? interval : (intervals[0] ?? "month");
	const find = (list: Price[], of?: Interval) =>
		list.find((one) => one.currency === shown && one.interval === of && (!provider || one.provider === provider));
	const paying = state !== undefined && ["trialing", "active", "past_due"].includes(state.status);

	const choose = (plan: Plan, price: Price) =>
		run(async () => {
			const choice = { plan: plan.id, interval: period };
			if (paying) setQuote({ choice, quote: await store.preview(choice) });
			else leave((await store.checkout({ ...choice, provider: price.provider })).url);
		});
	const confirm = (one: Quote) =>
		run(async () => {
			const changed = await store.change(one.quote);
			setQuote(undefined);
			if (changed.url) leave(changed.url);
		});

	return (
		<section className={className} aria-label={text.plans} aria-busy={busy}>
			{intervals.length > 1 && (
				<Options legend={text.billedEvery} value={period} choose={(one) => setInterval_(one as Interval)}
					options={intervals.map((one) => [one, text[one]])} />
			)}
			{currencies.length > 1 && (
				<Options legend={text.payIn} value={shown ?? ""} choose={setCurrency}
					options={currencies.map((one) => [one, one])} />
			)}
			{problem && <p className="tijori-problem" role="alert">{problem}</p>}
			{customer.signedOut && <p className="tijori-sign-in" role="status">{text.signIn}</p>}
			<ul className="tijori-plans">
				{plans.plans.map((plan) => {
					const price = find(plan.prices, period);
					const own = state?.plan === plan.id && (plan.default || state.interval === period);
					if (!price && !plan.default) return null;
					return (
						<li key={plan.id} className="tijori-plan" aria-current={own || undefined}>
							<h3>{plan.name}</h3>
							{plan.recommended && <p className="tijori-recommended">{text.recommended}</p>}
							<PlanFacts plan={plan} price={price} period={period} text={text} as={as} locale={locale} />
							{own && <p className="tijori-own">{text.yourPlan}</p>}
							{!own && price && quote?.choice.plan !== plan.id && (
								<button type="button" disabled={busy || !state} onClick={() => choose(plan, price)}>
									{text.choose(plan.name)}
								</button>
							)}
							{quote?.choice.plan === plan.id && (
								<Question plan={plan} quote={quote.quote} text={text} as={as} busy={busy}
									yes={() => confirm(quote.quote)} no={() => setQuote(undefined)} />
							)}
						</li>
					);
				})}
			</ul>
			{!plansOnly && plans.top_ups.length > 0 && (
				<>
					<h3>{text.credits}</h3>
					<ul className="tijori-top-ups">
						{plans.top_ups.map((one) => {
							const price = find(one.prices);
							return price && (
								<li key={one.id}>
									<p>{one.name}, {as.money(price.amount, price.currency)} {text.once}</p>
									<button type="button" disabled={busy || !state}
										onClick={() => buy(run, store, one.id, price.provider, leave)}>
										{text.buy(one.name)}
									</button>
								</li>
							);
						})}
					</ul>
				</>
			)}
		</section>
	);
}

type Runner = (work: () => Promise<unknown>) => void;

function buy(run: Runner, store: Store, top_up: string, provider: Provider, leave: (url: string) => void): void {
	run(async () => leave((await store.topUp({ top_up, provider })).url));
}

function pricesOf(plans: Plans, provider: Provider | undefined): Price[] {
	return plans.plans.flatMap((plan) => plan.prices).filter((one) => !provider || one.provider === provider);
}

interface FactsProps {
	plan: Plan;
	price: Price | undefined;
	period: Interval;
	text: Text;
	as: Formats;
	locale: string | undefined;
}

function PlanFacts({ plan, price, period, text, as, locale }: FactsProps): ReactElement {
	const purpose = plan.purpose[locale?.split("-")[0] ?? "en"] ?? plan.purpose["en"];
	const facts = [
		...plan.allowances.map((one) => text.perMeter(as.number(one.amount), one.meter, one.every)),
		...Object.entries(plan.limits).map(([name, most]) => text.limit(as.number(most), name)),
		...plan.entitlements.map((one) => text.feature(one)),
	];
	return (
		<>
			{purpose && <p className="tijori-purpose">{purpose}</p>}
			<p className="tijori-price">
				{price ? `${as.money(price.amount, price.currency)} ${every(text, period)}` : text.free}
			</p>
			<ul className="tijori-facts">{facts.map((one) => <li key={one}>{one}</li>)}</ul>
		</>
	);
}

interface QuestionProps {
	plan: Plan;
	quote: Quote;
	text: Text;
	as: Formats;
	busy: boolean;
	yes(): void;
	no(): void;
}

function Question({ plan, quote, text, as, busy, yes, no }: QuestionProps): ReactElement {
	return (
		<div className="tijori-question" role="group" aria-label={text.changeTo(plan.name)}>
			<p role="status">
				{text.changeTo(plan.name)} {text.dueNow(as.money(quote.due_now.amount, quote.due_now.currency))}.{" "}
				{text.begins(as.day(quote.begins_at))}.
			</p>
			<button type="button" disabled={busy} onClick={yes}>{text.confirm}</button>
			<button type="button" disabled={busy} onClick={no}>{text.back}</button>
		</div>
	);
}

interface OptionsProps {
	legend: string;
	value: string;
	options: (readonly [string, string])[];
	choose(value: string): void;
}

function Options({ legend, value, options, choose }: OptionsProps): ReactElement {
	const name = useId();
	return (
		<fieldset className="tijori-options">
			<legend>{legend}</legend>
			{options.map(([one, label]) => (
				<label key={one}>
					<input type="radio" name={name} value={one} checked={one === value} onChange={() => choose(one)} />
					{label}
				</label>
			))}
		</fieldset>
	);
}

/** useBusy runs one thing at a time and keeps what was refused, in words. */
export function useBusy(): { busy: boolean; problem: string | undefined; run: Runner } {
	const [busy, setBusy] = useState(false);
	const [problem, setProblem] = useState<string>();
	const run: Runner = (work) => {
		if (busy) return;
		setBusy(true);
		setProblem(undefined);
		work().catch((error) => setProblem(errorOf(error).message)).finally(() => setBusy(false));
	};
	return { busy, problem, run };
}

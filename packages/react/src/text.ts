import type { Interval } from "./store.js";

/** The words of the components. Give your own, in your language, as the property text. */
export const english = {
	plans: "Plans",
	credits: "Credits",
	loading: "Loading…",
	signIn: "Sign in to choose a plan.",
	billedEvery: "Billing period",
	month: "Monthly",
	year: "Yearly",
	payIn: "Pay in",
	perMonth: "per month",
	perYear: "per year",
	free: "Free",
	once: "once",
	yourPlan: "Your plan",
	recommended: "Recommended",
	choose: (plan: string) => `Choose ${plan}`,
	buy: (name: string) => `Buy ${name}`,
	changeTo: (plan: string) => `Change to ${plan}?`,
	dueNow: (amount: string) => `Due now: ${amount}`,
	begins: (day: string) => `Begins on ${day}`,
	confirm: "Confirm",
	back: "Go back",
	perMeter: (amount: string, meter: string, every: string) => `${amount} ${meter} every ${every}`,
	limit: (amount: string, name: string) => `Up to ${amount} ${name}`,
	feature: (name: string) => name,
	portal: "Your plan",
	noPlan: "No plan",
	renews: (day: string) => `Renews on ${day}`,
	ends: (day: string) => `Ends on ${day}`,
	left: (amount: string, meter: string) => `${amount} ${meter} left`,
	cancel: "Cancel plan",
	cancelQuestion: "Cancel the plan? What is paid is kept until it ends.",
	resume: "Keep plan",
	manage: "Manage payment",
	invoices: "Invoices",
	invoice: (number: string) => `Invoice ${number}`,
};

export type Text = typeof english;

/** Formats are as the reader's language has them. */
export function formats(locale: string | undefined) {
	return {
		/** money formats minor units, such as paise or cents. */
		money(amount: number, currency: string): string {
			const format = new Intl.NumberFormat(locale, { style: "currency", currency });
			const digits = format.resolvedOptions().maximumFractionDigits ?? 2;
			const value = amount / 10 ** digits;
			if (!Number.isInteger(value)) return format.format(value);
			const whole = { style: "currency", currency, maximumFractionDigits: 0 } as const;
			return new Intl.NumberFormat(locale, whole).format(value);
		},
		day: (time: string) => new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(new Date(time)),
		number: (amount: number) => new Intl.NumberFormat(locale).format(amount),
	};
}

export type Formats = ReturnType<typeof formats>;

export function every(text: Text, interval: Interval): string {
	return interval === "month" ? text.perMonth : text.perYear;
}

"use client";

import { useEffect, useMemo, useSyncExternalStore } from "react";
import { type Known, onServer, type Store, storeOf } from "./store.js";

/** What a page knows and may ask for. It shows; your server decides. */
export interface CustomerHook extends Known {
	/** Whether the plan has a feature, to show or hide a button. The server asks check or gate again. */
	can(feature: string): boolean;
	/** What can be spent of a meter; undefined until it is known. */
	credits(meter?: string): number | undefined;
	/** load asks anew, after your server has spent credits for example. */
	load(): Promise<void>;
	readonly store: Store;
}

/** useCustomer knows what the customer who is signed in has. Components that use the same route share one answer. */
export function useCustomer({ route = "/api/tijori" }: { route?: string } = {}): CustomerHook {
	const store = useMemo(() => storeOf(route), [route]);
	const known = useSyncExternalStore(store.watch, store.read, onServer);
	useEffect(() => {
		void store.load();
		// Whoever comes back to the page, from a payment page in another tab for example, sees what is now.
		const look = () => void (document.visibilityState === "visible" && store.load());
		document.addEventListener("visibilitychange", look);
		return () => document.removeEventListener("visibilitychange", look);
	}, [store]);
	return {
		...known,
		store,
		can: (feature) => known.state?.entitlements.includes(feature) ?? false,
		credits: (meter = "credits") => known.state?.meters.find((one) => one.meter === meter)?.balance,
		load: () => store.load(),
	};
}

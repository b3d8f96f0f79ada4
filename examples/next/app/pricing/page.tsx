import { PricingTable } from "@tijori/react";

export default function Page() {
	return (
		<>
			<h1>Pricing</h1>
			<PricingTable />
		</>
	);
}

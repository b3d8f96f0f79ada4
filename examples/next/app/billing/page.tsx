import { Portal } from "@tijori/react";

export default function Page() {
	return (
		<>
			<h1>Your plan</h1>
			<Portal />
		</>
	);
}

import { handler } from "@tijori/client";
import { signedIn } from "@/lib/session";
import { tijori } from "@/lib/tijori";

export const { GET, POST } = handler({
	tijori,
	identify: async () => {
		const person = await signedIn();
		return person && { id: person.org, name: person.name };
	},
});

import type * as api from "./api.js";
import type { Transport } from "./transport.js";

const repeats = 4;

/** The endpoints to which Tijori sends events. */
export class Webhooks {
	constructor(private readonly transport: Transport) {}

	async list(): Promise<api.Endpoint[]> {
		return (await this.transport.ask<api.Endpoints>("GET", "/api/v1/webhooks", { repeats })).webhooks;
	}

	/** add makes an endpoint. The secret is shown this once. */
	async add(url: string): Promise<api.EndpointSecret> {
		return this.transport.ask("POST", "/api/v1/webhooks", { body: { url } });
	}

	async remove(id: string): Promise<void> {
		await this.transport.ask("DELETE", path(id), { repeats });
	}

	/** rotate gives an endpoint another secret. Both sign for a day. */
	async rotate(id: string): Promise<api.EndpointSecret> {
		return this.transport.ask("POST", path(id, "/rotate"));
	}

	/** turnOn turns an endpoint on again and sends what it has missed. */
	async turnOn(id: string): Promise<void> {
		await this.transport.ask("POST", path(id, "/on"), { repeats });
	}

	/** test sends a test event. It answers with the number of the event. */
	async test(id: string): Promise<number> {
		return (await this.transport.ask<api.Sent>("POST", path(id, "/test"))).number;
	}

	/** redeliver sends an event once more. */
	async redeliver(id: string, number: number): Promise<void> {
		await this.transport.ask("POST", path(id, "/redeliver"), { body: { number } });
	}

	/** deliveries lists what was sent, the newest event first; before is the number of an event. */
	async deliveries(id: string, query: { before?: number; limit?: number } = {}): Promise<api.Delivery[]> {
		const page = await this.transport.ask<api.Deliveries>("GET", path(id, "/deliveries"), { query, repeats });
		return page.deliveries;
	}
}

function path(id: string, rest = ""): string {
	if (!/^[0-9a-fA-F-]{36}$/.test(id)) throw new TypeError(`${JSON.stringify(id)} is no id of an endpoint.`);
	return `/api/v1/webhooks/${id}${rest}`;
}

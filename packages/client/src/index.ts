export * from "./api.js";
export {
	Conflict, Denied, Insufficient, NotFound, RateLimited, Repeated, TijoriError, Unavailable, UpgradeRequired,
} from "./errors.js";
export type { GateSpend, Run } from "./gate.js";
export { type Customer, handler, type HandlerOptions } from "./handler.js";
export {
	answer as readSnapshot, type Jwk, type SnapshotAnswer, type SnapshotClaims, type SnapshotScope, type SnapshotStore,
	verifySnapshot,
} from "./snapshot.js";
export { type Answer, type Keyed, type Options, Tijori } from "./tijori.js";
export { InvalidSignature, verifyWebhook, webhook } from "./webhooks.js";

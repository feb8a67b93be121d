export { type AccessPolicy, connectionCredential } from "./admission-policy.ts";
export { AttributeTable } from "./attribute-table.ts";
export { Broker, type BrokerOptions, type BrokerStats, CLIENT_QUEUE_BYTES, FLUX_VERSION } from "./broker.ts";
export { type Decision, decideRequest, type RoutingView } from "./decide.ts";
export { earlyLogLine } from "./log-line.ts";
export { loadPeerCredentials, type PeerCredentials, type ReadPeerCredentials } from "./peer-credentials.ts";
export type { SlowClientPolicy, SlowCounters } from "./slow-clients.ts";
export type { Uplink } from "./uplink.ts";

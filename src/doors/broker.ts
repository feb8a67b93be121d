/** `fluxbus/broker`: a broker inside your program. */
export {
  AttributeTable,
  Broker,
  type BrokerOptions,
  type BrokerStats,
  CLIENT_QUEUE_BYTES,
  FLUX_VERSION,
  loadPeerCredentials,
  type PeerCredentials,
  type ReadPeerCredentials,
  type SlowClientPolicy,
  type SlowCounters,
} from "../broker/index.ts";
export type { LogLevel, LogRecord, Method, Methods } from "../client/index.ts";

export type { Connector, FrameReceiver, OpenConnector, Receiver } from "./connector.ts";
export type { FrameLink } from "./frame-link.ts";
export { loopConnector, receiveOnlyConnector } from "./loop.ts";
export { connectorPair, PairEnd } from "./pair.ts";
export { ancestorLevels, type ConnectorUri, DEFAULT_URI, parseUri } from "./uri.ts";
export {
  connectWebSocket,
  type WebSocketClass,
  type WebSocketLike,
  type WebSocketOptions,
} from "./websocket.ts";

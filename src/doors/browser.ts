/** `fluxbus/browser`: the client over a WebSocket; nothing of Node in it. */
import { Flux, type FluxOptions } from "../client/index.ts";
import { connectWebSocket, type WebSocketOptions } from "../connector/index.ts";

/**
 * Connects to a broker through a gateway's WebSocket, which carries the bytes of a Flux connection.
 * @param url - `ws://` or `wss://`.
 * @returns an open handle, as `connect` of `fluxbus` gives.
 * @throws FluxError as `connectWebSocket` does.
 */
export async function connect(url: string, options: FluxOptions & WebSocketOptions = {}): Promise<Flux> {
  const open = (signal?: AbortSignal) => connectWebSocket(url, { ...options, signal });
  return new Flux(await open(options.signal), open, options);
}

export { type ErrnoName, errno, FluxError, type OverflowPolicy, strerror } from "../base/index.ts";
export {
  type CallOptions,
  Event,
  type EventMark,
  Flux,
  type FluxOptions,
  type HandleOptions,
  type LostEvents,
  type Method,
  type Methods,
  type Payload,
  type PublishOptions,
  type ReconnectOptions,
  Replay,
  type ReplayOptions,
  Request,
  Response,
  ResponseStream,
  Service,
  type Since,
  type Status,
  type StreamOptions,
  type SubscribeOptions,
  Subscription,
} from "../client/index.ts";
export type { WebSocketClass, WebSocketLike, WebSocketOptions } from "../connector/index.ts";
export { type JsonObject, type JsonValue, pack, Real, real, unpack } from "../json/index.ts";
export {
  type EventPosition,
  formatPosition,
  NODEID_ANY,
  NODEID_UPSTREAM,
  parsePosition,
  Role,
} from "../message/index.ts";

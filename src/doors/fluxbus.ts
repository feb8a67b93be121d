/** `fluxbus`: what a program needs to call, stream, publish, subscribe and serve. */
export { type ErrnoName, errno, FluxError, type OverflowPolicy, strerror } from "../base/index.ts";
export {
  Attributes,
  type CallOptions,
  Event,
  Flux,
  type FluxOptions,
  type HandleOptions,
  type LogLevel,
  type LogRecord,
  type Method,
  type MethodCall,
  type Methods,
  type Payload,
  type PingReply,
  type Published,
  type PublishOptions,
  parseLogRecord,
  Received,
  type ReconnectOptions,
  Request,
  type RequestHandler,
  Response,
  ResponseStream,
  type RpcOptions,
  Service,
  type Status,
  type StreamOptions,
  type SubscribeOptions,
  Subscription,
} from "../client/index.ts";
export { type ConnectOptions, connect } from "../connect/index.ts";
export { type JsonObject, type JsonValue, pack, Real, real, unpack } from "../json/index.ts";
export { NODEID_ANY, NODEID_UPSTREAM, Role } from "../message/index.ts";

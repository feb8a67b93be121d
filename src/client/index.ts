export { Attributes } from "./attributes.ts";
export type { ReconnectOptions } from "./backoff.ts";
export type { Published } from "./caller.ts";
export { Event } from "./event.ts";
export { describeLost, type EventMark, type LostEvents } from "./event-mark.ts";
export { faultReport } from "./fault-report.ts";
export { Flux } from "./flux.ts";
export type { FluxOptions } from "./flux-options.ts";
export { Followers } from "./followers.ts";
export { describeThrown, guarded } from "./guard.ts";
export {
  type HandleOptions,
  type OnFault,
  type RequestHandler,
  RequestHandlers,
  type RequestHandlersOptions,
} from "./handlers.ts";
export {
  checkJson,
  checkJsonSize,
  type JsonLimits,
  type JsonSize,
  type RequestLimits,
  requestLimits,
} from "./json-limits.ts";
export { type Ledger, OPEN_REQUEST_BYTES } from "./ledger.ts";
export {
  encodeLogRecord,
  formatLogRecord,
  LOG_LEVELS,
  type LogHeader,
  type LogLevel,
  type LogNames,
  type LogRecord,
  logLines,
  logTimestamp,
  parseLogHeader,
  parseLogRecord,
  severityOf,
  trimLineEnds,
} from "./log-record.ts";
export { type Log, type LogCause, type LogClock, LogSummary, type LogSummaryOptions } from "./log-summary.ts";
export {
  answeredAtOnce,
  handlerOf,
  type Method,
  type MethodCall,
  type MethodResult,
  type Methods,
} from "./method.ts";
export type {
  CallOptions,
  PublishOptions,
  ReplayOptions,
  RpcOptions,
  StreamOptions,
  SubscribeOptions,
} from "./options.ts";
export { encodePayload, type Payload } from "./payload.ts";
export type { PingReply } from "./ping.ts";
export { encodePublish } from "./publish.ts";
export { Received } from "./received.ts";
export { Replay } from "./replay.ts";
export {
  encodeReplay,
  headJson,
  REPLAY_TOPICS,
  type ReplayHead,
  type ReplayResponse,
  readReplay,
  type Since,
  sinceJson,
} from "./replay-wire.ts";
export { type Reply, Request } from "./request.ts";
export { Response } from "./response.ts";
export { ResponseStream } from "./response-stream.ts";
export type { Exchange, StrayReceiver, Waiting } from "./rpc.ts";
export { describeFinding, type SequenceFinding, SequenceWatch } from "./sequence-watch.ts";
export { Service } from "./service.ts";
export type { Status } from "./session.ts";
export { Subscription } from "./subscription.ts";

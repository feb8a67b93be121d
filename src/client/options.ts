import type { OverflowPolicy } from "../base/index.ts";
import type { LostEvents } from "./event-mark.ts";
import type { Since } from "./replay-wire.ts";

/** Where a request goes and how long its caller waits. */
export interface RpcOptions {
  /** Rank the request is for, or `NODEID_ANY` (the default: the nearest rank with the service) or `NODEID_UPSTREAM`. */
  readonly nodeid?: number | undefined;
  /** True sends to the parent of this rank: the same as nodeid `NODEID_UPSTREAM`. */
  readonly upstream?: boolean | undefined;
  /** Milliseconds until the call fails with ETIMEDOUT; default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Gives the call up: it fails with ECANCELED. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a call with one response. */
export interface CallOptions extends RpcOptions {
  /** True asks for no response: the call resolves as soon as the request is queued. */
  readonly noResponse?: boolean | undefined;
}

/** Options of a call with a stream of responses; `timeoutMs` is the longest wait for each of them. */
export interface StreamOptions extends RpcOptions {
  /** Most responses held for a slow reader, default 65,536; beyond it the stream is cancelled and throws ENOBUFS. */
  readonly maxQueue?: number | undefined;
}

/** Options of a publication. */
export interface PublishOptions {
  /** True: only the instance owner and the sender get the event. */
  readonly private?: boolean | undefined;
  /** Milliseconds until the publication fails with ETIMEDOUT; default: no limit. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options of a subscription. */
export interface SubscribeOptions {
  /** Most events held for a slow reader; default 65,536. */
  readonly maxQueue?: number | undefined;
  /** What happens beyond it; default `"fail"`: the iteration throws ENOBUFS. Drops are counted in `subscription.dropped`. */
  readonly overflow?: OverflowPolicy | undefined;
  /** Roles whose events are taken, a mask; default `Role.OWNER`, for guests may publish any topic. `Role.ALL` takes all. */
  readonly allow?: number | undefined;
  /** Ends the subscription: its iteration finishes. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a subscription with a memory. */
export interface ReplayOptions {
  /** Where to begin. `"now"` gives a live subscription that loses nothing when it is slow or reconnects. Times are milliseconds since 1970, or a Date. */
  readonly since: Since;
  /** True gives marks between the events, and in the place of lost ones. Default false. */
  readonly marks?: boolean | undefined;
  /** Hears of events that are gone for good, in their place. Without it and without `marks` the iteration throws ESTALE. */
  readonly onLost?: ((lost: LostEvents) => void) | undefined;
  /** Most events held for a slow reader, default 65,536: beyond it the broker keeps them until they are asked for. */
  readonly maxQueue?: number | undefined;
  /** Roles whose events are taken, a mask; default `Role.OWNER`. */
  readonly allow?: number | undefined;
  /** Ends the replay: its iteration finishes. */
  readonly signal?: AbortSignal | undefined;
}

/** Default of `maxQueue`, in items. */
export const MAX_QUEUE = 65_536;

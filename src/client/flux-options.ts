import type { FluxError } from "../base/index.ts";
import type { Message } from "../message/index.ts";
import type { ReconnectOptions } from "./backoff.ts";
import type { JsonLimits } from "./json-limits.ts";
import type { LogLevel } from "./log-record.ts";
import type { Status } from "./session.ts";

/** Options of a handle, whatever it connects through. */
export interface FluxOptions {
  /** True, or how: a lost connection is made again, and its subscriptions and services with it. Default: it stays lost. */
  readonly reconnect?: boolean | ReconnectOptions | undefined;
  /** Called when the connection is lost, made again or closed. */
  readonly onStatus?: ((status: Status, reason: FluxError | undefined) => void) | undefined;
  /** Takes what the handle has to say: lost events, faults of handlers. Default: `console.warn`. */
  readonly onLog?: ((level: LogLevel, text: string) => void) | undefined;
  /** Sees each message that is sent and received. */
  readonly trace?: ((direction: "tx" | "rx", message: Message) => void) | undefined;
  /**
   * Largest frame that is sent or taken, in bytes without the preamble of 8; from 1,024 on, default
   * 128 MiB. A message to send that is over it is refused with EMSGSIZE; one that arrives fails alone.
   */
  readonly maxFrameBytes?: number | undefined;
  /** User id stamped on all messages; only an owner's is taken over by the broker. Default: the broker fills it in. */
  readonly userid?: number | undefined;
  /** Rolemask stamped on all messages; only an owner's is taken over by the broker. Default: the broker fills it in. */
  readonly rolemask?: number | undefined;
  /** `[user@]host` that the connection leads to through a proxy on this host: the attribute `parent-uri` is then given as an ssh:// URI. */
  readonly proxyRemote?: string | undefined;
  /** Largest JSON of the requests that this handle's services parse. Default: 32 MiB of the owner, 5 MiB of others; see JsonLimits. */
  readonly limits?: JsonLimits | undefined;
  /** Program name in log records, 48 characters at most; default `"fluxbus"`. */
  readonly appname?: string | undefined;
  /** Process id in log records; default `-`. */
  readonly procid?: string | undefined;
}

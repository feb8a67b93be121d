import type { LogCause, LogLevel } from "../client/index.ts";
import type { RepairAnswer } from "../event-log/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { EventRange, Message } from "../message/index.ts";
import type { PendingAccount, PendingOptions } from "./pending-account.ts";
import type { SubtreeStatus } from "./subtree-status.ts";
import type { Topology } from "./topology.ts";
import type { TreeTransport } from "./transport.ts";

/** What an overlay gives to the broker it serves. None of these may throw. */
export interface OverlayHost {
  /** A request from a neighbour for this broker to route. Its stack holds the way back, the neighbour's uuid on top; the LOCAL role is gone. */
  request(request: Message): void;
  /** A response for this rank, as a requester of this broker sees it. */
  response(response: Message): void;
  /** Above rank 0: a numbered event for local subscribers. It has been sent on to the children; no routes are left. */
  event(event: Message): void;
  /** Above rank 0: events that never come, in their place among those that do. */
  lost?(range: EventRange): void;
  /** Rank 0: an event of another rank that has no number yet. Its route stack is gone. */
  publish(event: Message): void;
  /** Something that leads the life of the broker: parent-fail, children-none, children-complete, goodbye. `error`: it is to exit with 1. */
  post(event: string, error: boolean): void;
  /** Takes a line for the log; with a cause one that a neighbour brings about, which is counted when too many come. */
  log(level: LogLevel, text: string, cause?: LogCause): void;
  /** The subtree or the responsiveness of a child changed. */
  child?(child: ChildState): void;
}

/** What others are told of a child. */
export interface ChildState {
  readonly rank: number;
  readonly status: SubtreeStatus;
  readonly torpid: boolean;
}

/** How long silence lasts before it matters. */
export interface TorpidSettings {
  /** The parent hears from this broker after so many milliseconds at the latest; default 5000. */
  readonly torpidMinMs: number;
  /** A child is torpid after so many milliseconds without a message; 0 never; default 30,000. */
  readonly torpidMaxMs: number;
}

/** Time, as an overlay sees it. */
export interface OverlayClock {
  /** Milliseconds that only grow. */
  now(): number;
  /** Calls `call` once after `ms` milliseconds, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

export interface OverlayOptions {
  readonly rank: number;
  readonly topology: Topology;
  /** The name of this run of the broker, new with each start: 36 characters. */
  readonly uuid: string;
  /** Name of this host, as the hostlist has it at `rank`. */
  readonly hostname: string;
  /** Names of the hosts of all ranks in order; as a function it is asked until it gives as many as there are ranks. */
  readonly hostlist: readonly string[] | (() => readonly string[]);
  /** Version of the protocol, as `encodeVersion` makes it. Neighbours have the same major and minor. */
  readonly version: number;
  /** User id of the owner, for the responses that the overlay makes itself. */
  readonly owner: number;
  /** What carries the messages; none for an instance of one rank. The overlay closes it. */
  readonly transport?: TreeTransport | undefined;
  readonly settings?: Partial<TorpidSettings> | undefined;
  /** Whether `tcp://` takes IPv6 too; default false. */
  readonly ipv6?: boolean | undefined;
  /** Whether messages to neighbours that can read it go in bundles, which is several times faster; default false. See bundle.ts. */
  readonly bundles?: boolean | undefined;
  /** How many requests wait for other ranks; beyond that they are refused with EAGAIN. */
  readonly pending?: PendingOptions | undefined;
  /** Charged with each of these requests besides, and asked for room; default nobody. */
  readonly account?: PendingAccount | undefined;
  /**
   * What overlay.config-reload and overlay.config-sync (`initial`) make of a configuration; without it there are no such methods.
   * Throws FluxError for one that is to be refused.
   */
  readonly reconfigure?: ((config: JsonObject, initial: boolean) => TorpidSettings) | undefined;
  /** Gets events that did not come, from whoever keeps them. Without it they are lost at once. */
  readonly repair?: ((range: EventRange, signal: AbortSignal) => Promise<RepairAnswer>) | undefined;
  readonly host: OverlayHost;
  readonly clock?: OverlayClock | undefined;
}

/** Counters of an overlay, as they are now. */
export interface OverlayStats {
  readonly children: number;
  readonly childrenOnline: number;
  readonly parents: number;
  /** Requests sent to the parent, and to children, that wait for an answer. */
  readonly parentRpcs: number;
  readonly childRpcs: number;
  /** Requests of children that wait for an answer. */
  readonly childRequests: number;
  /** Messages that wait to be sent. */
  readonly queued: number;
  /** Bytes of what is kept of the requests that wait. */
  readonly pendingBytes: number;
  /** Requests that were refused because too many wait, or their routes and topic were too long. */
  readonly refused: number;
  /** Messages of peers that are no children, dropped without an answer. */
  readonly ignored: number;
}

/** The system's clock. Its timers keep no process alive: the sockets do. */
export const SYSTEM_CLOCK: OverlayClock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

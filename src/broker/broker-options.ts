import type { JsonLimits, LogLevel, LogRecord } from "../client/index.ts";
import type { TypeCounters } from "../methods/index.ts";
import type { EventLogOptions } from "../replay/index.ts";
import type { ReadPeerCredentials } from "../system/index.ts";
import type { NameDatabase } from "./access-names.ts";
import type { AccountCounters, GuestLimits } from "./accounts.ts";
import type { AttributeTable } from "./attribute-table.ts";
import type { ConnectionLimits } from "./connection-limits.ts";
import type { IngressOptions } from "./ingress.ts";
import type { ModuleConfig, ModuleLoader } from "./module-loader.ts";
import type { RefusedCounters } from "./refusals.ts";
import type { SlowClientPolicy, SlowCounters } from "./slow-clients.ts";

/** The flux-core version whose protocol this is: what the attribute `version` says. */
export const FLUX_VERSION = "0.88.0";

/** Default of `clientQueueBytes`, 128 MiB: a slow reader of 100 MiB of job output stays connected. */
export const CLIENT_QUEUE_BYTES = 128 * 1024 * 1024;

/** Options of a broker. The limits of clients' messages are with IngressLimits, those of guests with GuestLimits. */
export interface BrokerOptions extends IngressOptions, GuestLimits, ConnectionLimits {
  /** Rank of the broker, default 0, and number of ranks of its instance, default 1. Other ranks are reached by what `attach` is given. */
  readonly rank?: number | undefined;
  readonly size?: number | undefined;
  /** Absolute path of the UNIX socket, in a directory that is there. Without one only `connect` leads to the broker. */
  readonly socketPath?: string | undefined;
  /** Attributes besides those the broker sets itself, which they override. A table is used as it is, and goes on being its owner's. */
  readonly attributes?: Readonly<Record<string, string>> | AttributeTable | undefined;
  /** Lets other users in, as guests, unless the configuration says otherwise. Default false. Source: RFC 12. */
  readonly allowGuests?: boolean | undefined;
  /** Lets root in as the owner, unless the configuration says otherwise. Default false. */
  readonly allowRootOwner?: boolean | undefined;
  /** Largest payload of a guest's request to publish an event, in bytes, base64 included; default 16 MiB. */
  readonly guestPublishBytes?: number | undefined;
  /** Most bytes queued for a client that does not read; default 128 MiB. */
  readonly clientQueueBytes?: number | undefined;
  /** Largest JSON of the requests that the broker's own services parse. Default: 32 MiB of the owner, 5 MiB of others; see JsonLimits. */
  readonly limits?: JsonLimits | undefined;
  /** What happens to a client with a full queue when an event comes; default `"disconnect"`. */
  readonly slowClient?: SlowClientPolicy | undefined;
  /**
   * How many events are kept, in memory and on disk, to be given again; null for none. Default: 65,536 in memory, of 8 MiB at most. Source: docs/events.md.
   */
  readonly events?: Omit<EventLogOptions, "rank" | "schedule" | "leaving"> | null | undefined;
  /** Most replays of events at once of a user who is not the owner: default 32,768, a whole number from 0 on. */
  readonly guestReplays?: number | undefined;
  /** Number of the event before the first; default 0. For tests of the last numbers. */
  readonly lastEvent?: number | undefined;
  /** Records the log keeps; default 1024. */
  readonly logRingSize?: number | undefined;
  /** Least severe level the log keeps; default `"debug"`. */
  readonly logLevel?: LogLevel | undefined;
  /**
   * Milliseconds between two summaries of log lines that others cause: the first few of a kind and a user are logged, further ones
   * are counted. 1 to 2,147,483,647; default 60,000.
   */
  readonly logSummaryMs?: number | undefined;
  /** Takes each record of the log as it comes. Default: nobody. */
  readonly onLog?: ((record: LogRecord) => void) | undefined;
  /** Takes the lines for standard error, which the attributes `log-stderr-*` and `log-critical-level` choose. Default: nobody. */
  readonly printLog?: ((line: string) => void) | undefined;
  /** Takes a change of `log-stderr-level` before it is made; may throw. */
  readonly onSetAttribute?: ((name: string, value: string) => void) | undefined;
  /** Finds and starts modules. Without one `module.load` answers ENOSYS. */
  readonly moduleLoader?: ModuleLoader | undefined;
  /** Hears that a module has failed at run time, which an instance does not survive. Default: it is logged. */
  readonly onModulePanic?: ((text: string) => void) | undefined;
  /** The configuration, for modules that are loaded, and its table `[access]` for who may connect. Default: an empty one that never changes. */
  readonly config?: ModuleConfig | undefined;
  /** How to learn who connects. Default: SO_PEERCRED through koffi, where both are to be had. */
  readonly readPeer?: ReadPeerCredentials | undefined | null;
  /** Who has which name and is in which group, for the roles of guests. Default: the system's databases, through getent(1). */
  readonly names?: NameDatabase | undefined;
}

/** Counters of a broker. */
export interface BrokerStats {
  readonly clients: number;
  /** Sequence number of the latest event. */
  readonly lastEvent: number;
  /** Messages received and sent, by type. */
  readonly rx: Readonly<TypeCounters>;
  readonly tx: Readonly<TypeCounters>;
  /** Clients closed, events dropped and requests refused because a queue was full. */
  readonly slow: SlowCounters;
  /** Messages that were over a limit. */
  readonly refused: RefusedCounters;
  /** What guests hold, and what their limits have cost. */
  readonly guests: GuestStats;
}

/** What guests hold at a broker, and what their limits have cost. */
export interface GuestStats extends AccountCounters {
  /** Bytes kept for all guests, as measured last. */
  readonly bytes: number;
  readonly connections: number;
}

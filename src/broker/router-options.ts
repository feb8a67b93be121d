import type { Log } from "../client/index.ts";
import type { EventLog } from "../replay/index.ts";
import type { Accounts } from "./accounts.ts";
import type { IngressOptions } from "./ingress.ts";
import type { RouteIdentity } from "./route-identity.ts";
import type { SlowClientPolicy } from "./slow-clients.ts";

export interface RouterOptions {
  readonly rank: number;
  readonly owner: number;
  readonly identity: RouteIdentity;
  readonly slowClient: SlowClientPolicy;
  /** Who holds how much of the broker's memory. */
  readonly accounts: Accounts;
  /** Keeps the events that can be given again; nobody does when left out. */
  readonly events?: EventLog | undefined;
  /** Limits of what clients send; `maxFrameBytes` holds for what is sent to them as well. Default: INGRESS_LIMITS. */
  readonly limits?: IngressOptions | undefined;
  /** Number of the event before the first. */
  readonly lastEvent?: number | undefined;
  readonly log: Log;
  /** Runs a flush at the end of the turn of the event loop. */
  readonly schedule: (flush: () => void) => void;
}

import { EMPTY } from "../base/index.ts";
import { encodePushed } from "../message/index.ts";
import type { Bundle } from "./bundle.ts";
import type { PendingAccount } from "./pending-account.ts";
import { RpcTracker } from "./rpc-tracker.ts";
import { combineStatus, isOnline, type SubtreeStatus } from "./subtree-status.ts";

/** A rank right below this broker, and what is known of it. Times are milliseconds of the overlay's clock. */
export interface Child {
  readonly rank: number;
  /** Of its subtree; changed by `Children.setStatus` only. */
  status: SubtreeStatus;
  /** When `status` changed last. */
  statusSince: number;
  /** Name of its latest run, and the same as a route part; empty before the first. Changed by `Children.rename` only. */
  uuid: string;
  part: Uint8Array;
  /** Takes what is sent to it, if it reads bundles; ended with its connection. */
  bundle: Bundle | undefined;
  /** When it was heard from last; undefined before its first hello. */
  lastSeen: number | undefined;
  /** True when it has not been heard from for long. */
  torpid: boolean;
  /** Why it is not online; empty when there is nothing to say. */
  error: string;
  /** Requests that were sent its way. */
  readonly sent: RpcTracker;
  /** Requests that came from it. */
  readonly received: RpcTracker;
}

/** What `setStatus` did. */
export type StatusChange = "none" | "changed" | "left";

/** The table of a broker's children, found by rank and, while they are online, by uuid. It sends nothing. Source: children.c in flux-core. */
export class Children {
  readonly #byRank: ReadonlyMap<number, Child>;
  readonly #online = new Map<string, Child>();
  /** How many have each status. */
  readonly #counts = new Map<SubtreeStatus, number>();

  /** All children are offline at first, since `now`. What waits for their answers is charged to `account`. */
  constructor(ranks: readonly number[], now: number, account: PendingAccount) {
    this.#byRank = new Map(
      ranks.map((rank) => [
        rank,
        {
          rank,
          status: "offline",
          statusSince: now,
          uuid: "",
          part: EMPTY,
          bundle: undefined,
          lastSeen: undefined,
          torpid: false,
          error: "",
          sent: new RpcTracker(account),
          received: new RpcTracker(account, true),
        },
      ]),
    );
    this.#count("offline", ranks.length);
  }

  get size(): number {
    return this.#byRank.size;
  }

  get onlineCount(): number {
    return this.#online.size;
  }

  /** In the order of their ranks. */
  [Symbol.iterator](): Iterator<Child> {
    return this.#byRank.values();
  }

  byRank(rank: number): Child | undefined {
    return this.#byRank.get(rank);
  }

  /** The child that is online under this uuid. */
  online(uuid: string): Child | undefined {
    return this.#online.get(uuid);
  }

  isOnline(child: Child): boolean {
    return this.#online.get(child.uuid) === child;
  }

  /** The children that are online, in the order they came. */
  onlineChildren(): IterableIterator<Child> {
    return this.#online.values();
  }

  /** A child that is not online comes back under a new name. */
  rename(child: Child, uuid: string): void {
    child.uuid = uuid;
    child.part = encodePushed([uuid]);
  }

  /** Puts a child into a state; `left` when it was online before and is no more. */
  setStatus(child: Child, status: SubtreeStatus, now: number): StatusChange {
    if (child.status === status) return "none";
    const left = isOnline(child.status) && !isOnline(status);
    if (left) this.#online.delete(child.uuid);
    else if (isOnline(status)) this.#online.set(child.uuid, child);
    this.#count(child.status, -1);
    this.#count(status, 1);
    child.status = status;
    child.statusSince = now;
    return left ? "left" : "changed";
  }

  /** The status of this broker's own subtree. */
  subtreeStatus(): SubtreeStatus {
    return combineStatus(this.#counts.keys());
  }

  /**
   * Finds out which children have fallen silent, or are heard from again, and marks them so; returns those that changed, with the milliseconds of silence.
   * `maxMs` 0 means that silence is no matter.
   */
  updateTorpid(now: number, maxMs: number): { readonly child: Child; readonly silenceMs: number }[] {
    const changed: { child: Child; silenceMs: number }[] = [];
    for (const child of this.#online.values()) {
      if (child.lastSeen === undefined) continue;
      const silenceMs = now - child.lastSeen;
      const torpid = maxMs > 0 && silenceMs >= maxMs;
      if (torpid === child.torpid) continue;
      child.torpid = torpid;
      changed.push({ child, silenceMs });
    }
    return changed;
  }

  #count(status: SubtreeStatus, more: number): void {
    const count = (this.#counts.get(status) ?? 0) + more;
    if (count === 0) this.#counts.delete(status);
    else this.#counts.set(status, count);
  }
}

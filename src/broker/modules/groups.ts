import { encodeIdset, FluxError, ownText } from "../../base/index.ts";
import type { Log, Methods, Request } from "../../client/index.ts";
import type { JsonObject } from "../../json/index.ts";
import { isAuthorized, MAX_TOPIC_BYTES, Role, utf8Fits } from "../../message/index.ts";
import { decodeUpdates, encodeUpdates, GroupBatch, type GroupUpdate } from "./group-update.ts";

export interface GroupsOptions {
  /** Rank of the broker. */
  readonly rank: number;
  /** How long updates are collected before they are applied and passed on, in milliseconds: default 100; 0 applies each at once. */
  readonly batchMs?: number | undefined;
  /** Ranks at and below this one; once all of them join a group, there is nobody to wait for. Default: not known. */
  readonly subtreeSize?: number | undefined;
  readonly log: Log;
  /** Passes the payload of groups.update on to the parent; none on rank 0. */
  readonly toParent?: ((payload: JsonObject) => void) | undefined;
}

/** Who made this broker's rank a member: a client, by its request, or the broker. */
type Holder = Request | "broker";

interface Group {
  readonly members: Set<number>;
  readonly watchers: Set<Request>;
  holder: Holder | undefined;
}

/** The ranks in a group, ascending. */
export type Members = readonly number[];

const BATCH_MS = 100;

/**
 * Named sets of ranks. A client makes the rank of its broker a member until it leaves or disconnects; each broker knows the members among itself and
 * the ranks below it, rank 0 all of them. `broker.online` holds the ranks that are up. Source: groups.c in flux-core.
 *
 * Ends with `stop`.
 */
export class Groups {
  readonly #options: GroupsOptions;
  readonly #groups = new Map<string, Group>();
  readonly #listeners = new Set<(name: string, members: Members) => void>();
  readonly #batch = new GroupBatch();
  #timer: NodeJS.Timeout | undefined;

  /** The methods of the service `groups`. */
  readonly methods: Methods = {
    join: { request: (request) => this.#joinRequest(request) },
    leave: { request: (request) => this.#leaveRequest(request) },
    get: { allow: Role.USER, request: (request) => this.#getRequest(request) },
    update: { request: (request) => this.#updateRequest(request) },
    "stats-get": { allow: Role.USER, answer: () => ({ subtree: this.#subtree() }) },
    disconnect: { allow: Role.USER, request: (request) => this.#disconnect(request) },
  };

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** Makes this rank a member of a group, for the broker itself. Throws EEXIST when it is one. */
  join(name: string): void {
    this.#join(name, "broker");
  }

  /** Takes this rank out of a group. Throws ENOENT when it is no member. */
  leave(name: string): void {
    const group = this.#groups.get(name);
    if (group?.holder === undefined)
      throw new FluxError("ENOENT", `rank ${this.#options.rank} is not a member of ${name}`);
    group.holder = undefined;
    this.#update(name, { ranks: [this.#options.rank], set: false });
  }

  /** The members of a group that this broker knows of; none of a group that is not there. */
  members(name: string): Members {
    return [...(this.#groups.get(name)?.members ?? [])].sort((a, b) => a - b);
  }

  /** Calls `listener` with the members of a group after each update of it, until the returned function is called. */
  onChange(listener: (name: string, members: Members) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Ranks below are in a group or not, as the tree sees it: for `broker.torpid`. Those of which that is known already stay as they are. */
  set(name: string, ranks: Members, set: boolean): void {
    const members = this.#groups.get(name)?.members;
    const isIn = (rank: number): boolean => this.#batch.last(name, rank) ?? members?.has(rank) ?? false;
    const changed = ranks.filter((rank) => isIn(rank) !== set);
    if (changed.length > 0) this.#update(name, { ranks: changed, set });
  }

  /** Ranks below are lost: they leave all groups. */
  lose(ranks: Members): void {
    this.flush();
    for (const [name, { members }] of [...this.#groups]) {
      const lost = ranks.filter((rank) => members.has(rank));
      if (lost.length > 0) this.#update(name, { ranks: lost, set: false });
    }
  }

  /** Applies what was collected, and passes it on to the parent. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#batch.isEmpty) return;
    const updates = this.#batch.take();
    this.#options.toParent?.({ update: encodeUpdates(updates) });
    for (const [name, entries] of updates) this.#apply(name, entries);
  }

  /** Collects no longer. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #join(name: string, holder: Holder): void {
    const group = this.#group(name);
    if (group.holder !== undefined)
      throw new FluxError("EEXIST", `rank ${this.#options.rank} is already a member of ${name}`);
    group.holder = holder;
    this.#update(name, { ranks: [this.#options.rank], set: true });
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { members: new Set(), watchers: new Set(), holder: undefined };
      this.#groups.set(ownText(name), group);
    }
    return group;
  }

  #update(name: string, ...updates: GroupUpdate[]): void {
    this.#batch.add(name, ...updates);
    const { batchMs = BATCH_MS, subtreeSize = Number.POSITIVE_INFINITY } = this.#options;
    const joining = this.#batch.joining(name);
    const isComplete = joining > 0 && this.#group(name).members.size + joining >= subtreeSize;
    if (batchMs === 0 || isComplete) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), batchMs);
  }

  #apply(name: string, updates: readonly GroupUpdate[]): void {
    const group = this.#group(name);
    for (const { ranks, set } of updates) {
      for (const rank of ranks) {
        if (set) group.members.add(rank);
        else group.members.delete(rank);
      }
    }
    for (const request of group.watchers) this.#respond(request, name);
    if (this.#listeners.size > 0) {
      const members = this.members(name);
      for (const listener of this.#listeners) listener(name, members);
    }
    this.#tidy(name, group);
  }

  /** Nobody is in the group or wants to know of it: it is as if it had never been. */
  #tidy(name: string, { members, watchers, holder }: Group): void {
    if (members.size === 0 && watchers.size === 0 && holder === undefined) this.#groups.delete(name);
  }

  #respond(request: Request, name: string): void {
    request.respond({ members: encodeIdset(this.#groups.get(name)?.members ?? []) });
  }

  #joinRequest(request: Request): void {
    const name = nameOf(request);
    refuseRemote(request, "join");
    this.#join(name, request);
    request.respond();
  }

  #leaveRequest(request: Request): void {
    const name = nameOf(request);
    refuseRemote(request, "leave");
    this.leave(name);
    request.respond();
  }

  #getRequest(request: Request): void {
    const name = nameOf(request);
    // Other ranks know of those below them only.
    if (this.#options.rank !== 0) throw new FluxError("EPROTO", "this RPC is only available on rank 0");
    this.#respond(request, name);
    if (!request.streaming || request.noResponse) return;
    const group = this.#group(name);
    group.watchers.add(request);
    request.signal.addEventListener("abort", () => this.#unwatch(name, group, request), { once: true });
  }

  #unwatch(name: string, group: Group, request: Request): void {
    group.watchers.delete(request);
    this.#tidy(name, group);
  }

  /** From a broker below; it wants no response, and gets none. */
  #updateRequest(request: Request): void {
    try {
      const [update] = request.unpack("{s:o}", "update");
      for (const [name, updates] of decodeUpdates(update)) this.#update(name, ...updates);
    } catch (thrown) {
      const text = `error decoding groups.update request: ${FluxError.from(thrown, "EPROTO").message}`;
      this.#options.log("err", text, { kind: "groups.update malformed", userid: request.userid });
    }
  }

  #subtree(): JsonObject {
    const subtree: Record<string, string> = {};
    for (const [name, { members }] of this.#groups) subtree[name] = encodeIdset(members);
    return subtree;
  }

  /** A client is gone: what it joined it leaves, what it watched it watches no more. */
  #disconnect(request: Request): void {
    this.flush();
    for (const [name, group] of [...this.#groups]) {
      const { holder, watchers } = group;
      if (holder !== undefined && holder !== "broker" && isOf(request, holder)) this.leave(name);
      for (const watcher of watchers) {
        if (!isOf(request, watcher)) continue;
        this.#unwatch(name, group, watcher);
        // Nobody hears it, but the request counts as open until it has its last answer.
        watcher.respondError("ENODATA");
      }
    }
  }
}

/** The name of a group in a request. What other brokers call their groups is not limited. */
function nameOf(request: Request): string {
  const [name] = request.unpack("{s:s}", "name");
  if (!utf8Fits(name, MAX_TOPIC_BYTES))
    throw new FluxError("EINVAL", `name of a group is over the limit of ${MAX_TOPIC_BYTES} bytes`);
  return name;
}

function refuseRemote(request: Request, method: string): void {
  if ((request.rolemask & Role.LOCAL) === 0)
    throw new FluxError("EPROTO", `groups.${method} is restricted to the local broker`);
}

/** True when `disconnect` was sent for the client that sent `request`. */
function isOf(disconnect: Request, request: Request): boolean {
  return (
    disconnect.message.firstRoute === request.message.firstRoute &&
    isAuthorized(disconnect.message, request.userid)
  );
}

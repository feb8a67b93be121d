import { encodeIdset, FluxError, ownText } from "../../base/index.ts";
import { Followers, type Log, type Methods, type Request } from "../../client/index.ts";
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

/** Who made this broker's rank a member: a client, by a request of which the sender is known, or the broker. */
type Holder = Sender | "broker";

/** A client, and the groups that the rank is a member of because of it. */
interface Sender {
  readonly id: string;
  readonly userid: number;
  readonly groups: Set<string>;
}

interface Group {
  readonly members: Set<number>;
  holder: Holder | undefined;
}

/** Largest number of ranks that a groups.update request may name, all its entries together. */
export const MAX_RANKS = 1 << 20;

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
  /** Those who are told of changes, also of groups that nobody is in. */
  readonly #watchers = new Map<string, Followers>();
  /** Clients that hold groups, by their ids. */
  readonly #senders = new Map<string, Sender[]>();
  readonly #listeners = new Set<(name: string, members: Members) => void>();
  readonly #batch = new GroupBatch();
  #timer: NodeJS.Timeout | undefined;

  /** The methods of the service `groups`. */
  readonly methods: Methods = {
    join: { request: (request) => this.#joinRequest(request) },
    leave: { request: (request) => this.#leaveRequest(request) },
    get: { allow: Role.USER, later: true, request: (request) => this.#getRequest(request) },
    update: { request: (request) => this.#updateRequest(request) },
    "stats-get": { allow: Role.USER, answer: () => ({ subtree: this.#subtree() }) },
    disconnect: { allow: Role.USER, request: (request) => this.#disconnect(request) },
  };

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** Makes this rank a member of a group, for the broker itself. Throws EEXIST when it is one. */
  join(name: string): void {
    this.#join(name, () => "broker");
  }

  /** Takes this rank out of a group. Throws ENOENT when it is no member. */
  leave(name: string): void {
    const group = this.#groups.get(name);
    if (group?.holder === undefined)
      throw new FluxError("ENOENT", `rank ${this.#options.rank} is not a member of ${name}`);
    this.#release(name, group.holder);
    group.holder = undefined;
    this.#update(name, { ranks: [this.#options.rank], set: false });
  }

  #release(name: string, holder: Holder): void {
    if (holder === "broker") return;
    holder.groups.delete(name);
    if (holder.groups.size > 0) return;
    const left = (this.#senders.get(holder.id) ?? []).filter((sender) => sender !== holder);
    if (left.length === 0) this.#senders.delete(holder.id);
    else this.#senders.set(holder.id, left);
  }

  /** The client that sent a request. */
  #senderOf({ message, userid }: Request): Sender {
    const id = message.firstRoute ?? "";
    const same = this.#senders.get(id) ?? [];
    const known = same.find((sender) => sender.userid === userid);
    if (known !== undefined) return known;
    const sender = { id, userid, groups: new Set<string>() };
    this.#senders.set(id, [...same, sender]);
    return sender;
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

  #join(name: string, holderOf: () => Holder): void {
    const group = this.#group(name);
    if (group.holder !== undefined)
      throw new FluxError("EEXIST", `rank ${this.#options.rank} is already a member of ${name}`);
    const holder = holderOf();
    group.holder = holder;
    if (holder !== "broker") holder.groups.add(name);
    this.#update(name, { ranks: [this.#options.rank], set: true });
  }

  #group(name: string): Group {
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = { members: new Set(), holder: undefined };
      this.#groups.set(ownText(name), group);
    }
    return group;
  }

  #update(name: string, updates: GroupUpdate | readonly GroupUpdate[]): void {
    this.#batch.add(name, updates);
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
    this.#watchers.get(name)?.tell(this.#membersJson(name));
    if (this.#listeners.size > 0) {
      const members = this.members(name);
      for (const listener of this.#listeners) listener(name, members);
    }
    this.#tidy(name, group);
  }

  /** Nobody is in the group: it is as if it had never been. */
  #tidy(name: string, { members, holder }: Group): void {
    if (members.size === 0 && holder === undefined) this.#groups.delete(name);
  }

  #membersJson(name: string): JsonObject {
    return { members: encodeIdset(this.#groups.get(name)?.members ?? []) };
  }

  #joinRequest(request: Request): void {
    const name = nameOf(request);
    refuseRemote(request, "join");
    this.#join(ownText(name), () => this.#senderOf(request));
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
    request.respond(this.#membersJson(name));
    if (!request.streaming || request.noResponse) return;
    let watchers = this.#watchers.get(name);
    if (watchers === undefined) {
      const kept = ownText(name);
      watchers = new Followers(() => {
        if (this.#watchers.get(kept)?.size === 0) this.#watchers.delete(kept);
      });
      this.#watchers.set(kept, watchers);
    }
    watchers.add(request);
  }

  /** From a broker below, which wants no response. What is wrong with it is in the log. */
  #updateRequest(request: Request): void {
    try {
      const [update] = request.unpack("{s:o}", "update");
      for (const [name, updates] of decodeUpdates(update, MAX_RANKS)) this.#update(ownText(name), updates);
    } catch (thrown) {
      const text = `error decoding groups.update request: ${FluxError.from(thrown, "EPROTO").message}`;
      this.#options.log("err", text, { kind: "groups.update malformed", userid: request.userid });
    }
    request.respond();
  }

  #subtree(): JsonObject {
    const subtree: Record<string, string> = {};
    for (const [name, { members }] of this.#groups) subtree[name] = encodeIdset(members);
    return subtree;
  }

  /** A client is gone: what it joined it leaves. What it watched ends with its requests. */
  #disconnect(request: Request): void {
    this.flush();
    for (const { userid, groups } of [...(this.#senders.get(request.message.firstRoute ?? "") ?? [])]) {
      if (!isAuthorized(request.message, userid)) continue;
      for (const name of [...groups]) this.leave(name);
    }
    request.respond();
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

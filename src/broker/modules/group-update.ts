import { decodeIdset, encodeIdset, FluxError } from "../../base/index.ts";
import { type JsonObject, type JsonValue, objectOf } from "../../json/index.ts";

/** Ranks that join a group, or leave it. */
export interface GroupUpdate {
  readonly ranks: readonly number[];
  /** True for those who join. */
  readonly set: boolean;
}

/** Updates by group, in the order they were asked for: what a broker collects before it applies them and passes them on to its parent. */
export class GroupBatch {
  #updates = new Map<string, GroupUpdate[]>();
  #joining = new Map<string, number>();

  get isEmpty(): boolean {
    return this.#updates.size === 0;
  }

  add(name: string, updates: GroupUpdate | readonly GroupUpdate[]): void {
    let known = this.#updates.get(name);
    if (known === undefined) {
      known = [];
      this.#updates.set(name, known);
    }
    let joining = this.joining(name);
    for (const update of "set" in updates ? [updates] : updates) {
      known.push(update);
      if (update.set) joining += update.ranks.length;
    }
    this.#joining.set(name, joining);
  }

  /** How many ranks join a group. */
  joining(name: string): number {
    return this.#joining.get(name) ?? 0;
  }

  /** What was collected last of a rank and a group: whether it joins; undefined when nothing was. */
  last(name: string, rank: number): boolean | undefined {
    return this.#updates.get(name)?.findLast(({ ranks }) => ranks.includes(rank))?.set;
  }

  /** Takes all out; the updates of a group that all join, or all leave, as one. */
  take(): ReadonlyMap<string, readonly GroupUpdate[]> {
    const taken = this.#updates;
    this.#updates = new Map();
    this.#joining = new Map();
    for (const [name, updates] of taken) {
      const set = updates[0]?.set;
      if (set === undefined || updates.length < 2 || updates.some((update) => update.set !== set)) continue;
      taken.set(name, [{ ranks: updates.flatMap(({ ranks }) => ranks), set }]);
    }
    return taken;
  }
}

/**
 * The updates of a groups.update request.
 * @throws FluxError EPROTO when it is malformed, or names more than `maxRanks` ranks in all.
 */
export function decodeUpdates(value: JsonValue, maxRanks: number): Map<string, GroupUpdate[]> {
  const updates = new Map<string, GroupUpdate[]>();
  let count = 0;
  for (const [name, entries] of Object.entries(objectOf(value))) {
    const decoded: GroupUpdate[] = [];
    for (const entry of Array.isArray(entries) ? entries : [entries]) {
      const update = decodeUpdate(entry, maxRanks - count);
      count += update.ranks.length;
      decoded.push(update);
    }
    updates.set(name, decoded);
  }
  return updates;
}

/** The updates as groups.update has them. */
export function encodeUpdates(updates: ReadonlyMap<string, readonly GroupUpdate[]>): JsonObject {
  const encoded: Record<string, JsonValue> = {};
  for (const [name, entries] of updates) {
    encoded[name] = entries.map(({ ranks, set }) => ({ ranks: encodeIdset(ranks), set }));
  }
  return encoded;
}

function decodeUpdate(value: JsonValue, maxRanks: number): GroupUpdate {
  const { ranks, set } = objectOf(value);
  const ids = typeof ranks === "string" ? decodeIdset(ranks, maxRanks) : undefined;
  if (ids === undefined || typeof set !== "boolean") throw new FluxError("EPROTO");
  return { ranks: ids, set };
}

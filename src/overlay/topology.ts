import { FluxError } from "../base/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type ParentScheme, parentsOf } from "./topology-schemes.ts";

/** Rank without a parent, or without a way to it. */
const NONE = -1;

/**
 * The tree of an instance: who is whose parent. Every broker works it out from the same scheme, and may share it with others of the same process.
 * All questions but `ranksBelow`, `subtree` and `internalRanks` are answered in constant time, `childRoute` in the logarithm of the number of children.
 * Source: topology.c in flux-core; flux-broker-attributes(7), tbon.topo.
 */
export class Topology {
  readonly size: number;
  /** Longest way from rank 0 to a rank. */
  readonly maxLevel: number;
  readonly #parents: Int32Array;
  /** Ranks below each rank, those of rank r at `#children[#firstChild[r] .. #firstChild[r + 1])`, ascending. */
  readonly #children: Int32Array;
  readonly #firstChild: Int32Array;
  readonly #levels: Int32Array;
  /** Number of ranks in the subtree of each rank, itself included. */
  readonly #sizes: Int32Array;
  /** Place of each rank when the tree is walked depth first: a subtree's ranks have consecutive places. */
  readonly #places: Int32Array;
  /** Ranks so that each comes behind its parent. */
  readonly #order: Int32Array;

  /**
   * `parents[rank]` is the parent of each rank, -1 for rank 0.
   * @throws FluxError EINVAL when they make no tree below rank 0.
   */
  constructor(parents: ArrayLike<number>) {
    const size = parents.length;
    this.size = size;
    this.#parents = Int32Array.from(parents);
    this.#firstChild = new Int32Array(size + 1);
    for (let rank = 1; rank < size; rank++) {
      const parent = this.#parents[rank]!;
      if (parent < 0 || parent >= size) throw new FluxError("EINVAL", `rank ${rank} has no parent`);
      this.#firstChild[parent + 1]!++;
    }
    for (let rank = 0; rank < size; rank++) this.#firstChild[rank + 1]! += this.#firstChild[rank]!;
    this.#children = new Int32Array(Math.max(size - 1, 0));
    const next = this.#firstChild.slice();
    for (let rank = 1; rank < size; rank++) this.#children[next[this.#parents[rank]!]!++] = rank;
    this.#order = new Int32Array(size);
    this.#levels = new Int32Array(size);
    this.maxLevel = this.#measureLevels();
    this.#sizes = new Int32Array(size).fill(1);
    for (let i = size - 1; i > 0; i--) {
      const rank = this.#order[i]!;
      this.#sizes[this.#parents[rank]!]! += this.#sizes[rank]!;
    }
    this.#places = new Int32Array(size);
    for (const rank of this.#order) {
      let place = this.#places[rank]! + 1;
      for (const child of this.#below(rank)) {
        this.#places[child] = place;
        place += this.#sizes[child]!;
      }
    }
  }

  /**
   * The tree of `size` ranks by a scheme: `kary:K`, `mincrit`, `mincrit:K`, `binomial`, or `custom` with the hosts' own parents.
   * @throws FluxError EINVAL, with the text of flux-core.
   */
  static of(scheme: string, size: number, hosts?: ParentScheme): Topology {
    return new Topology(parentsOf(scheme, size, hosts));
  }

  /** The parent of `rank`; undefined for rank 0. */
  parent(rank: number): number | undefined {
    const parent = this.#parents[rank];
    return parent === undefined || rank === 0 ? undefined : parent;
  }

  /** The ranks right below `rank`, ascending. */
  children(rank: number): number[] {
    return [...this.#below(rank)];
  }

  /** Number of steps from rank 0 to `rank`. */
  level(rank: number): number {
    return this.#levels[rank] ?? 0;
  }

  /** Number of ranks below `rank`. */
  descendants(rank: number): number {
    return (this.#sizes[rank] ?? 1) - 1;
  }

  /** The child of `rank` that is `other` or has it below; undefined when `other` is not below `rank`. */
  childRoute(rank: number, other: number): number | undefined {
    const place = this.#places[other];
    const start = this.#places[rank];
    if (place === undefined || start === undefined) return undefined;
    if (place <= start || place >= start + this.#sizes[rank]!) return undefined;
    let low = this.#firstChild[rank]!;
    let high = this.#firstChild[rank + 1]! - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#places[this.#children[middle]!]! <= place) low = middle;
      else high = middle - 1;
    }
    return this.#children[low];
  }

  /** The ranks that have others below, ascending. */
  internalRanks(): number[] {
    const ranks: number[] = [];
    for (let rank = 0; rank < this.size; rank++) if (this.descendants(rank) > 0) ranks.push(rank);
    return ranks;
  }

  /** The ranks of the subtree of `rank`, itself included, ascending. */
  ranksBelow(rank: number): number[] {
    const start = this.#places[rank]!;
    const end = start + this.#sizes[rank]!;
    const ranks: number[] = [];
    for (let other = 0; other < this.size; other++) {
      const place = this.#places[other]!;
      if (place >= start && place < end) ranks.push(other);
    }
    return ranks;
  }

  /** `{rank, size, children}` of `rank` and all below, as overlay.topology answers: `size` counts the rank itself. */
  subtree(rank: number): JsonObject {
    const start = this.#places[rank]!;
    const end = start + this.#sizes[rank]!;
    const nodes = new Map<number, { rank: number; size: number; children: JsonObject[] }>();
    for (const member of this.#order) {
      const place = this.#places[member]!;
      if (place < start || place >= end) continue;
      const node = { rank: member, size: this.#sizes[member]!, children: [] };
      nodes.set(member, node);
      nodes.get(this.#parents[member]!)?.children.push(node);
    }
    return nodes.get(rank)!;
  }

  #below(rank: number): Int32Array {
    return this.#children.subarray(this.#firstChild[rank], this.#firstChild[rank + 1]);
  }

  #measureLevels(): number {
    let known = 1;
    let level = 0;
    for (let i = 0; i < known; i++) {
      const rank = this.#order[i]!;
      level = this.#levels[rank]!;
      for (const child of this.#below(rank)) {
        this.#levels[child] = level + 1;
        this.#order[known++] = child;
      }
    }
    if (this.#parents[0] !== NONE || known < this.size)
      throw new FluxError("EINVAL", "the parents of ranks make no tree");
    return level;
  }
}

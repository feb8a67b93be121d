import { encodeIdset, FluxError } from "../base/index.ts";
import type { Flux, RpcOptions } from "../client/index.ts";

/** A rank and those below it, as overlay.topology tells of them. */
export interface TopologyNode {
  readonly rank: number;
  /** Ranks of the subtree, this one included. */
  readonly size: number;
  readonly children: readonly TopologyNode[];
}

/** The tree of an instance. It does not change, whoever is there. */
export class OverlayTopology {
  readonly root: TopologyNode;
  readonly #nodes = new Map<number, TopologyNode>();
  readonly #parents = new Map<number, number>();

  constructor(root: TopologyNode) {
    this.root = root;
    const open = [root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      this.#nodes.set(node.rank, node);
      for (const child of node.children) {
        this.#parents.set(child.rank, node.rank);
        open.push(child);
      }
    }
  }

  /** The tree as rank 0 knows it. */
  static async read(flux: Flux, options: RpcOptions = {}): Promise<OverlayTopology> {
    const root = await flux.rpc("overlay.topology", { rank: 0 }, { ...options, nodeid: 0 });
    return new OverlayTopology(root as unknown as TopologyNode);
  }

  /** A rank and those below it; undefined for what is no rank of the instance. */
  subtree(rank: number): TopologyNode | undefined {
    return this.#nodes.get(rank);
  }

  /** As `subtree`. @throws FluxError EINVAL for what is no rank of the instance. */
  rooted(rank: number): TopologyNode {
    const node = this.#nodes.get(rank);
    if (node === undefined) throw new FluxError("EINVAL", `${rank} is not a valid rank in this instance`);
    return node;
  }

  /**
   * The parent of a rank.
   * @throws FluxError EINVAL for a rank that has none.
   */
  parentOf(rank: number): number {
    this.rooted(rank);
    const parent = this.#parents.get(rank);
    if (parent === undefined) throw new FluxError("EINVAL", `${rank} has no parent`);
    return parent;
  }

  /** The ranks below a rank, without itself. */
  ranksBelow(rank: number): number[] {
    const ranks: number[] = [];
    const open = [...(this.#nodes.get(rank)?.children ?? [])];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      ranks.push(node.rank);
      open.push(...node.children);
    }
    return ranks;
  }

  /**
   * Ranks and all above them.
   * @throws FluxError EINVAL when one is no rank of the instance.
   */
  withAncestors(ranks: Iterable<number>): Set<number> {
    const all = new Set<number>();
    const unknown: number[] = [];
    for (const rank of ranks) {
      if (!this.#nodes.has(rank)) unknown.push(rank);
      for (let at: number | undefined = rank; at !== undefined && !all.has(at); at = this.#parents.get(at))
        all.add(at);
    }
    if (unknown.length === 0) return all;
    const [noun, set] = [unknown.length > 1 ? "ranks" : "rank", encodeIdset(this.#nodes.keys())];
    throw new FluxError("EINVAL", `${noun} ${encodeIdset(unknown)} not in set ${set}`);
  }
}

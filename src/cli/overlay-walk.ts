import { FluxError } from "../base/index.ts";
import type { ChildHealth, Health } from "./overlay-health.ts";
import type { TopologyNode } from "./overlay-topology.ts";
import { Slots } from "./slots.ts";

/** A rank, as a walk over the tree found it. */
export interface WalkedNode {
  readonly rank: number;
  readonly status: string;
  /** Seconds since the status is this one; undefined when nobody said. */
  readonly duration?: number | undefined;
  /** Why it is lost or offline, as its parent says. */
  readonly error?: string | undefined;
  /** Why it did not answer, when it was asked. The status is then what its parent believes. */
  readonly failure?: FluxError | undefined;
  /** Milliseconds until it answered or failed, when it was asked. */
  readonly ms?: number | undefined;
  /** True for one behind a broker that could not be asked: it is presumed to be as that one. */
  readonly ghost?: true | undefined;
  readonly children: readonly WalkedNode[];
}

export interface WalkOptions {
  /** Asks a broker for its health. */
  readonly ask: (rank: number) => Promise<Health>;
  /** The tree, from which come the ranks that nobody can be asked about. */
  readonly subtree: (rank: number) => TopologyNode | undefined;
  /** Whether brokers without children are asked too. */
  readonly leaves: boolean;
  /** Whether presumed ranks are filled in. */
  readonly ghosts: boolean;
  /** Whether to look below a broker with such a status. */
  readonly enters: (status: string) => boolean;
  /** Most brokers asked at a time. */
  readonly most: number;
}

/**
 * Walks over the tree from `rank` downwards, by asking each broker that has children and is there. What a broker says of itself counts more than
 * what its parent says. A broker that does not answer is a node with a failure; nothing else rejects. Source: flux-overlay(1), status.
 */
export function walkHealth(rank: number, options: WalkOptions): Promise<WalkedNode> {
  return new HealthWalk(options).visit({ rank, status: "unknown", children: [] });
}

class HealthWalk {
  readonly #options: WalkOptions;
  readonly #slots: Slots;

  constructor(options: WalkOptions) {
    this.#options = options;
    this.#slots = new Slots(options.most);
  }

  /** Asks the broker that its parent believes to be so. */
  async visit(presumed: WalkedNode): Promise<WalkedNode> {
    const { rank, status: believed } = presumed;
    const { health, failure, ms } = await this.#slots.run(() => this.#ask(rank));
    if (health === undefined) {
      return { ...presumed, failure, ms, children: ghostsOf(rank, believed, this.#options) };
    }
    const { status, duration, children } = health;
    const below = this.#options.enters(status) ? children : [];
    return { rank, status, duration, ms, children: await Promise.all(below.map((it) => this.#child(it))) };
  }

  async #ask(rank: number): Promise<{ health?: Health; failure?: FluxError; ms: number }> {
    const start = performance.now();
    try {
      const health = await this.#options.ask(rank);
      return { health, ms: performance.now() - start };
    } catch (error) {
      return { failure: FluxError.from(error), ms: performance.now() - start };
    }
  }

  #child({ rank, status, duration, error }: ChildHealth): WalkedNode | Promise<WalkedNode> {
    const { enters, leaves, subtree } = this.#options;
    const node = { rank, status, duration, error: error || undefined, children: [] };
    if (!enters(status)) return node;
    if (isGone(status)) return { ...node, children: ghostsOf(rank, status, this.#options) };
    return leaves || (subtree(rank)?.size ?? 1) > 1 ? this.visit(node) : node;
  }
}

/** True for a broker that can't be asked, as its parent knows. */
function isGone(status: string): boolean {
  return status === "lost" || status === "offline";
}

function ghostsOf(rank: number, status: string, { ghosts, subtree }: WalkOptions): WalkedNode[] {
  const fill = ({ rank, children }: TopologyNode): WalkedNode => ({
    rank,
    status,
    ghost: true,
    children: children.map(fill),
  });
  return ghosts ? (subtree(rank)?.children ?? []).map(fill) : [];
}

/** The part of a walk where something is missing; undefined where nothing is. */
export function withoutFull(node: WalkedNode): WalkedNode | undefined {
  if (node.status === "full" && node.failure === undefined) return undefined;
  const children = node.children.map(withoutFull).filter((child) => child !== undefined);
  return { ...node, children };
}

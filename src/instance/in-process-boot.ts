import { randomBytes } from "node:crypto";
import { encodeHostlist, encodeZ85, FluxError } from "../base/index.ts";
import { InProcessNetwork, InProcessTransport, Topology, type Traffic } from "../overlay/index.ts";
import { type Boot, type BootProvider, SINGLE } from "./bootstrap.ts";
import type { BusinessCard } from "./business-card.ts";
import type { Parent } from "./parent.ts";
import type { Peers } from "./peers.ts";

export interface InProcessBootOptions {
  readonly size: number;
  /** The instance around this one. */
  readonly parent: Parent | undefined;
}

/**
 * Where the brokers of one process find one another: it keeps their cards, lets them wait for each other, and joins them by transports of one network.
 * A rank that starts again keeps its keys, and finds the cards of the others still there.
 */
export class InProcessBoot {
  readonly size: number;
  readonly #parent: Parent | undefined;
  readonly #network = new InProcessNetwork();
  readonly #keys: readonly string[];
  readonly #transports: (InProcessTransport | undefined)[] = [];
  readonly #cards: (BusinessCard | undefined)[] = [];
  readonly #topologies = new Map<string, Topology>();
  /** Ranks that wait at the barrier. */
  #waiting: Waiter[] = [];
  #failure: { readonly error: unknown } | undefined;
  #hostlist: string | undefined;

  constructor({ size, parent }: InProcessBootOptions) {
    this.size = size;
    this.#parent = parent;
    this.#keys = Array.from({ length: size }, () => encodeZ85(randomBytes(32)));
  }

  /** Why it was aborted. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /** What tells a rank its place; `alone` for one that starts again: it waits for nobody. */
  provider(rank: number, alone = false): BootProvider {
    return { boot: async () => this.#boot(rank, alone) };
  }

  /** The ranks that wait for others fail, and those that will. */
  abort(error: unknown): void {
    this.#failure ??= { error };
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** What a rank and its neighbours have sent each other since it was started. */
  traffic(rank: number): Traffic {
    return this.#transports[rank]?.traffic ?? { sent: 0, received: 0, sentBytes: 0, receivedBytes: 0 };
  }

  /** Cuts a rank off from its neighbours, as the end of its process would. */
  sever(rank: number): void {
    this.#transports[rank]?.sever();
  }

  /** The ranks of the subtree of a rank, itself included. */
  ranksBelow(rank: number): number[] {
    const [topology] = this.#topologies.values();
    return topology!.ranksBelow(rank);
  }

  #boot(rank: number, alone: boolean): Boot {
    return {
      ...SINGLE,
      method: "in-process",
      rank,
      size: this.size,
      mapping: `[[0,1,${this.size},1]]`,
      peers: this.#peers(rank, alone),
      parent: this.#parent,
      topology: (scheme) => this.#topology(scheme),
      carrier: {
        uri: `inproc://tbon-${rank}`,
        open: (log) => {
          const transport = new InProcessTransport(this.#network, { publicKey: this.#keys[rank], log });
          this.#transports[rank] = transport;
          return transport;
        },
      },
    };
  }

  #peers(rank: number, alone: boolean): Peers {
    return {
      put: async (card) => {
        this.#cards[rank] = card;
      },
      get: async (other) => this.#card(other),
      hostlist: async () => {
        this.#hostlist ??= encodeHostlist(
          Array.from({ length: this.size }, (_, other) => this.#card(other).host),
        );
        return this.#hostlist;
      },
      barrier: async () => {
        if (!alone) await this.#barrier();
      },
    };
  }

  #card(rank: number): BusinessCard {
    const card = this.#cards[rank];
    if (card === undefined) throw new FluxError("ENOENT", `rank ${rank} has left no business card`);
    return card;
  }

  #barrier(): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure.error);
    if (this.#waiting.length + 1 === this.size) {
      for (const { resolve } of this.#waiting.splice(0)) resolve();
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  #topology(scheme: string): Topology {
    let topology = this.#topologies.get(scheme);
    if (topology === undefined) {
      topology = Topology.of(scheme, this.size);
      this.#topologies.set(scheme, topology);
    }
    return topology;
  }
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

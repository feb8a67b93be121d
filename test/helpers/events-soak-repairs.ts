import { setTimeout as delay } from "node:timers/promises";
import type { JsonObject } from "../../src/json/index.ts";
import type { SupervisedTree } from "./supervised-tree.ts";

/** Pause between two looks at all brokers, and the longest wait for an answer, in milliseconds. */
const LOOK_MS = 1000;

/** What brokers did to repair gaps, those that have ended too as far as it was seen. */
export interface Repairs {
  /** Brokers above rank 0 that were seen. */
  readonly brokers: number;
  /** Events that came because they were asked for, times that brokers asked, and numbers they gave up. */
  readonly repaired: number;
  readonly asked: number;
  readonly lost: number;
  readonly duplicates: number;
  /** Longest time until a gap was closed, in milliseconds. */
  readonly longestMs: number;
}

/** Asks all brokers of a tree for their counters, now and then, and adds them up. */
export class RepairTally {
  /** The latest counters of each process. */
  readonly #seen = new Map<number, JsonObject>();
  readonly #tree: SupervisedTree;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(tree: SupervisedTree) {
    this.#tree = tree;
    this.#running = this.#run();
  }

  /** Asks no more; the sum of all that was seen, now once more. */
  async close(): Promise<Repairs> {
    this.#stop.abort();
    await this.#running;
    await this.#look();
    const all = [...this.#seen.values()];
    const sum = (key: string): number => all.reduce((total, counts) => total + Number(counts[key] ?? 0), 0);
    return {
      brokers: all.length,
      repaired: sum("repaired"),
      asked: sum("asked"),
      lost: sum("lost"),
      duplicates: sum("duplicates"),
      longestMs: Math.max(0, ...all.map((counts) => Number(counts["repairMaxMs"] ?? 0))),
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#look();
      await delay(LOOK_MS, undefined, { signal }).catch(() => {});
    }
  }

  async #look(): Promise<void> {
    const ranks = Array.from({ length: this.#tree.size }, (_, rank) => rank);
    await Promise.all(ranks.map((rank) => this.#ask(rank)));
  }

  async #ask(rank: number): Promise<void> {
    const flux = this.#tree.client(rank);
    const pid = this.#tree.process(rank).child.pid;
    if (flux === undefined || pid === undefined) return;
    try {
      const { repair } = await flux.rpc("event.stat", {}, { timeoutMs: LOOK_MS });
      if (repair !== null) this.#seen.set(pid, repair as JsonObject);
    } catch {
      // Its broker is about to end, or has: the next one is asked.
    }
  }
}

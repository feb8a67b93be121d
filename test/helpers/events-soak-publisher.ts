import { setTimeout as delay } from "node:timers/promises";
import { FluxError } from "../../src/base/index.ts";
import { SOAK_PREFIX } from "./events-soak-record.ts";
import { pick } from "./fault-plan.ts";
import type { Random } from "./message-fuzz.ts";
import type { SupervisedTree } from "./supervised-tree.ts";

/** Pause between two looks whether events are due. */
const LOOK_MS = 5;
/** Publications that wait for their confirmation, at most: beyond that none are made. */
const MOST_WAITING = 2000;

/** Publishes events from random ranks that are up, so many a second. None is tried again: whether one that failed is in the log, the log says. */
export class SoakPublisher {
  /** Numbers of the confirmed ones, by their id. */
  readonly confirmed = new Map<string, number>();
  /** The ids of the others, and how often they failed with which error. */
  readonly unconfirmed = new Set<string>();
  readonly failures = new Map<string, number>();
  published = 0;
  /** Longest wait for a confirmation, in milliseconds. */
  longestMs = 0;
  readonly #tree: SupervisedTree;
  readonly #random: Random;
  readonly #waiting = new Set<Promise<void>>();
  readonly #running: Promise<void>;
  #closed = false;

  constructor(tree: SupervisedTree, random: Random, eventsPerSecond: number) {
    this.#tree = tree;
    this.#random = random;
    this.#running = this.#run(eventsPerSecond);
  }

  /** Publications whose end is not known yet. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Publishes no more, and resolves when each publication has ended one way or the other. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    await Promise.all(this.#waiting);
  }

  async #run(eventsPerSecond: number): Promise<void> {
    const begun = performance.now();
    let due = 0;
    while (!this.#closed) {
      const now = Math.floor(((performance.now() - begun) / 1000) * eventsPerSecond);
      for (; due < now; due++) this.#publishAnywhere();
      await delay(LOOK_MS);
    }
  }

  #publishAnywhere(): void {
    const ranks = Array.from({ length: this.#tree.size }, (_, rank) => rank);
    const up = ranks.filter((rank) => this.#tree.client(rank) !== undefined);
    if (up.length === 0 || this.#waiting.size >= MOST_WAITING) return;
    const publication = this.#publish(pick(up, this.#random));
    this.#waiting.add(publication);
    void publication.then(() => this.#waiting.delete(publication));
  }

  async #publish(rank: number): Promise<void> {
    const id = `${rank}-${this.published++}`;
    const at = performance.now();
    try {
      const { seq } = await this.#tree.client(rank)!.publish(`${SOAK_PREFIX}${rank}`, { id });
      this.confirmed.set(id, seq);
    } catch (error) {
      const { code } = FluxError.from(error);
      this.unconfirmed.add(id);
      this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
    }
    this.longestMs = Math.max(this.longestMs, performance.now() - at);
  }
}

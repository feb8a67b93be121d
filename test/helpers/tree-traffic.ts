import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import type { Flux } from "../../src/client/index.ts";
import type { Subscription } from "../../src/client/subscription.ts";
import { until } from "./until.ts";

const TOPIC = "traffic";
const PAUSE_MS = 2;
/** Longest wait for one answer. */
const ANSWER_MS = 10_000;
/** Longest wait until everything that was sent has come. */
const ARRIVE_MS = 20_000;

/** Requests between ranks and events from each of them to all, one after another, for as long as it is open: all have to arrive. */
export class TreeTraffic {
  /** Requests that were answered. */
  answered = 0;
  /** Longest wait for an answer, in milliseconds. */
  longestMs = 0;
  /** Numbers of the events that each rank received. */
  readonly #received: number[][];
  readonly #handles: readonly Flux[];
  readonly #subscriptions: Subscription[];
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  #published = 0;

  private constructor(handles: readonly Flux[]) {
    this.#handles = handles;
    this.#subscriptions = handles.map((flux) => flux.subscribe(TOPIC));
    this.#received = handles.map(() => []);
  }

  /** Between ranks 0, 1 and so on, or the `ranks` that the handles belong to. */
  static async between(
    handles: readonly Flux[],
    ranks = handles.map((_, rank) => rank),
  ): Promise<TreeTraffic> {
    const traffic = new TreeTraffic(handles);
    await Promise.all(traffic.#subscriptions.map(({ ready }) => ready));
    for (const [index, subscription] of traffic.#subscriptions.entries())
      void (async () => {
        for await (const { seq } of subscription) traffic.#received[index]!.push(seq);
      })();
    traffic.#running = traffic.#run(ranks);
    // Whoever closes it hears of a failure.
    traffic.#running.catch(() => {});
    return traffic;
  }

  /** Resolves when `count` more requests were answered. */
  async goesOn(count: number): Promise<void> {
    const wanted = this.answered + count;
    await until(() => this.answered >= wanted || this.#closed, `${count} more answers`, ARRIVE_MS);
    if (this.#closed) await this.#running;
  }

  /** Sends no more, and checks that nothing was lost: rejects with what went wrong. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
    const all = (): boolean => this.#received.every(({ length }) => length === this.#published);
    await until(all, `${this.#published} events everywhere`, ARRIVE_MS);
    const [first] = this.#received;
    for (const numbers of this.#received) assert.deepEqual(numbers, first);
    await Promise.all(this.#subscriptions.map((subscription) => subscription.close()));
  }

  async #run(ranks: readonly number[]): Promise<void> {
    try {
      for (let round = 0; !this.#closed; round++) {
        const flux = this.#handles[round % this.#handles.length]!;
        for (const nodeid of ranks) {
          const { rank, ms } = await flux.ping("broker", { nodeid, timeoutMs: ANSWER_MS });
          assert.equal(rank, nodeid);
          this.answered++;
          this.longestMs = Math.max(this.longestMs, ms);
        }
        await flux.publish(TOPIC, { round }, { timeoutMs: ANSWER_MS });
        this.#published++;
        await delay(PAUSE_MS);
      }
    } finally {
      this.#closed = true;
    }
  }
}

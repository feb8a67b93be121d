import { setTimeout as delay } from "node:timers/promises";
import { FluxError } from "../../src/base/index.ts";
import { pick } from "./fault-plan.ts";
import type { Random } from "./message-fuzz.ts";
import { NEVER, type SupervisedTree } from "./supervised-tree.ts";

/** A request between two ranks, and what became of it. */
export class WatchedRequest {
  /** The ranks that it passes, both ends included. */
  readonly path: readonly number[];
  /** Resolves when it has ended, one way or the other. */
  readonly ended: Promise<void>;
  readonly sentAt: number = performance.now();
  endedAt: number | undefined;
  /** Code of its error; undefined when it was answered, or waits. */
  code: string | undefined;

  constructor(path: readonly number[], answer: Promise<unknown>) {
    this.path = path;
    this.ended = answer.then(
      () => this.#end(undefined),
      (error: unknown) => this.#end(FluxError.from(error).code),
    );
  }

  /** From its sending to its end, in milliseconds. */
  get waitedMs(): number {
    return (this.endedAt ?? performance.now()) - this.sentAt;
  }

  passes(ranks: readonly number[]): boolean {
    return this.path.some((rank) => ranks.includes(rank));
  }

  toString(): string {
    return `${this.path.join("-")}: ${this.endedAt === undefined ? "waits" : (this.code ?? "answered")}`;
  }

  #end(code: string | undefined): void {
    this.endedAt = performance.now();
    this.code = code;
  }
}

/** Sends a request that is answered only by `release`; undefined when the sender's rank has no client. */
export function requestNever(tree: SupervisedTree, from: number, to: number): WatchedRequest | undefined {
  const flux = tree.client(from);
  if (flux === undefined) return undefined;
  return new WatchedRequest(tree.path(from, to), flux.rpc(`${NEVER}.wait`, {}, { nodeid: to }));
}

export function requestPing(tree: SupervisedTree, from: number, to: number): WatchedRequest | undefined {
  const flux = tree.client(from);
  if (flux === undefined) return undefined;
  return new WatchedRequest(tree.path(from, to), flux.ping("broker", { nodeid: to }));
}

/** Most pings that wait at a time, and the pause between two. */
const MOST_WAITING = 40;
const PAUSE_MS = 5;

/** Pings between random ranks, one after another, for as long as it is open; those whose sender has no client are left out. */
export class BackgroundPings {
  /** Those that ended, and how: `answered` or the code of the error. */
  readonly outcomes = new Map<string, number>();
  readonly waiting = new Set<WatchedRequest>();
  /** The one of each outcome that waited longest, of those that did not pass a rank while it was stopped: of all, and since `startRound`. */
  readonly longest = new Map<string, WatchedRequest>();
  readonly longestOfRound = new Map<string, WatchedRequest>();
  readonly #untimed = new WeakSet<WatchedRequest>();
  #stopped: number | undefined;
  readonly #tree: SupervisedTree;
  readonly #random: Random;
  readonly #running: Promise<void>;
  #closed = false;
  #paused = false;

  constructor(tree: SupervisedTree, random: Random) {
    this.#tree = tree;
    this.#random = random;
    this.#running = this.#run();
  }

  /** A rank is stopped from now on, or none is: what passes it is not timed. */
  setStopped(rank: number | undefined): void {
    this.#stopped = rank;
    for (const ping of this.waiting) this.#classify(ping);
  }

  startRound(): void {
    this.longestOfRound.clear();
  }

  /** Sends none until `resume`; what waits goes on waiting. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Sends no more; what waits goes on waiting. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    const ranks = Array.from({ length: this.#tree.size }, (_, rank) => rank);
    while (!this.#closed) {
      const ping = requestPing(this.#tree, pick(ranks, this.#random), pick(ranks, this.#random));
      if (ping !== undefined) void this.#watch(ping);
      do await delay(PAUSE_MS);
      while ((this.#paused || this.waiting.size >= MOST_WAITING) && !this.#closed);
    }
  }

  async #watch(ping: WatchedRequest): Promise<void> {
    this.waiting.add(ping);
    this.#classify(ping);
    await ping.ended;
    this.waiting.delete(ping);
    const outcome = ping.code ?? "answered";
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    if (this.#untimed.has(ping)) return;
    for (const longest of [this.longest, this.longestOfRound])
      if (ping.waitedMs > (longest.get(outcome)?.waitedMs ?? 0)) longest.set(outcome, ping);
  }

  #classify(ping: WatchedRequest): void {
    if (this.#stopped !== undefined && ping.path.includes(this.#stopped)) this.#untimed.add(ping);
  }
}

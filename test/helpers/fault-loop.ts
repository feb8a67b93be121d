import assert from "node:assert/strict";
import { type Fault, pick } from "./fault-plan.ts";
import { BackgroundPings, requestNever, requestPing, type WatchedRequest } from "./fault-requests.ts";
import { type Random, seededRandom } from "./message-fuzz.ts";
import type { SupervisedTree } from "./supervised-tree.ts";
import { FigureLog } from "./tree-figures.ts";
import { checkHealth, checkLeftovers, clientOf, eventually, members } from "./tree-health.ts";
import { until, within } from "./until.ts";

/** Longest time until a request fails whose way leads through a dead process, docs/tree.md; besides, what a busy machine takes. */
export const NOTICE_MS = 5000;
/** Longest time until a broker has ended that lost its parent. */
const LEAVE_MS = 10_000;
/** Longest time until all is well again: processes are started meanwhile. */
const RECOVER_MS = 60_000;
/** Longest time until nothing is left of requests that have ended: their ends are on their way through the tree. */
const FORGET_MS = 2000;
/** Longest time until a silent broker is called torpid with the settings of `FAULT_ATTRIBUTES`. */
const TORPID_MS = 20_000;
/** Time between heartbeats while they are wanted. */
const PULSE_MS = 500;

/** Attributes of the brokers: a silent one is noticed soon. */
export const FAULT_ATTRIBUTES = { "tbon.torpid_min": "1s", "tbon.torpid_max": "7s" };

/** Requests that wait when a fault comes: those that pass the rank, and those between any ranks. */
const THROUGH = 8;
const ANYWHERE = 8;

/** A fault, and how long what followed from it took, in milliseconds. */
export interface FaultReport extends Fault {
  /** From the death until the last request failed that could not be answered any more, and until its parent said it was lost; 0 for the root. */
  readonly failedMs?: number;
  readonly lostMs?: number;
  /** From the death until the last broker below had ended. */
  readonly leftMs?: number;
  /** From SIGCONT until all was answered. */
  readonly answeredMs?: number;
  /** From the end of the fault until all was well, and what was the last to be so. */
  readonly wellMs: number;
  readonly lastly: string;
}

/** Does faults to a tree, one after another, with requests under way, and checks what comes of each. */
export class FaultLoop implements AsyncDisposable {
  readonly tree: SupervisedTree;
  readonly figures = new FigureLog();
  readonly pings: BackgroundPings;
  readonly #random: Random;
  readonly #ranks: readonly number[];

  private constructor(tree: SupervisedTree, seed: number) {
    this.tree = tree;
    this.#random = seededRandom(seed);
    this.#ranks = Array.from({ length: tree.size }, (_, rank) => rank);
    this.pings = new BackgroundPings(tree, seededRandom(seed + 1));
  }

  /** Resolves when the tree is well. */
  static async over(tree: SupervisedTree, seed: number): Promise<FaultLoop> {
    const loop = new FaultLoop(tree, seed);
    await loop.#recover(performance.now());
    return loop;
  }

  /** Does a fault; resolves when all is well again. Rejects with what is not as it should be. */
  async run(fault: Fault): Promise<FaultReport> {
    const { tree } = this;
    this.pings.startRound();
    const severed = fault.kind === "stop" ? [] : tree.topology.ranksBelow(fault.rank);
    const requests = await this.#send(fault.rank);
    const figures =
      fault.kind === "kill" ? await this.#kill(fault.rank, requests) : await this.#stop(fault, requests);
    const since = performance.now();
    for (const request of requests) {
      if (!request.passes(severed)) assert.equal(request.endedAt, undefined, `not concerned: ${request}`);
    }
    tree.release();
    const rest = requests.filter((request) => !request.passes(severed));
    await this.#ended(rest, NOTICE_MS);
    for (const request of rest) assert.equal(request.code, undefined, `not concerned: ${request}`);
    this.#checkPings();
    return { ...fault, ...figures, ...(await this.#recover(since)) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.pings.close();
    await this.tree.stop();
  }

  /** Requests that nobody answers, all under way. */
  async #send(rank: number): Promise<WatchedRequest[]> {
    const { tree } = this;
    const requests: WatchedRequest[] = [];
    for (let i = 0; i < THROUGH + ANYWHERE; i++) {
      const [from, to] = i < THROUGH ? this.#pairThrough(rank) : this.#pair(() => true);
      requests.push(requestNever(tree, from, to)!);
    }
    await until(() => tree.waiting === requests.length, "the requests are under way", NOTICE_MS);
    return requests;
  }

  /** Kills a broker, which may be stopped, at once. */
  async #kill(rank: number, requests: readonly WatchedRequest[]) {
    const { tree } = this;
    const severed = tree.topology.ranksBelow(rank);
    const concerned = requests.filter((request) => request.passes(severed));
    const lost = this.#lost(rank);
    const processes = severed.map((below) => tree.process(below));
    const pings = [...this.pings.waiting].filter((ping) => ping.passes(severed));
    const before = tree.exits.length;
    const since = performance.now();
    tree.process(rank).child.kill("SIGKILL");
    await this.#ended([...concerned, ...pings], NOTICE_MS);
    for (const request of concerned)
      assert(["EHOSTUNREACH", "ECONNRESET"].includes(request.code ?? ""), `concerned: ${request}`);
    const failedMs = Math.max(0, ...concerned.map(({ endedAt }) => endedAt! - since));
    const lostMs = (await within(lost, `rank ${rank} is lost to its parent`, NOTICE_MS)) - since;
    for (const { outcome } of processes) await within(outcome, "a broker without a parent ends", LEAVE_MS);
    const exits = tree.exits.slice(before);
    for (const child of tree.topology.children(rank)) {
      const exit = exits.find((it) => it.rank === child);
      assert.equal(exit?.status, 1, `exit status of rank ${child}, whose parent died`);
    }
    const leftMs = Math.max(...exits.map(({ at }) => at)) - since;
    return { failedMs, ...(rank !== 0 && { lostMs }), ...(severed.length > 1 && { leftMs }) };
  }

  async #stop({ rank, kind, torpid }: Fault, requests: readonly WatchedRequest[]) {
    const { tree, pings } = this;
    const { child } = tree.process(rank);
    child.kill("SIGSTOP");
    pings.setStopped(rank);
    try {
      const held = Array.from({ length: 4 }, () => requestPing(tree, ...this.#pairThrough(rank))!);
      const free = Array.from(
        { length: 10 },
        () => requestPing(tree, ...this.#pair((path) => !path.includes(rank)))!,
      );
      await this.#ended(free, NOTICE_MS);
      for (const ping of free) assert.equal(ping.code, undefined, `not concerned: ${ping}`);
      if (torpid) await this.#torpid(rank);
      for (const ping of held) assert.equal(ping.endedAt, undefined, `through the stopped: ${ping}`);
      if (kind === "stop-kill") return await this.#kill(rank, [...requests, ...held]);
      const waiting = [...held, ...pings.waiting];
      const since = performance.now();
      child.kill("SIGCONT");
      await this.#ended(waiting, NOTICE_MS);
      for (const ping of waiting) assert.equal(ping.code, undefined, `through the stopped: ${ping}`);
      return { answeredMs: performance.now() - since };
    } finally {
      child.kill("SIGCONT");
      pings.setStopped(undefined);
    }
  }

  /** Waits until a rank that is stopped is torpid. */
  async #torpid(rank: number): Promise<void> {
    await eventually(async () => {
      await this.#pulse();
      assert.equal(await members(clientOf(this.tree, 0), "broker.torpid"), String(rank));
    }, TORPID_MS);
  }

  #lastPulse = 0;

  /** Lets the brokers look after their neighbours now, not within five seconds. */
  async #pulse(): Promise<void> {
    if (performance.now() - this.#lastPulse < PULSE_MS) return;
    this.#lastPulse = performance.now();
    await clientOf(this.tree, 0).publish("heartbeat.pulse", undefined, { timeoutMs: NOTICE_MS });
  }

  /** When its parent finds a rank lost; at once for the root. */
  async #lost(rank: number): Promise<number> {
    const parent = this.tree.topology.parent(rank);
    if (parent === undefined) return performance.now();
    for await (const health of clientOf(this.tree, parent).stream("overlay.health")) {
      const children = health["children"] as { rank: number; status: string }[];
      if (children.some((child) => child.rank === rank && child.status === "lost")) return performance.now();
    }
    return assert.fail("the stream ended");
  }

  /** All is well, nothing is left over, and what each broker holds is noted; resolves to how long it took since then, and what was the last to be well. */
  async #recover(since: number) {
    const { tree, pings } = this;
    const lastly = await eventually(async () => {
      if ((await members(clientOf(tree, 0), "broker.torpid")) !== "") await this.#pulse();
      await checkHealth(tree);
    }, RECOVER_MS);
    const wellMs = performance.now() - since;
    const some = Array.from({ length: 10 }, () => requestPing(tree, ...this.#pair(() => true))!);
    await this.#ended(some, NOTICE_MS);
    for (const ping of some) assert.equal(ping.code, undefined, `all is well: ${ping}`);
    pings.pause();
    await this.#ended([...pings.waiting], NOTICE_MS);
    await eventually(() => checkLeftovers(tree), FORGET_MS);
    for (const rank of this.#ranks) this.figures.note(rank, tree.process(rank).child.pid!);
    pings.resume();
    return { wellMs, lastly };
  }

  /** Those that failed did so in time; those that were answered had what the machine gave them. */
  #checkPings(): void {
    const { longestOfRound } = this.pings;
    for (const [outcome, ping] of longestOfRound) {
      const text = `${ping} after ${Math.round(ping.waitedMs)} ms, bound ${NOTICE_MS} ms`;
      assert(outcome === "answered" || ping.waitedMs < NOTICE_MS, text);
    }
  }

  async #ended(requests: readonly WatchedRequest[], boundMs: number): Promise<void> {
    const all = Promise.all(requests.map(({ ended }) => ended));
    await within(all, "requests end", boundMs).catch((error: unknown) => {
      const left = requests.filter(({ endedAt }) => endedAt === undefined);
      throw new Error(`${(error as Error).message}: ${left.join(", ")}`);
    });
  }

  #pairThrough(rank: number): [number, number] {
    return this.#pair((path) => path.includes(rank));
  }

  /** Sender and receiver of a request at random whose way is as it should be. */
  #pair(fits: (path: readonly number[]) => boolean): [number, number] {
    for (let tries = 0; tries < 10_000; tries++) {
      const [from, to] = [pick(this.#ranks, this.#random), pick(this.#ranks, this.#random)];
      if (from !== to && fits(this.tree.path(from, to))) return [from, to];
    }
    return assert.fail("there is no such pair of ranks");
  }
}

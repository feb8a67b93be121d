import { FluxError } from "../../src/base/index.ts";
import { type Event, type EventMark, Flux, type Replay, type Since } from "../../src/client/index.ts";
import type { PairEnd } from "../../src/connector/pair.ts";
import { comparePositions, type EventPosition, formatPosition, Role } from "../../src/message/index.ts";
import type { Chance } from "./event-simulation-chance.ts";
import { EventLedger } from "./event-simulation-ledger.ts";
import type { SubscriberPlan } from "./event-simulation-plan.ts";
import type { SimulatedTree } from "./event-simulation-tree.ts";

/** Errors with which a connection ends, or a rank that can't be reached. */
const OUTAGES = new Set<string>(["ECONNRESET", "ECONNREFUSED", "EHOSTUNREACH", "ECANCELED", "ETIMEDOUT"]);

export interface SubscriberOptions {
  readonly name: string;
  readonly plan: SubscriberPlan;
  readonly tree: SimulatedTree;
  readonly chance: Chance;
  readonly trace: (text: string) => void;
  readonly fault: (text: string) => void;
}

/** A program that follows events: now here, now there, always from where it was. */
export class SimulatedSubscriber {
  readonly name: string;
  readonly #options: SubscriberOptions;
  #ledger: EventLedger | undefined;
  /** The rank it is at, or wants to be at. */
  #rank = 0;
  #end: PairEnd | undefined;
  #replay: Replay<Event | EventMark> | undefined;
  /** How far it had come with the replays before. */
  #before: EventPosition | undefined;
  #settled = false;
  /** What it asked for last, and in which run of rank 0. */
  #asked: Since | undefined;
  #askedIn = 0;
  #stop = new AbortController();

  constructor(options: SubscriberOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** How far it has come; undefined before it has begun. */
  get position(): EventPosition | undefined {
    return this.#replay?.position ?? this.#before;
  }

  get ledger(): EventLedger | undefined {
    return this.#ledger;
  }

  /** The rank it is at. */
  get rank(): number {
    return this.#rank;
  }

  /** From now on it stays where it is and reads without a pause. */
  settle(): void {
    this.#settled = true;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Its connection breaks. */
  drop(): void {
    this.#options.trace(`${this.name} loses its connection`);
    this.#end?.destroy();
  }

  /** Follows events until it is stopped. */
  async follow(): Promise<void> {
    const { plan, chance, tree } = this.#options;
    await sleep(plan.at);
    while (!this.#stop.signal.aborted) {
      const { keepers } = tree;
      if (keepers.length === 0) {
        await sleep(20);
        continue;
      }
      this.#rank = chance.pick(keepers);
      const flux = this.#open();
      try {
        do await this.#read(flux);
        while (flux.status === "connected" && !this.#stop.signal.aborted && chance.happens(0.4));
      } catch (error) {
        const { code, message } = FluxError.from(error);
        this.#options.trace(`${this.name}: ${code}`);
        if (!OUTAGES.has(code) && !this.#isTooLate(code)) {
          this.#fault(message);
          this.#stop.abort();
        }
      }
      await flux.close();
      await sleep(chance.pick([1, 10, 500]));
    }
  }

  /** Rank 0 has begun another run meanwhile, whose numbers have not come so far. */
  #isTooLate(code: string): boolean {
    const since = this.#asked;
    if (code !== "EINVAL" || typeof since !== "object" || "epoch" in since || !("seq" in since)) return false;
    const { record } = this.#options.tree;
    return record.run !== this.#askedIn || since.seq > record.last.seq;
  }

  #open(): Flux {
    const { plan, tree } = this.#options;
    const open = () => {
      const run = tree.run(this.#rank);
      if (run === undefined) throw new FluxError("ECONNREFUSED", "rank is down");
      const end = run.broker.open() as PairEnd;
      this.#end = end;
      return end;
    };
    return new Flux(open(), async () => open(), {
      ...(plan.stays && { reconnect: { delayMs: 10, maxDelayMs: 500 } }),
      ...(plan.guest !== undefined && { userid: plan.guest, rolemask: Role.USER }),
    });
  }

  async #read(flux: Flux): Promise<void> {
    const { plan, chance, trace, tree } = this.#options;
    const before = tree.first;
    const run = tree.record.run;
    const since = this.#since();
    this.#asked = since;
    this.#askedIn = run;
    trace(`${this.name} at rank ${this.#rank} since ${JSON.stringify(since)}`);
    const { prefix, marks, maxQueue, roamsAfter } = plan;
    const take = (item: Event | EventMark): void => {
      trace(
        `${this.name} ${item.kind} ${item.kind === "lost" ? item.lost.first : ""} ${formatPosition(item.position)}`,
      );
      this.#ledger?.take(item);
    };
    const replay = flux.subscribe(prefix, {
      since,
      signal: this.#stop.signal,
      allow: plan.takesGuests ? Role.ALL : Role.OWNER,
      ...(maxQueue !== undefined && { maxQueue }),
      ...(marks
        ? { marks: true }
        : {
            onLost: (lost) =>
              take({ kind: "lost", lost, position: { epoch: lost.epoch, seq: lost.last ?? lost.first - 1 } }),
          }),
    }) as Replay<Event | EventMark>;
    this.#before = this.position;
    this.#replay = replay;
    await replay.ready;
    this.#begin(replay.position!, since, before, run);
    let items = 0;
    for await (const item of replay) {
      take(item);
      this.#checkPosition(replay, item);
      if (this.#settled) continue;
      items++;
      if (roamsAfter > 0 && items >= roamsAfter) break;
      if (chance.happens(plan.pauses)) await sleep(chance.below(plan.pauseMs));
    }
    await replay.close();
  }

  #checkPosition(replay: Replay<Event | EventMark>, item: Event | EventMark): void {
    if (comparePositions(replay.position!, item.position) !== 0)
      this.#fault(`position is ${formatPosition(replay.position!)} behind ${formatPosition(item.position)}`);
  }

  /** Where to begin or to go on. */
  #since(): Since {
    const { plan, tree, chance } = this.#options;
    const { position } = this;
    if (position !== undefined) return position;
    const { record } = tree;
    const { epoch, seq } = record.last;
    switch (plan.beginning) {
      case "begin":
      case "now":
        return plan.beginning;
      case "seq":
        return { seq: Math.max(0, seq - chance.below(30)) };
      case "time":
        return { time: Date.now() - chance.below(3000) };
      case "cursor":
        return { epoch, seq: Math.max(0, seq - chance.below(30)) };
    }
  }

  /** The replay stands: is it where it was asked to begin? */
  #begin(start: EventPosition, since: Since, before: EventPosition | undefined, run: number): void {
    const { plan, tree } = this.#options;
    const { record } = tree;
    this.#options.trace(`${this.name} begins at ${formatPosition(start)}`);
    if (this.#ledger === undefined) {
      this.#ledger = new EventLedger({
        record,
        reader: plan,
        start,
        isGone: (position) => tree.isGone(this.#rank, position),
        fault: (text) => this.#fault(text),
      });
    }
    if (typeof since === "object" && "epoch" in since) {
      if (comparePositions(start, since) !== 0)
        this.#fault(`begins at ${formatPosition(start)}, not at ${formatPosition(since)}`);
      return;
    }
    if (record.compare(start, record.last) > 0)
      this.#fault(`begins at ${formatPosition(start)}, behind ${formatPosition(record.last)}`);
    // Rank 0 began a new run meanwhile.
    if (before === undefined || run !== record.run) return;
    const oldest = { ...before, seq: before.seq - 1 };
    if (since === "begin" && record.compare(start, oldest) < 0)
      this.#fault(`begins at ${formatPosition(start)}, before ${formatPosition(oldest)}`);
    if (typeof since === "object" && "seq" in since && since.seq !== start.seq)
      this.#fault(`begins at ${start.seq}, not at ${since.seq}`);
    if (typeof since === "object" && "time" in since) {
      const wanted = record.positionAt(Number(since.time));
      const present = tree.first ?? before;
      const kept = { ...present, seq: present.seq - 1 };
      if (wanted !== undefined && record.compare(start, wanted) > 0 && record.compare(start, kept) > 0)
        this.#fault(
          `begins at ${formatPosition(start)}, and ${formatPosition(wanted)} is before what came then`,
        );
    }
  }

  #fault(text: string): void {
    this.#options.fault(`${this.name} at rank ${this.#rank}: ${text}`);
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

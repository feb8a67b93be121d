import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { SoakLinks } from "./events-soak-links.ts";
import { SoakPublisher } from "./events-soak-publisher.ts";
import { difference, logOf } from "./events-soak-record.ts";
import { type Repairs, RepairTally } from "./events-soak-repairs.ts";
import { SoakSubscriber } from "./events-soak-subscriber.ts";
import { pick } from "./fault-plan.ts";
import { type Random, seededRandom } from "./message-fuzz.ts";
import { SupervisedTree } from "./supervised-tree.ts";
import { TemporaryFolder } from "./temporary-folder.ts";
import { until } from "./until.ts";

/** Longest time until all ranks are up: processes are started meanwhile. */
const UP_MS = 120_000;
/** Longest time until all subscribers have come to the last event, with all ranks up. */
const COME_MS = 60_000;
/** One fault in so many may hit a broker on its way in; the others hit those that are up. */
const JOINING_SHARE = 4;

export interface EventsSoakOptions {
  /** Ranks of the tree, `kary:2`. */
  readonly size: number;
  /** How long faults are done, in seconds, and the time from one to the next, in milliseconds. */
  readonly seconds: number;
  readonly periodMs: number;
  readonly eventsPerSecond: number;
  readonly seed: number;
  /** Ranks where somebody subscribes. */
  readonly subscribers: readonly number[];
  /** Hears of each fault, and of what goes on. */
  readonly tell?: ((text: string) => void) | undefined;
  /** Ends it before its time, with an error. */
  readonly signal?: AbortSignal | undefined;
}

export interface SubscriberReport {
  readonly rank: number;
  readonly events: number;
  readonly reconnects: number;
  /** Longest time from an event's arrival at the subscriber of rank 0 to its arrival here, in milliseconds. */
  readonly behindMs: number;
}

export interface EventsSoakReport {
  /** Links cut, routers killed, and times when there was nothing that could be done. */
  readonly cuts: number;
  readonly kills: number;
  readonly idle: number;
  /** Ranks that were up when a fault was due, in the mean. */
  readonly up: number;
  /** Brokers that ended, by exit status or signal; each was started again. */
  readonly exits: ReadonlyMap<string, number>;
  readonly published: number;
  readonly confirmed: number;
  /** Publications that failed, by error, and how many of them are in the log none the less. */
  readonly failures: ReadonlyMap<string, number>;
  readonly unconfirmedInLog: number;
  /** Events in the log of rank 0. */
  readonly events: number;
  readonly subscribers: readonly SubscriberReport[];
  readonly repairs: Repairs;
  /** From the last fault until all ranks were up, and from then until all subscribers had come to the last event, in milliseconds. */
  readonly upMs: number;
  readonly comeMs: number;
  /** What is not as it should be: none when all is well. */
  readonly faults: readonly string[];
}

/**
 * Publishes from random ranks of a tree of processes, while links are cut and routers are killed, and compares what subscribers got with what rank 0 has in its
 * log.
 */
export async function eventsSoak(options: EventsSoakOptions): Promise<EventsSoakReport> {
  const { size, seed, seconds } = options;
  await using folder = await TemporaryFolder.make();
  await using links = await SoakLinks.open(size);
  const tree = await SupervisedTree.start(folder.path, {
    size,
    topology: "kary:2",
    way: (rank, endpoint) => links.way(rank, endpoint),
    runMs: seconds * 1000 + 2 * UP_MS + COME_MS,
  });
  const subscribers: SoakSubscriber[] = [];
  try {
    await allUp(tree);
    for (const rank of options.subscribers) subscribers.push(await SoakSubscriber.at(tree.uri(rank), rank));
    const publisher = new SoakPublisher(tree, seededRandom(seed + 1), options.eventsPerSecond);
    const tally = new RepairTally(tree);
    const faults = new Faults(tree, links, seededRandom(seed));
    await faults.run(options, () => checkAlive(subscribers));
    const ended = performance.now();
    await publisher.close();
    await allUp(tree);
    const up = performance.now();
    const leader = tree.client(0)!;
    const stat = await leader.rpc("event.stat");
    const last = { epoch: Number(stat["epoch"]), seq: Number(stat["last"]) };
    options.tell?.(`all are up again: the last event is ${last.seq}`);
    await until(
      () => {
        checkAlive(subscribers);
        return subscribers.every((subscriber) => subscriber.hasCome(last));
      },
      `subscribers at event ${last.seq}`,
      COME_MS,
    ).catch((error: unknown) => {
      const at = subscribers.map(({ rank, position }) => `${rank} at ${position?.seq}`);
      throw new Error(`subscribers of ranks ${at.join(", ")}`, { cause: error });
    });
    const come = performance.now();
    const log = await logOf(leader, last);
    const repairs = await tally.close();
    return {
      cuts: faults.cuts,
      kills: faults.kills,
      idle: faults.idle,
      up: faults.up,
      exits: count(tree.exits.map(({ status, signal }) => String(signal ?? status))),
      published: publisher.published,
      confirmed: publisher.confirmed.size,
      failures: publisher.failures,
      unconfirmedInLog: log.filter((line) => publisher.unconfirmed.has(idOf(line))).length,
      events: log.length,
      subscribers: subscribers.map((subscriber) => reportOf(subscriber, subscribers[0]!)),
      repairs,
      upMs: up - ended,
      comeMs: come - up,
      faults: [
        ...subscribers.flatMap((subscriber) => faultsOf(subscriber, log)),
        ...faultsOfLog(log, publisher),
      ],
    };
  } finally {
    await Promise.all(subscribers.map((subscriber) => subscriber.close()));
    await tree.stop();
  }
}

/** Cuts links and kills routers at random. */
class Faults {
  cuts = 0;
  kills = 0;
  idle = 0;
  #looks = 0;
  #ups = 0;
  readonly #tree: SupervisedTree;
  readonly #links: SoakLinks;
  readonly #random: Random;
  readonly #routers: readonly number[];

  constructor(tree: SupervisedTree, links: SoakLinks, random: Random) {
    this.#tree = tree;
    this.#links = links;
    this.#random = random;
    this.#routers = tree.topology.internalRanks().filter((rank) => rank !== 0);
  }

  /** Ranks that were up when a fault was due, in the mean. */
  get up(): number {
    return this.#ups / Math.max(1, this.#looks);
  }

  /** One each `periodMs`, for as long as is wanted; `check` is called between them. */
  async run({ seconds, periodMs, tell, signal }: EventsSoakOptions, check: () => void): Promise<void> {
    const begun = performance.now();
    for (let due = periodMs; due <= seconds * 1000; due += periodMs) {
      await delay(Math.max(0, begun + due - performance.now()), undefined, signal && { signal });
      check();
      const up = ranksOf(this.#tree).filter((rank) => this.#tree.client(rank) !== undefined);
      this.#looks++;
      this.#ups += up.length;
      const done = this.#next(up);
      tell?.(`${Math.round(due / 1000)} s, ${up.length} ranks up: ${done}`);
    }
  }

  /** Does the next one, and says what it did. The kinds are the same for the same numbers; whom they hit depends on who is up. */
  #next(up: readonly number[]): string {
    const kill = this.#random(2) === 0;
    const joining = this.#random(JOINING_SHARE) === 0;
    const joined = this.#links.connected.filter((rank) => joining || up.includes(rank));
    const routers = joined.filter(
      (rank) => this.#routers.includes(rank) && !this.#tree.process(rank).child.killed,
    );
    if (joined.length === 0) {
      this.idle++;
      return "nothing is there";
    }
    if (!kill || routers.length === 0) {
      const rank = pick(joined, this.#random);
      this.#links.cut(rank);
      this.cuts++;
      return `link of rank ${rank} cut`;
    }
    const rank = pick(routers, this.#random);
    this.#tree.process(rank).child.kill("SIGKILL");
    this.kills++;
    return `router ${rank} killed`;
  }
}

function ranksOf({ size }: SupervisedTree): number[] {
  return Array.from({ length: size }, (_, rank) => rank);
}

async function allUp(tree: SupervisedTree): Promise<void> {
  await until(() => ranksOf(tree).every((rank) => tree.client(rank) !== undefined), "all ranks up", UP_MS);
}

function checkAlive(subscribers: readonly SoakSubscriber[]): void {
  for (const { rank, failure } of subscribers)
    if (failure !== undefined) throw new Error(`subscriber of rank ${rank} ended`, { cause: failure });
}

/** What is wrong with a subscriber's record. */
function faultsOf({ rank, record, lost }: SoakSubscriber, log: readonly string[]): string[] {
  const faults = lost.map((range) => `subscriber of rank ${rank} was told that it lost ${range}`);
  const differs = difference(record, log);
  if (differs !== undefined) faults.push(`subscriber of rank ${rank}: ${differs}`);
  return faults;
}

/** What is wrong with the log: confirmed publications stand there under their number, and none stands there twice. */
function faultsOfLog(log: readonly string[], publisher: SoakPublisher): string[] {
  const faults: string[] = [];
  const numbers = new Map<string, number>();
  for (const line of log) {
    const id = idOf(line);
    if (numbers.has(id)) faults.push(`publication ${id} is twice in the log`);
    numbers.set(id, Number(/^\d+:(\d+) /.exec(line)?.[1]));
  }
  for (const [id, seq] of publisher.confirmed)
    if (numbers.get(id) !== seq)
      faults.push(`publication ${id} was confirmed as ${seq}; in the log it is ${numbers.get(id) ?? "not"}`);
  return faults;
}

function idOf(line: string): string {
  return /"id":"([^"]*)"/.exec(line)?.[1] ?? assert.fail(`no id in ${line}`);
}

function reportOf(subscriber: SoakSubscriber, leader: SoakSubscriber): SubscriberReport {
  const { rank, record, times, reconnects } = subscriber;
  // The records are compared line by line elsewhere: the same index is the same event.
  const behindMs = times.reduce((most, at, index) => Math.max(most, at - (leader.times[index] ?? at)), 0);
  return { rank, events: record.length, reconnects, behindMs };
}

function count(words: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

import assert from "node:assert/strict";
import type { Flux } from "../../src/client/index.ts";
import { BOOT_MS, BrokerProcesses } from "./broker-processes.ts";
import { HostileChild, type HostileCounts, HostileParent } from "./hostile-peers.ts";
import { collectedMemory, INSPECTED } from "./inspected.ts";
import type { Random } from "./message-fuzz.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";
import { processFigures } from "./tree-figures.ts";
import { until } from "./until.ts";

const MIB = 1024 * 1024;
const ANSWER_MS = 20_000;
/** Longest wait until nothing is left of what a hostile peer has sent. */
const QUIET_MS = 60_000;
/** Pings before and after. */
const PINGS = 20;

export interface HostileReport extends HostileCounts {
  readonly seconds: number;
  /** Pings between the other ranks and their clients meanwhile, and the longest, in milliseconds. */
  readonly pings: number;
  readonly longestPingMs: number;
  /** Heap and external memory of the broker that was attacked after a forced collection, before and after, in MiB. */
  readonly memoryBefore: number;
  readonly memoryAfter: number;
  /** Its resident memory at the end. */
  readonly residentAfter: number;
  /** Lines of the log of the broker that was attacked. */
  readonly logLines: number;
}

/** Pings from each client to each rank, one after another, for as long as it is open. */
class Pings {
  count = 0;
  longestMs = 0;
  #open = true;
  readonly #running: Promise<void>;

  constructor(handles: readonly Flux[], ranks: readonly number[]) {
    this.#running = this.#run(handles, ranks);
    this.#running.catch(() => {});
  }

  async goOn(count: number): Promise<void> {
    const wanted = this.count + count;
    const failed = this.#running.then(() => false);
    while (this.count < wanted) if (!(await Promise.race([failed, turnOf(5)]))) break;
    if (this.count < wanted) await this.#running;
  }

  async close(): Promise<void> {
    this.#open = false;
    await this.#running;
  }

  async #run(handles: readonly Flux[], ranks: readonly number[]): Promise<void> {
    while (this.#open) {
      for (const flux of handles)
        for (const nodeid of ranks) {
          const { rank, ms } = await flux.ping("broker", { nodeid, timeoutMs: ANSWER_MS });
          assert.equal(rank, nodeid);
          this.count++;
          this.longestMs = Math.max(this.longestMs, ms);
        }
      await turnOf(2);
    }
  }
}

function turnOf(ms: number): Promise<true> {
  return new Promise((resolve) => setTimeout(() => resolve(true), ms));
}

interface Attacked {
  readonly brokers: BrokerProcesses;
  /** Ranks whose clients and pings have to go on. */
  readonly ranks: readonly number[];
  /** The rank that the hostile peer speaks to. */
  readonly victim: number;
}

/** Has a child with the certificate send `count` messages to rank 0, beside two children that are none of it. */
export async function attackParent(
  count: number,
  random: Random,
  folder: TemporaryFolder,
): Promise<HostileReport> {
  const brokers = await BrokerProcesses.configured(folder.path, {
    size: 4,
    topology: "kary:3",
    carrier: "tcp",
    attributes: { "broker.quorum": "3" },
    nodeFlags: (rank) => (rank === 0 ? INSPECTED : []),
    runMs: 3_600_000,
  });
  try {
    for (const rank of [0, 1, 2]) brokers.start(rank);
    await using child = await HostileChild.at(brokers.endpoints[0]!, brokers.cert, 3, random);
    return await attack({ brokers, ranks: [0, 1, 2], victim: 0 }, child, count);
  } finally {
    await brokers.kill();
  }
}

/** Has a parent with the certificate send `count` messages to rank 1, which has another below it. */
export async function attackChild(
  count: number,
  random: Random,
  folder: TemporaryFolder,
): Promise<HostileReport> {
  const hostileUri = `ipc://${folder.path}/hostile`;
  const brokers = await BrokerProcesses.configured(folder.path, {
    size: 3,
    topology: "kary:1",
    nodeFlags: (rank) => (rank === 1 ? INSPECTED : []),
    way: (rank, endpoint) => (rank === 1 ? hostileUri : endpoint),
    runMs: 3_600_000,
  });
  try {
    await using parent = await HostileParent.between(hostileUri, brokers.endpoints[0]!, brokers.cert, random);
    for (const rank of [0, 1, 2]) brokers.start(rank);
    return await attack({ brokers, ranks: [1, 2], victim: 1 }, parent, count);
  } finally {
    await brokers.kill();
  }
}

async function attack(
  { brokers, ranks, victim }: Attacked,
  peer: HostileChild | HostileParent,
  count: number,
): Promise<HostileReport> {
  const handles = await Promise.all(ranks.map((rank) => brokers.connect(rank)));
  await Promise.all(handles.map((flux) => flux.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS })));
  const ended = (): string[] =>
    ranks
      .map((rank) => brokers.processes.get(rank)!)
      .filter((it) => it.ended)
      .map(({ stderr }) => stderr);
  const attacked = brokers.processes.get(victim)!;
  const memory = async (): Promise<number> => {
    const { heapUsed, external } = await collectedMemory(attacked);
    return Math.round((heapUsed + external) / MIB);
  };
  const flux = handles[ranks.indexOf(victim)]!;
  let logLines = 0;
  const log = (async () => {
    for await (const _ of flux.callStream("log.dmesg", { follow: true, nobacklog: true })) logLines++;
  })();
  log.catch(() => {});
  const pings = new Pings(handles, ranks);
  await pings.goOn(PINGS);
  const memoryBefore = await memory();
  const pendingBefore = Number((await flux.rpc("overlay.stats-get"))["pending-bytes"]);
  const started = performance.now();
  await peer.send(count, () => assert.deepEqual(ended(), [], "no broker ends"));
  await pings.goOn(PINGS);
  const seconds = (performance.now() - started) / 1000;
  assert.deepEqual(ended(), [], "no broker ends");
  // The child of a parent that is gone leaves, and rightly so.
  if (victim !== 0) await pings.close();
  const memoryMeanwhile = victim === 0 ? 0 : await memory();
  const residentAfter = Math.round(processFigures(attacked.child.pid!).memory / MIB);
  await peer[Symbol.asyncDispose]();
  if (victim === 0) {
    const quiet = async (): Promise<boolean> => {
      const stats = await flux.rpc("overlay.stats-get");
      return stats["child-connected"] === 2 && Number(stats["pending-bytes"]) <= pendingBefore;
    };
    await until(quiet, "nothing left of what the child has sent", QUIET_MS);
  }
  await pings.close();
  const report = {
    ...peer.counts,
    seconds,
    pings: pings.count,
    longestPingMs: Math.round(pings.longestMs),
    memoryBefore,
    memoryAfter: victim === 0 ? await memory() : memoryMeanwhile,
    residentAfter,
    logLines,
  };
  await Promise.all(handles.map((handle) => handle.close()));
  return report;
}

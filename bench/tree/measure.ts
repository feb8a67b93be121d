import type { Build } from "../build.ts";
import { Program } from "../control/program.ts";

/** The trees that are measured. */
export const TOPOLOGIES = ["kary:2", "kary:32"];
export const SIZES = [1, 4, 16, 64, 256, 1024];

/** What passed between brokers: messages of the transport, each of one or more of the protocol's, and the bytes of their frames. */
export interface Passed {
  readonly messages: number;
  readonly bytes: number;
}

export interface TreeBoot {
  /** From the call until all ranks are in the state `run`, and the processor time for it. */
  readonly ms: number;
  readonly cpuMs: number;
  readonly passed: Passed;
  /** Growth of resident memory, in bytes. */
  readonly rssBytes: number;
}

/** Requests from rank 0 to the first rank of a level, one after the other. */
export interface TreeLatency {
  /** Levels between them: the request and its answer each pass so many links. */
  readonly hops: number;
  /** Median time to the answer. */
  readonly micros: number;
  /** For each request. */
  readonly passed: Passed;
}

/** Events of 64 bytes, published by rank 0, with a subscriber at each rank. */
export interface TreeEvents {
  /** Published 64 at a time; the next when all ranks have them. */
  readonly perSecond: number;
  /** Processor time for one delivery: publishing, the way to the rank, and the subscriber. */
  readonly cpuMicros: number;
  readonly passed: Passed;
  /** One at a time: what passes for an event when there is no other to share a bundle with. */
  readonly alone: Passed;
}

/** What an instance of many ranks in one process takes. */
export interface TreeCost {
  readonly topology: string;
  readonly size: number;
  readonly boot: TreeBoot;
  readonly latency: readonly TreeLatency[];
  readonly events: TreeEvents;
  readonly stopMs: number;
}

/** Measures one tree in a process of its own. */
export async function measureTree(
  topology: string,
  size: number,
  seconds: number,
  build?: Build,
): Promise<TreeCost> {
  await using program = new Program("tree", { execArgv: ["--expose-gc"], build });
  const boot = await program.call<TreeBoot>("boot", { topology, size });
  const latency: TreeLatency[] = [];
  const fanout = Number(topology.slice("kary:".length));
  for (let hops = 0, rank = 0; rank < size; hops++, rank = rank * fanout + 1)
    latency.push(await program.call<TreeLatency>("latency", { rank, hops, seconds: seconds / 10 }));
  const events = await program.call<TreeEvents>("events", { seconds });
  const stopMs = await program.call<number>("stop");
  return { topology, size, boot, latency, events, stopMs };
}

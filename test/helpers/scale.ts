import assert from "node:assert/strict";
import type { Flux } from "../../src/client/index.ts";
import { InProcessInstance } from "../../src/instance/index.ts";
import { within } from "./until.ts";

export interface ScaleOptions {
  readonly size: number;
  readonly topology: string;
  /** Requests between random pairs of ranks, and events from random ranks. */
  readonly requests: number;
  readonly events: number;
  /** Longest time for each part, in milliseconds. */
  readonly boundMs: number;
}

/** What an instance of many ranks took, in milliseconds. */
export interface ScaleTimes {
  readonly bootMs: number;
  readonly requestsMs: number;
  readonly eventsMs: number;
  readonly stopMs: number;
  /** Resident memory for each rank when all was done, in bytes, the process itself included. */
  readonly rssBytes: number;
}

/** Requests and publications on their way at the same time. */
const AT_ONCE = 64;

/**
 * Boots an instance in this process, lets random pairs of ranks talk and random ranks publish, and stops it.
 * @throws AssertionError when a request is answered by another rank, when events don't come to all ranks in one order with the same numbers, when a rank
 *   doesn't end with status 0, or when a part takes too long.
 */
export async function runScale(options: ScaleOptions): Promise<ScaleTimes> {
  const { size, topology, boundMs } = options;
  const random = randomNumbers(size);
  const timed = async (what: string, work: () => Promise<void>): Promise<number> => {
    const start = performance.now();
    await within(work(), `${what} of ${size} ranks in ${topology}`, boundMs);
    return performance.now() - start;
  };
  let instance!: InProcessInstance;
  const bootMs = await timed("boot", async () => {
    const env = { ...process.env, FLUX_URI: undefined };
    instance = await InProcessInstance.start({ size, topology, env, printLog: () => {} });
    await instance.running();
  });
  try {
    const handles = instance.ranks.map(({ broker }) => broker.connect());
    const requestsMs = await timed("requests", () => askAround(handles, options.requests, random));
    const eventsMs = await timed("events", () => publishAround(handles, options.events, random));
    await Promise.all(handles.map((flux) => flux.close()));
    const rssBytes = process.memoryUsage.rss() / size;
    const stopMs = await timed("stop", () => instance.stop());
    const statuses = await Promise.all(instance.ranks.map(({ exit }) => exit));
    assert.deepEqual(new Set(statuses), new Set([0]));
    return { bootMs, requestsMs, eventsMs, stopMs, rssBytes };
  } finally {
    await instance.stop();
  }
}

/** Each request is answered by the rank it was sent to. */
async function askAround(handles: readonly Flux[], count: number, random: () => number): Promise<void> {
  await atOnce(count, async (seq) => {
    const [from, to] = [random(), random()];
    const pong = await handles[from]!.rpc("broker.ping", { seq }, { nodeid: to });
    assert.deepEqual([pong["rank"], pong["seq"]], [to, seq], `asked by rank ${from}`);
  });
}

/** All events come to all ranks, in one order, by the same numbers. */
async function publishAround(handles: readonly Flux[], count: number, random: () => number): Promise<void> {
  const subscriptions = handles.map((flux) => flux.subscribe("scale."));
  await Promise.all(subscriptions.map(({ ready }) => ready));
  const seen = subscriptions.map(async (subscription) => {
    const events: string[] = [];
    for await (const { seq, topic } of subscription) if (events.push(`${seq} ${topic}`) === count) break;
    return events;
  });
  const given = new Map<string, number>();
  await atOnce(count, async (number) => {
    const topic = `scale.${number}`;
    given.set(topic, (await handles[random()]!.publish(topic)).seq);
  });
  const [first, ...others] = await Promise.all(seen);
  const order = [...given].sort(([, a], [, b]) => a - b).map(([topic, seq]) => `${seq} ${topic}`);
  assert.deepEqual(first, order);
  for (const [index, events] of others.entries())
    assert(
      events.every((event, i) => event === order[i]),
      `rank ${index + 1} saw another order`,
    );
}

async function atOnce(count: number, work: (number: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Numbers below `bound` that look random and are the same each time. */
function randomNumbers(bound: number): () => number {
  let state = 1;
  return () => {
    // The minimal standard generator: exact in a double.
    state = (state * 48_271) % 2_147_483_647;
    return state % bound;
  };
}

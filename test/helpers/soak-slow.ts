import { setTimeout as delay } from "node:timers/promises";
import type { SlowClientPolicy } from "../../src/broker/index.ts";
import type { Flux, Subscription } from "../../src/client/index.ts";
import { Message, textPayload } from "../../src/message/index.ts";
import { TestInstance } from "../../src/testing/index.ts";
import { RawClient } from "./raw-client.ts";
import { heapUsed } from "./soak-streams.ts";
import { until } from "./until.ts";

/** What a subscriber that does not read has cost. */
export interface SlowSoak {
  readonly published: number;
  /** Events a second that were published. */
  readonly rate: number;
  /** The longest queue the broker had for it, in bytes. */
  readonly longestQueue: number;
  /** The most memory above the start, in bytes, collected before each measurement. */
  readonly memoryGrowth: number;
  /** What each other subscriber got; all should be `published`, in order. */
  readonly received: readonly number[];
  readonly disconnects: number;
  readonly droppedEvents: number;
}

export interface SlowSoakOptions {
  readonly seconds: number;
  readonly eventsPerSecond: number;
  /** Limit of the broker for each client's queue, in bytes. */
  readonly limit: number;
  readonly policy: SlowClientPolicy;
  /** Subscribers that read. */
  readonly readers: number;
}

const PAYLOAD = new Uint8Array(100);
const TICK_MS = 10;

/** Publishes events at a rate while one subscriber does not read and others do. */
export async function soakSlow(options: SlowSoakOptions): Promise<SlowSoak> {
  const { seconds, eventsPerSecond, limit, policy } = options;
  await using instance = await TestInstance.start({ clientQueueBytes: limit, slowClient: policy });
  const publisher = await instance.connect();
  const readers = await Promise.all(Array.from({ length: options.readers }, () => instance.connect()));
  const counts = await Promise.all(readers.map(async (reader) => count(reader.subscribe(""))));
  await using stalled = await RawClient.connect(instance.uri);
  await stalled.ask(
    Message.request({ topic: "event.subscribe", matchtag: 1, payload: textPayload('{"topic":""}') }),
  );
  stalled.pause();
  const before = await memoryUsed();
  let published = 0;
  let longestQueue = 0;
  let memoryGrowth = 0;
  let measured = performance.now();
  const start = performance.now();
  // A slow machine takes longer for the same events.
  const total = seconds * eventsPerSecond;
  for (let passed = 0; published < total; passed = performance.now() - start) {
    const due = Math.min(total, Math.floor(((passed + TICK_MS) / 1000) * eventsPerSecond));
    for (; published < due; published++) publisher.sendEvent(publisher.encodeEvent("soak.tick", PAYLOAD));
    await publisher.writable();
    await publisher.ping();
    longestQueue = Math.max(longestQueue, await longestQueueOf(publisher));
    if (performance.now() - measured > 1000) {
      memoryGrowth = Math.max(memoryGrowth, (await memoryUsed()) - before);
      measured = performance.now();
    }
    await delay(TICK_MS);
  }
  const rate = (published / (performance.now() - start)) * 1000;
  await until(() => counts.every(({ got }) => got === published), "every event", 30_000).catch(() => {});
  memoryGrowth = Math.max(memoryGrowth, (await memoryUsed()) - before);
  const { disconnects, droppedEvents } = instance.broker.stats.slow;
  const received = counts.map(({ got }) => got);
  return { published, rate, longestQueue, memoryGrowth, received, disconnects, droppedEvents };
}

/** Counts the events of a subscription as long as none is missing. */
async function count(events: Subscription): Promise<{ readonly got: number }> {
  await events.ready;
  const counter = { got: 0 };
  const read = async (): Promise<void> => {
    for await (const event of events) {
      if (event.seq !== counter.got + 1) return;
      counter.got = event.seq;
    }
  };
  // The end of the handle ends the loop; what it missed is in the count.
  read().catch(() => {});
  return counter;
}

interface ClientStats {
  readonly server: { readonly clients: readonly { readonly txbacklog: number }[] };
}

/** The longest queue of a client, in bytes. */
async function longestQueueOf(flux: Flux): Promise<number> {
  const { server } = await flux.rpc<ClientStats>("connector-local.stats-get");
  return Math.max(...server.clients.map(({ txbacklog }) => txbacklog));
}

/** Heap and buffers in use, behind a collection. */
async function memoryUsed(): Promise<number> {
  const heap = await heapUsed();
  return heap + process.memoryUsage().arrayBuffers;
}

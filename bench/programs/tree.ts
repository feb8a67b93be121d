/** An instance of many ranks, and what its brokers do for requests and events. */
import type { InProcessInstance } from "../../src/doors/broker.ts";
import type { Flux } from "../../src/doors/fluxbus.ts";
import { answerParent } from "../control/child.ts";
import { loadBroker } from "../product.ts";
import { median } from "../statistics.ts";
import type { Passed, TreeBoot, TreeEvents, TreeLatency } from "../tree/measure.ts";

const PAYLOAD = new Uint8Array(64).fill(7);
const AT_ONCE = 64;
const WARM_UP = 20;
/** Events that are published one at a time. */
const ALONE = 20;

let instance: InProcessInstance;
let root: Flux;

/** Sums of what all ranks have sent. */
function passedSoFar(): Passed {
  let messages = 0;
  let bytes = 0;
  for (let rank = 0; rank < instance.size; rank++) {
    const { sent, sentBytes } = instance.traffic(rank);
    messages += sent;
    bytes += sentBytes;
  }
  return { messages, bytes };
}

function share(before: Passed, count: number): Passed {
  const after = passedSoFar();
  return {
    messages: (after.messages - before.messages) / count,
    bytes: (after.bytes - before.bytes) / count,
  };
}

function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function boot({ topology, size }: { topology: string; size: number }): Promise<TreeBoot> {
  const { InProcessInstance } = await loadBroker();
  const rssBefore = residentBytes();
  const cpuBefore = cpuMicros();
  const start = performance.now();
  const env = { ...process.env, FLUX_URI: undefined };
  instance = await InProcessInstance.start({ size, topology, env });
  await instance.running();
  const ms = performance.now() - start;
  const cpuMs = (cpuMicros() - cpuBefore) / 1000;
  root = instance.ranks[0]!.broker.connect();
  return { ms, cpuMs, passed: passedSoFar(), rssBytes: residentBytes() - rssBefore };
}

async function latency(order: { rank: number; hops: number; seconds: number }): Promise<TreeLatency> {
  const { rank, hops, seconds } = order;
  const ping = async (seq: number): Promise<void> => {
    const pong = await root.rpc("broker.ping", { seq }, { nodeid: rank });
    if (pong["rank"] !== rank) throw new Error(`rank ${pong["rank"]} has answered for rank ${rank}`);
  };
  for (let i = 0; i < WARM_UP; i++) await ping(i);
  const before = passedSoFar();
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    const start = performance.now();
    await ping(times.length);
    times.push((performance.now() - start) * 1000);
  }
  return { hops, micros: median(times), passed: share(before, times.length) };
}

async function events({ seconds }: { seconds: number }): Promise<TreeEvents> {
  const handles = instance.ranks.map(({ broker }) => broker.connect());
  let delivered = 0;
  let awaited = { count: 0, resolve: () => {} };
  const subscriptions = handles.map((flux) => flux.subscribe("tree."));
  await Promise.all(subscriptions.map(({ ready }) => ready));
  for (const subscription of subscriptions) {
    void (async () => {
      for await (const { payload } of subscription) {
        if (payload?.length !== PAYLOAD.length) throw new Error("an event has another payload");
        if (++delivered === awaited.count) awaited.resolve();
      }
    })();
  }
  const allDelivered = (published: number): Promise<void> => {
    const count = published * instance.size;
    return new Promise((resolve) => {
      awaited = { count, resolve };
      if (delivered === count) resolve();
    });
  };
  let published = 0;
  const publish = async (): Promise<void> => {
    published++;
    await root.publishRaw("tree.event", PAYLOAD);
  };
  const publishAlone = async (): Promise<void> => {
    await publish();
    await allDelivered(published);
  };
  for (let i = 0; i < WARM_UP; i++) await publishAlone();
  const beforeAlone = passedSoFar();
  for (let i = 0; i < ALONE; i++) await publishAlone();
  const alone = share(beforeAlone, ALONE);

  const [before, cpuBefore, first, start] = [passedSoFar(), cpuMicros(), published, performance.now()];
  const end = start + seconds * 1000;
  // The next ones wait for the last rank: rank 0 would be far ahead of it otherwise.
  while (performance.now() < end) {
    await Promise.all(Array.from({ length: AT_ONCE }, publish));
    await allDelivered(published);
  }
  const count = published - first;
  const perSecond = (count * 1000) / (performance.now() - start);
  const cpu = (cpuMicros() - cpuBefore) / count / instance.size;
  const passed = share(before, count);
  await Promise.all(handles.map((flux) => flux.close()));
  return { perSecond, cpuMicros: cpu, passed, alone };
}

async function stop(): Promise<number> {
  await root.close();
  const start = performance.now();
  await instance.stop();
  const status = await instance.exit;
  if (status !== 0) throw new Error(`the instance ended with status ${status}`);
  return performance.now() - start;
}

answerParent({ boot, latency, events, stop });

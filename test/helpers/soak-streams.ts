import { setImmediate as turn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { FluxError } from "../../src/base/index.ts";
import type { Flux } from "../../src/client/index.ts";
import { TestInstance } from "../../src/testing/index.ts";
import { until } from "./until.ts";

/** What is left of many streams; each should be where it was before. */
export interface StreamSoak {
  /** Streams that finished, failed, were cancelled at the server by leaving them, and were left by a signal. */
  readonly ended: {
    readonly finished: number;
    readonly failed: number;
    readonly left: number;
    readonly aborted: number;
  };
  /** Growth of the heap in bytes, both times behind a collection. */
  readonly heapGrowth: number;
  /** Matchtags taken. */
  readonly pending: number;
  /** Requests the service has not ended. */
  readonly serving: number;
  /** Growth of the number of things that keep the process alive. */
  readonly handleGrowth: number;
  readonly seconds: number;
}

/** Streams open at the same time. */
const AT_ONCE = 100;

/** Opens `count` streams between two clients of a broker, ends a quarter of them in each of four ways, and tells what they left behind. */
export async function soakStreams(count: number): Promise<StreamSoak> {
  await using instance = await TestInstance.start();
  const [server, client] = [await instance.connect(), await instance.connect()];
  await using _service = await server.serve("soak", {
    async *finish() {
      yield { n: 1 };
      yield { n: 2 };
    },
    async *fail() {
      yield { n: 1 };
      throw new FluxError("EBUSY");
    },
    hold: {
      streaming: true,
      request: (request) => request.respond({ n: 1 }),
    },
  });
  const ended = { finished: 0, failed: 0, left: 0, aborted: 0 };
  const run = async (index: number): Promise<void> => {
    ended[await WAYS[index % WAYS.length]!(client)]++;
  };
  const rounds = async (streams: number): Promise<void> => {
    for (let at = 0; at < streams; at += AT_ONCE) {
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, streams - at) }, (_, i) => run(at + i)));
      await until(() => client.pending === 0 && server.serving === 0, "the end of the round", 30_000);
    }
  };
  // What is built once (code, caches, pools) is there before the first measurement.
  await rounds(Math.min(count, 4 * AT_ONCE));
  for (const way of ["finished", "failed", "left", "aborted"] as const) ended[way] = 0;
  const before = { heap: await heapUsed(), handles: process.getActiveResourcesInfo().length };
  const start = performance.now();
  await rounds(count);
  const seconds = (performance.now() - start) / 1000;
  return {
    ended,
    heapGrowth: (await heapUsed()) - before.heap,
    pending: client.pending,
    serving: server.serving,
    handleGrowth: process.getActiveResourcesInfo().length - before.handles,
    seconds,
  };
}

type Way = (flux: Flux) => Promise<"finished" | "failed" | "left" | "aborted">;

const WAYS: readonly Way[] = [
  async (flux) => {
    let items = 0;
    for await (const _item of flux.stream("soak.finish")) items++;
    if (items !== 2) throw new Error(`${items} items of 2`);
    return "finished";
  },
  async (flux) => {
    try {
      for await (const _item of flux.stream("soak.fail"));
    } catch (error) {
      if (FluxError.is(error, "EBUSY")) return "failed";
      throw error;
    }
    throw new Error("the stream did not fail");
  },
  async (flux) => {
    for await (const _item of flux.stream("soak.hold")) break;
    return "left";
  },
  async (flux) => {
    const stop = new AbortController();
    const stream = flux.stream("soak.hold", {}, { signal: stop.signal });
    try {
      for await (const _item of stream) stop.abort();
    } catch (error) {
      if (FluxError.is(error, "ECANCELED")) return "aborted";
      throw error;
    }
    throw new Error("the stream was not aborted");
  },
];

let collect: (() => void) | undefined;

/** Bytes of the heap that are in use, behind a collection. */
export async function heapUsed(): Promise<number> {
  if (collect === undefined) {
    setFlagsFromString("--expose-gc");
    collect = runInNewContext("gc") as () => void;
  }
  // Finalizers and weak references take a turn of the event loop each.
  for (let round = 0; round < 4; round++) {
    await turn();
    collect();
  }
  return process.memoryUsage().heapUsed;
}

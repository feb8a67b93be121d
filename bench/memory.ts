import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Memory } from "./control/child.ts";
import { Closers } from "./control/closers.ts";
import { Program } from "./control/program.ts";

/** What a broker holds for each of many equal things. */
export interface MemoryCost {
  readonly name: string;
  readonly count: number;
  /** Growth of the broker's resident memory for each, in bytes. */
  readonly rssBytes: number;
  /** Growth of its heap, and of what the heap holds outside, for each, in bytes. */
  readonly heapBytes: number;
  /** Most that is allowed for each of the two. */
  readonly limitBytes: number;
  readonly met: boolean;
}

const IDLE_CLIENTS = 1_000;
const IDLE_LIMIT = 40 * 1024;
const PENDING_REQUESTS = 100_000;
const PENDING_CLIENTS = 4;
const PENDING_LIMIT = 1024;

/** Memory of the broker with 1,000 connected clients that do nothing. */
export function idleClientCost(): Promise<MemoryCost> {
  return costOf("idle client", IDLE_CLIENTS, IDLE_LIMIT, async (uri, holder) => {
    await holder.call("connect", { uri, clients: IDLE_CLIENTS });
  });
}

/** Memory of the broker with 100,000 requests of 64 bytes whose service has read them and does not answer. */
export function pendingRequestCost(): Promise<MemoryCost> {
  return costOf("pending request", PENDING_REQUESTS, PENDING_LIMIT, async (uri, holder, closers) => {
    const service = closers.use(new Program("holder"));
    await service.call("serve", { uri });
    await holder.call("ask", { uri, clients: PENDING_CLIENTS, requests: PENDING_REQUESTS });
    await service.call("received", { requests: PENDING_REQUESTS });
  });
}

async function costOf(
  name: string,
  count: number,
  limitBytes: number,
  make: (uri: string, holder: Program, closers: Closers) => Promise<void>,
): Promise<MemoryCost> {
  await using closers = new Closers();
  const folder = await mkdtemp(join(tmpdir(), "fluxbus-bench-"));
  closers.defer(() => rm(folder, { recursive: true, force: true }));
  const broker = closers.use(new Program("broker", ["--expose-gc"]));
  const holder = closers.use(new Program("holder"));
  const uri = await broker.call<string>("open", { socketPath: join(folder, "local-0") });
  // One round trip first, so that what the first client loads and compiles is not counted.
  await holder.call("connect", { uri, clients: 1 });
  const before = await broker.call<Memory>("memory");
  await make(uri, holder, closers);
  const after = await broker.call<Memory>("memory");
  const rssBytes = (after.rss - before.rss) / count;
  const heapBytes = (after.heap - before.heap) / count;
  return { name, count, rssBytes, heapBytes, limitBytes, met: Math.max(rssBytes, heapBytes) <= limitBytes };
}

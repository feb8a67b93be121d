import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Build } from "./build.ts";
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
export function idleClientCost(build?: Build): Promise<MemoryCost> {
  const what = { name: "idle client", count: IDLE_CLIENTS, limitBytes: IDLE_LIMIT, build };
  return costOf(what, async (uri, holder) => {
    await holder.call("connect", { uri, clients: IDLE_CLIENTS });
  });
}

/** Memory of the broker with 100,000 requests of 64 bytes whose service has read them and does not answer. */
export function pendingRequestCost(build?: Build): Promise<MemoryCost> {
  const what = { name: "pending request", count: PENDING_REQUESTS, limitBytes: PENDING_LIMIT, build };
  return costOf(what, async (uri, holder, closers) => {
    const service = closers.use(new Program("holder", { build }));
    await service.call("serve", { uri });
    await holder.call("ask", { uri, clients: PENDING_CLIENTS, requests: PENDING_REQUESTS });
    await service.call("received", { requests: PENDING_REQUESTS });
  });
}

interface Counted {
  readonly name: string;
  readonly count: number;
  readonly limitBytes: number;
  readonly build: Build | undefined;
}

async function costOf(
  { name, count, limitBytes, build }: Counted,
  make: (uri: string, holder: Program, closers: Closers) => Promise<void>,
): Promise<MemoryCost> {
  await using closers = new Closers();
  const folder = await mkdtemp(join(tmpdir(), "fluxbus-bench-"));
  closers.defer(() => rm(folder, { recursive: true, force: true }));
  const broker = closers.use(new Program("broker", { execArgv: ["--expose-gc"], build }));
  const holder = closers.use(new Program("holder", { build }));
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

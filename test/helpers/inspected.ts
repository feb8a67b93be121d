import assert from "node:assert/strict";
import { WebSocket } from "ws";
import type { CliProcess } from "../process/cli-process.ts";
import { until } from "./until.ts";

/** Flags of Node for a process that `collectedMemory` is asked about. */
export const INSPECTED = ["--inspect=127.0.0.1:0"];

const START_MS = 20_000;
/** Collections that are forced: what one frees may let go of more. */
const COLLECTIONS = 3;

/** Memory of a process after a forced collection, in bytes. */
export interface CollectedMemory {
  readonly heapUsed: number;
  readonly external: number;
}

/** Has a process collect its garbage, and resolves to what is left. It was started with `INSPECTED`. */
export async function collectedMemory(process: CliProcess): Promise<CollectedMemory> {
  const url = (): string | undefined => /^Debugger listening on (ws:\S+)$/m.exec(process.stderr)?.[1];
  await until(() => url() !== undefined, "an inspector", START_MS);
  const socket = new WebSocket(url()!);
  try {
    await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
    let last = 0;
    const call = (method: string, params: object = {}): Promise<Record<string, unknown>> =>
      new Promise((resolve) => {
        const id = ++last;
        const take = (data: unknown): void => {
          const answer = JSON.parse(String(data)) as { id?: number; result: Record<string, unknown> };
          if (answer.id !== id) return;
          socket.off("message", take);
          resolve(answer.result);
        };
        socket.on("message", take);
        socket.send(JSON.stringify({ id, method, params }));
      });
    await call("HeapProfiler.enable");
    for (let i = 0; i < COLLECTIONS; i++) await call("HeapProfiler.collectGarbage");
    const expression = "JSON.stringify(process.memoryUsage())";
    const { result } = (await call("Runtime.evaluate", { expression })) as { result: { value?: string } };
    assert(result.value !== undefined, "the memory of the process");
    return JSON.parse(result.value) as CollectedMemory;
  } finally {
    socket.terminate();
  }
}

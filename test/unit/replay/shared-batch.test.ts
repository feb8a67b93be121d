import assert from "node:assert/strict";
import { test } from "node:test";
import type { EventBatch } from "../../../src/event-log/index.ts";
import type { ReplaySource } from "../../../src/replay/replay-methods.ts";
import { SharedBatch } from "../../../src/replay/shared-batch.ts";

const AT = { epoch: 1, seq: 0 };
const OPTIONS = { prefix: "", through: undefined, maxBytes: 65_536, maxEvents: 10 };

/** A log whose batches have so many bytes. */
function sourceOf(bytes: number): ReplaySource {
  const read = (): EventBatch => ({ frames: new Uint8Array(bytes), next: AT, count: 1 }) as EventBatch;
  return { last: AT, read } as unknown as ReplaySource;
}

for (const [size, bytes, after] of [
  ["small", 1000, 1],
  ["large", 100_000, 2],
] as const)
  test(`a ${size} batch is read and encoded once for readers in a row, and ${after === 1 ? "kept" : "let go"} then`, () => {
    const shared = new SharedBatch();
    const source = sourceOf(bytes);
    const read = (): void => {
      const batch = shared.read(source, AT, OPTIONS, 7) as EventBatch;
      shared.encode(batch, "json", () => ({ events: [] }));
    };
    for (let reader = 0; reader < 100; reader++) read();
    assert.deepEqual(shared.counts, { read: 1, encoded: 1 });
    shared.trim();
    read();
    assert.deepEqual(shared.counts, { read: after, encoded: after });
  });

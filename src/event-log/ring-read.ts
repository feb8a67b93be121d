import { type BatchBuilder, isWanted } from "./event-batch.ts";
import type { RingChunk } from "./ring-chunk.ts";

/** Adds the events `[from, stop)` of a chunk as they stand; returns the first that did not fit. */
export function takeSpan(builder: BatchBuilder, chunk: RingChunk, from: number, stop: number): number {
  // The first event of a batch goes in whatever its size.
  const least = builder.count === 0 ? from + 1 : from;
  const fitting = Math.max(least, chunk.indexBeyond(from, builder.roomLeft));
  const end = Math.min(stop, fitting, from + builder.eventsLeft, from + builder.scansLeft);
  if (end <= from) return from;
  const { bytes, offsets, times } = chunk;
  builder.addRun(bytes, offsets[from]!, offsets[end]!, times, from, end - from);
  builder.scanned += end - from;
  return end;
}

/** Adds those of the events `[from, stop)` of a chunk that are wanted; returns the first that was not looked at. */
export function takeWanted(builder: BatchBuilder, chunk: RingChunk, from: number, stop: number): number {
  const { bytes, offsets, times } = chunk;
  const end = Math.min(stop, from + builder.scansLeft);
  let at = from;
  for (; at < end; at++) {
    const start = offsets[at]!;
    const next = offsets[at + 1]!;
    if (!isWanted(chunk, start, next, builder.limits)) continue;
    if (!builder.hasRoom(next - start)) break;
    builder.add(bytes, start, next, times[at]!);
  }
  builder.scanned += at - from;
  return at;
}

import type { EventPosition } from "../message/index.ts";
import { type BatchBuilder, isWanted } from "./event-batch.ts";
import { firstIndex } from "./first-index.ts";
import type { RingChunk } from "./ring-chunk.ts";

/** Adds what is wanted behind `after`, up to number `end` of its epoch, to the builder; returns how far it came. */
export function readChunks(
  builder: BatchBuilder,
  chunks: readonly RingChunk[],
  after: EventPosition,
  end: number,
): number {
  const { limits } = builder;
  const start = firstIndex(0, chunks.length, (i) => {
    const { epoch, lastSeq } = chunks[i]!;
    return epoch > after.epoch || (epoch === after.epoch && lastSeq > after.seq);
  });
  for (let i = start; i < chunks.length && chunks[i]!.epoch === after.epoch; i++) {
    const chunk = chunks[i]!.encode();
    const from = chunk.indexAfter(after.seq);
    const stop = chunk.lastSeq <= end ? chunk.count : chunk.indexAfter(end);
    const whole = limits.prefix.length === 0 && (limits.see === undefined || chunk.privates === 0);
    const reached = whole ? takeSpan(builder, chunk, from, stop) : takeWanted(builder, chunk, from, stop);
    if (reached < stop) return chunk.seqAt(reached) - 1;
    if (stop < chunk.count) return end;
  }
  return end;
}

/** Adds the events `[from, stop)` of a chunk as they stand; returns the first that did not fit. */
function takeSpan(builder: BatchBuilder, chunk: RingChunk, from: number, stop: number): number {
  // The first event of a batch goes in whatever its size.
  const least = builder.count === 0 ? from + 1 : from;
  const fitting = Math.max(least, chunk.indexBeyond(from, builder.roomLeft));
  const end = Math.min(stop, fitting, from + builder.eventsLeft, from + builder.scansLeft);
  if (end <= from) return from;
  const { bytes, offsets } = chunk;
  chunk.readTimes(from, builder.addRun(bytes, offsets[from]!, offsets[end]!, end - from));
  builder.scanned += end - from;
  return end;
}

/** Adds those of the events `[from, stop)` of a chunk that are wanted; returns the first that was not looked at. */
function takeWanted(builder: BatchBuilder, chunk: RingChunk, from: number, stop: number): number {
  const { bytes, offsets } = chunk;
  const end = Math.min(stop, from + builder.scansLeft);
  let at = from;
  for (; at < end; at++) {
    const start = offsets[at]!;
    const next = offsets[at + 1]!;
    if (!isWanted(chunk, start, next, builder.limits)) continue;
    if (!builder.hasRoom(next - start)) break;
    builder.add(bytes, start, next, chunk.timeAt(at));
  }
  builder.scanned += at - from;
  return at;
}

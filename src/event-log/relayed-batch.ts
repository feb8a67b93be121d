import {
  BatchBuilder,
  type EventBatch,
  isWanted,
  type ReadOptions,
  readLimits,
  type SeqRange,
} from "./event-batch.ts";
import { frameEnd } from "./event-frame.ts";

/** What another rank gave for a position: its frames, and how far it came with them. */
export interface RelayedEvents {
  readonly epoch: number;
  readonly through: number;
  readonly frames: Uint8Array;
  /** When each of the events was taken in there; 0 where it did not say. */
  readonly times: readonly number[];
  readonly lost: readonly SeqRange[];
  readonly unknown: boolean;
  /** The epoch that follows, when this one has ended. */
  readonly following: number | undefined;
}

/** The batch of what another rank gave, less what this reader may not see. */
export function relayedBatch(given: RelayedEvents, options: ReadOptions): EventBatch {
  const { epoch, through, frames, times, lost, unknown, following } = given;
  // How much there may be was a matter of the question.
  const limits = { ...readLimits(options), maxBytes: Number.POSITIVE_INFINITY };
  const builder = new BatchBuilder(limits);
  const words = new DataView(frames.buffer, frames.byteOffset, frames.length);
  const source = { bytes: frames, words };
  for (let at = 0, index = 0; at < frames.length; index++) {
    const end = frameEnd(source, at);
    if (isWanted(source, at, end, limits)) builder.add(frames, at, end, times[index] ?? 0);
    at = end;
  }
  return { ...builder.build(epoch, through, { lost, after: following }), unknown };
}

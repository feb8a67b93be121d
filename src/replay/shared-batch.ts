import { encodePayload, type Payload } from "../client/index.ts";
import type { EventBatch, ReadOptions } from "../event-log/index.ts";
import type { EventPosition } from "../message/index.ts";
import type { ReplaySource } from "./replay-methods.ts";

/** Most bytes of frames that are kept when no reader waits for its turn. */
const MAX_BYTES = 64 * 1024;

/** What was read last, and for whom. */
interface Latest {
  readonly batch: EventBatch;
  readonly at: EventPosition;
  /** The latest event of the log at that time. */
  readonly last: EventPosition;
  readonly options: ReadOptions;
  readonly user: number;
}

/**
 * The batch that was read last, and its response. Readers that wait for the same events are woken one behind the other, from the same position: the first
 * of them reads the log, and encodes the response, for all.
 */
export class SharedBatch {
  /** Batches that were read from a log, and responses that were encoded. */
  readonly counts = { read: 0, encoded: 0 };
  #latest: Latest | undefined;
  #response: { readonly batch: EventBatch; readonly form: string; readonly payload: Payload } | undefined;

  /** As `source.read`. Readers of one `user` see the same private events. */
  read(
    source: ReplaySource,
    at: EventPosition,
    options: ReadOptions,
    user: number,
  ): EventBatch | Promise<EventBatch> {
    const { last } = source;
    const latest = this.#latest;
    if (latest !== undefined && latest.user === user && isSame(latest, at, last, options))
      return latest.batch;
    this.counts.read++;
    const batch = source.read(at, options);
    this.#latest = !(batch instanceof Promise) ? { batch, at, last, options, user } : undefined;
    this.#response = undefined;
    return batch;
  }

  /** No reader waits: what is large is not kept for the next one. */
  trim(): void {
    const isLarge = (this.#latest?.batch.frames.length ?? 0) > MAX_BYTES;
    if (!isLarge) return;
    this.#latest = undefined;
    this.#response = undefined;
  }

  /** The response for a batch in one of its forms, as `encode` makes it. */
  encode(batch: EventBatch, form: string, encode: () => Payload): Payload {
    const known = this.#response;
    if (known?.batch === batch && known.form === form) return known.payload;
    this.counts.encoded++;
    const payload = encodePayload(encode());
    this.#response = batch === this.#latest?.batch ? { batch, form, payload } : undefined;
    return payload;
  }
}

function isSame(known: Latest, at: EventPosition, last: EventPosition, options: ReadOptions): boolean {
  return (
    isAt(known.at, at) &&
    isAt(known.last, last) &&
    known.options.prefix === options.prefix &&
    known.options.through === options.through &&
    known.options.maxEvents === options.maxEvents
  );
}

function isAt(one: EventPosition, other: EventPosition): boolean {
  return one.seq === other.seq && one.epoch === other.epoch;
}

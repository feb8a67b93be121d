import type { EventBatch, EventRing, EventSpan } from "../../../src/event-log/index.ts";
import { decodeAll, Message, MessageFlag } from "../../../src/message/index.ts";

/** An event of this number. */
export function event(
  seq: number,
  fields: { topic?: string; bytes?: number; secret?: boolean } = {},
): Message {
  return Message.event({
    topic: fields.topic ?? "test.event",
    payload: new Uint8Array(fields.bytes ?? 0).fill(seq & 0xff),
    flags: fields.secret === true ? MessageFlag.PRIVATE : 0,
    userid: 1000,
    rolemask: 1,
    seq,
  });
}

/** Appends an event that came at `timeMs`; returns where it stands, until the ring is about to write there again. */
export function appendAt(ring: EventRing, event: Message, timeMs: number): EventSpan | undefined {
  ring.clock(timeMs);
  const span = ring.append(event);
  return span === undefined ? undefined : { ...span };
}

/** The numbers from `first` to `last`. */
export function span(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}

/** The numbers of a batch's events. */
export function seqsOf(batch: EventBatch | undefined): number[] {
  return batch === undefined ? [] : decodeAll(batch.frames).map(({ seq }) => seq);
}

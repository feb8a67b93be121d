import { FluxError } from "../base/index.ts";

/** Last sequence number of an epoch: the 32 bits of the header are full. The event behind it is number 1 of the next epoch. */
export const LAST_SEQ = 0xffffffff;

/**
 * Where an event stands among all events of an instance.
 *
 * `epoch` names a run of the sequence: milliseconds since 1970 when rank 0 began it, below 2^53 and always above the epochs before. 0: not
 * known. `seq` is the number in the event's header, 1 to 2^32 - 1; 0 is the place before the first. A position also stands for "everything up to
 * here", so that reading after it gives what is new.
 */
export interface EventPosition {
  readonly epoch: number;
  readonly seq: number;
}

/** Events of one epoch that stand together, both ends included. */
export interface EventRange {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
}

/** Below 0 when `a` is before `b`, 0 when they are the same, above 0 when it is behind. */
export function comparePositions(a: EventPosition, b: EventPosition): number {
  return a.epoch - b.epoch || a.seq - b.seq;
}

/** The number behind `seq`: after 2^32 - 1 comes 1. */
export function nextSeq(seq: number): number {
  return seq === LAST_SEQ ? 1 : seq + 1;
}

/** The position of the event behind `position` when rank 0 goes on: at the end of the 32 bits, number 1 of the epoch after. */
export function nextPosition({ epoch, seq }: EventPosition): EventPosition {
  return seq === LAST_SEQ ? { epoch: epoch + 1, seq: 1 } : { epoch, seq: seq + 1 };
}

/** The position as text, `EPOCH:SEQ` in decimal. */
export function formatPosition({ epoch, seq }: EventPosition): string {
  return `${epoch}:${seq}`;
}

/**
 * Reads `EPOCH:SEQ`.
 * @throws FluxError EINVAL for any other text, and for numbers out of range.
 */
export function parsePosition(text: string): EventPosition {
  const match = /^(\d{1,16}):(\d{1,10})$/.exec(text);
  const position = { epoch: Number(match?.[1]), seq: Number(match?.[2]) };
  if (!isPosition(position)) throw new FluxError("EINVAL", `no event position: '${text}' is not EPOCH:SEQ`);
  return position;
}

/** True when both numbers are in their range. */
export function isPosition({ epoch, seq }: EventPosition): boolean {
  return Number.isSafeInteger(epoch) && epoch >= 0 && Number.isInteger(seq) && seq >= 0 && seq <= LAST_SEQ;
}

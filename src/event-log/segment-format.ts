import { decodeLatin1 } from "../base/index.ts";
import { type EventPosition, type FrameBytes, isPosition, type Message } from "../message/index.ts";
import { copyWithCrc32, crc32 } from "./crc32.ts";
import { type EventSpan, writeEventFrame } from "./event-frame.ts";

/**
 * @file The bytes of a segment, a file of the log on disk. All words are big-endian.
 *
 *     header, twice:  "fluxevt1"  f64 epoch  u32 first  u32 salt  u32 crc32 of these  u32 0
 *     records:        u32 length  u32 crc32 of time and frame, seeded with the salt  f64 time  frame of that length
 *     seal:           entries of f64 time  u32 seq  u32 offset, one for about 64 KiB of records
 *                     "fluxend1" or "fluxcut1"  f64 first time  f64 last time  u32 last  u32 events  u32 entries  u32 salt  u32 offset of the seal  u32 crc32
 *
 * Without the salt nobody can write a payload that would pass for a record when the bytes around it are damaged. The seal is written when the
 * segment is complete; a file without one is read from end to end when the log is opened, and then gets one that says that more events may have come
 * behind its last, which nobody knows.
 */

const HEADER_MAGIC = "fluxevt1";
const HEADER_COPY_BYTES = 32;
export const SEGMENT_HEADER_BYTES = 2 * HEADER_COPY_BYTES;
/** Bytes of a record before its frame. */
export const RECORD_HEAD_BYTES = 16;
/** How often there is an index entry, in bytes of records. */
export const INDEX_BYTES = 64 * 1024;
const SEAL_MAGIC = "fluxend1";
const CUT_MAGIC = "fluxcut1";
const ENTRY_BYTES = 16;
/** Bytes of the seal behind its entries. */
export const SEAL_BYTES = 48;

/** Where a record starts in its segment. */
export interface IndexEntry {
  readonly time: number;
  readonly seq: number;
  readonly offset: number;
}

export interface SegmentHeader {
  readonly epoch: number;
  readonly first: number;
  readonly salt: number;
}

/** What the seal of a segment says. */
export interface Seal {
  readonly firstTime: number;
  readonly lastTime: number;
  readonly last: number;
  readonly events: number;
  readonly salt: number;
  /** True when nobody knows whether events of its epoch came behind the last one, unless there is a further segment. */
  readonly openEnd: boolean;
  /** Offset where the records end and the seal begins. */
  readonly size: number;
  readonly entries: readonly IndexEntry[];
}

/** The file of the segment that begins with this event. */
export function segmentName({ epoch, seq }: EventPosition): string {
  return `${String(epoch).padStart(16, "0")}-${String(seq).padStart(10, "0")}.events`;
}

/** The first event of the segment in a file of this name; undefined for any other file. */
export function parseSegmentName(name: string): EventPosition | undefined {
  const match = /^(\d{16})-(\d{10})\.events$/.exec(name);
  const position = { epoch: Number(match?.[1]), seq: Number(match?.[2]) };
  return isPosition(position) ? position : undefined;
}

export function encodeHeader({ epoch, first, salt }: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES);
  const words = new DataView(bytes.buffer);
  writeText(bytes, 0, HEADER_MAGIC);
  words.setFloat64(8, epoch);
  words.setUint32(16, first);
  words.setUint32(20, salt);
  words.setUint32(24, crc32({ bytes, words }, 0, 24));
  bytes.copyWithin(HEADER_COPY_BYTES, 0, HEADER_COPY_BYTES);
  return bytes;
}

/** The header at the start of a segment, from whichever copy is whole; undefined when none is. */
export function decodeHeader(bytes: Uint8Array): SegmentHeader | undefined {
  for (
    let at = 0;
    at + HEADER_COPY_BYTES <= bytes.length && at < SEGMENT_HEADER_BYTES;
    at += HEADER_COPY_BYTES
  ) {
    const copy = bytes.subarray(at, at + HEADER_COPY_BYTES);
    const words = new DataView(copy.buffer, copy.byteOffset, copy.length);
    if (decodeLatin1(copy, 0, 8) !== HEADER_MAGIC) continue;
    if (words.getUint32(24) !== crc32({ bytes: copy, words }, 0, 24)) continue;
    return { epoch: words.getFloat64(8), first: words.getUint32(16), salt: words.getUint32(20) };
  }
  return undefined;
}

/** Writes the record of an event whose frame takes `size` bytes at `at`; the frame is copied if it stands at `span` already. */
export function writeRecord(
  to: FrameBytes,
  at: number,
  record: {
    readonly event: Message;
    readonly size: number;
    readonly span: EventSpan | undefined;
    readonly time: number;
    readonly salt: number;
  },
): void {
  const { event, size, span, time, salt } = record;
  const { words } = to;
  const frame = at + RECORD_HEAD_BYTES;
  words.setUint32(at, size);
  words.setFloat64(at + 8, time);
  if (span === undefined) {
    writeEventFrame(to, frame, size, event);
    words.setUint32(at + 4, recordSum(to, at, size, salt));
  } else {
    const sum = crc32(to, at + 8, frame, salt);
    words.setUint32(at + 4, copyWithCrc32(span, span.start, span.end, to, frame, sum));
  }
}

/** The checksum of the record at `at` whose frame takes `size` bytes. */
export function recordSum(of: FrameBytes, at: number, size: number, salt: number): number {
  return crc32(of, at + 8, at + RECORD_HEAD_BYTES + size, salt);
}

export function encodeSeal(seal: Seal): Uint8Array {
  const { entries } = seal;
  const bytes = new Uint8Array(entries.length * ENTRY_BYTES + SEAL_BYTES);
  const words = new DataView(bytes.buffer);
  let at = 0;
  for (const { time, seq, offset } of entries) {
    words.setFloat64(at, time);
    words.setUint32(at + 8, seq);
    words.setUint32(at + 12, offset);
    at += ENTRY_BYTES;
  }
  writeText(bytes, at, seal.openEnd ? CUT_MAGIC : SEAL_MAGIC);
  words.setFloat64(at + 8, seal.firstTime);
  words.setFloat64(at + 16, seal.lastTime);
  words.setUint32(at + 24, seal.last);
  words.setUint32(at + 28, seal.events);
  words.setUint32(at + 32, entries.length);
  words.setUint32(at + 36, seal.salt);
  words.setUint32(at + 40, seal.size);
  words.setUint32(at + 44, crc32({ bytes, words }, 0, at + 44));
  return bytes;
}

/** How many bytes the seal takes whose last `SEAL_BYTES` these are; undefined when they are no end of a seal. */
export function sealBytes(end: Uint8Array): number | undefined {
  if (end.length !== SEAL_BYTES) return undefined;
  const magic = decodeLatin1(end, 0, 8);
  if (magic !== SEAL_MAGIC && magic !== CUT_MAGIC) return undefined;
  return new DataView(end.buffer, end.byteOffset).getUint32(32) * ENTRY_BYTES + SEAL_BYTES;
}

/** Reads a whole seal; undefined when it is damaged. */
export function decodeSeal(bytes: Uint8Array): Seal | undefined {
  const at = bytes.length - SEAL_BYTES;
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (words.getUint32(at + 44) !== crc32({ bytes, words }, 0, at + 44)) return undefined;
  const entries: IndexEntry[] = [];
  for (let entry = 0; entry < at; entry += ENTRY_BYTES) {
    entries.push({
      time: words.getFloat64(entry),
      seq: words.getUint32(entry + 8),
      offset: words.getUint32(entry + 12),
    });
  }
  return {
    firstTime: words.getFloat64(at + 8),
    lastTime: words.getFloat64(at + 16),
    openEnd: decodeLatin1(bytes, at, at + 8) === CUT_MAGIC,
    last: words.getUint32(at + 24),
    events: words.getUint32(at + 28),
    salt: words.getUint32(at + 36),
    size: words.getUint32(at + 40),
    entries,
  };
}

function writeText(bytes: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}

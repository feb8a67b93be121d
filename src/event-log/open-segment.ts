import { type FileHandle, open } from "node:fs/promises";
import { basename, join } from "node:path";
import type { EventPosition } from "../message/index.ts";
import { Segment } from "./segment.ts";
import { readExactly, SegmentCursor } from "./segment-cursor.ts";
import {
  decodeHeader,
  decodeSeal,
  encodeSeal,
  SEAL_BYTES,
  SEGMENT_HEADER_BYTES,
  type SegmentHeader,
  sealBytes,
  segmentName,
} from "./segment-format.ts";

/** Bytes that were cut off the end of a segment when the log was opened. */
export interface Cut {
  /** Name of the file. */
  readonly segment: string;
  readonly bytes: number;
  readonly reason: string;
}

/** A segment of an earlier run, and what was cut off it. */
export interface OpenedSegment {
  /** Undefined when nothing of it can be read. */
  readonly segment: Segment | undefined;
  readonly cut: Cut | undefined;
  /** True when it had no seal, so that all of it was read. */
  readonly scanned: boolean;
}

/**
 * Looks at a segment of an earlier run. One that is not sealed is read from end to end: what is behind its last whole record is cut off, and
 * it is sealed, as one behind whose end others may have come.
 */
export async function openSegment(folder: string, start: EventPosition): Promise<OpenedSegment> {
  const name = segmentName(start);
  await using handle = await open(join(folder, name), "r+");
  const { size } = await handle.stat();
  const header = decodeHeader(await readExactly(handle, 0, Math.min(size, SEGMENT_HEADER_BYTES)));
  if (header === undefined || header.epoch !== start.epoch || header.first !== start.seq) {
    const cut = { segment: name, bytes: size, reason: "its header is damaged" };
    return { segment: undefined, cut, scanned: false };
  }
  const sealed = await readSealed(handle, folder, header, size);
  if (sealed !== undefined) return { segment: sealed, cut: undefined, scanned: false };
  const segment = new Segment(folder, header);
  const reason = await scan(handle, segment, size);
  const cut = reason === undefined ? undefined : { segment: name, bytes: size - segment.size, reason };
  if (cut !== undefined) await handle.truncate(segment.size);
  segment.openEnd = true;
  await sealSegment(handle, segment);
  return { segment, cut, scanned: true };
}

/** Writes the seal behind the records of a segment. */
export async function sealSegment(handle: FileHandle, segment: Segment): Promise<void> {
  const seal = encodeSeal(segment.seal);
  await handle.write(seal, 0, seal.length, segment.size);
}

async function readSealed(
  handle: FileHandle,
  folder: string,
  header: SegmentHeader,
  size: number,
): Promise<Segment | undefined> {
  if (size < SEGMENT_HEADER_BYTES + SEAL_BYTES) return undefined;
  const whole = sealBytes(await readExactly(handle, size - SEAL_BYTES, SEAL_BYTES));
  if (whole === undefined || whole > size - SEGMENT_HEADER_BYTES) return undefined;
  const seal = decodeSeal(await readExactly(handle, size - whole, whole));
  if (seal === undefined || seal.size !== size - whole || seal.salt !== header.salt) return undefined;
  return Segment.sealed(folder, header, seal);
}

/** Reads all records; returns why the rest of the file is no record, or undefined when there is no rest. */
async function scan(handle: FileHandle, segment: Segment, size: number): Promise<string | undefined> {
  const cursor = new SegmentCursor(handle, { offset: segment.size, end: size, salt: segment.salt });
  for (;;) {
    const step = cursor.step();
    if (step === "end") return undefined;
    if (step === "load") await cursor.load();
    else if (step === "record") {
      segment.add({ seq: cursor.seq, time: cursor.time, offset: cursor.recordOffset });
      segment.size = cursor.offset;
    } else if (!(await cursor.skip())) return "its last record is not whole";
  }
}

/** The name of a segment's file, without its folder. */
export function nameOf({ path }: Segment): string {
  return basename(path);
}

import { type FileHandle, open, rm } from "node:fs/promises";
import type { EventPosition } from "../message/index.ts";
import { sealSegment } from "./open-segment.ts";
import type { RecordChunk } from "./record-chunk.ts";
import { Segment } from "./segment.ts";
import { encodeHeader } from "./segment-format.ts";

export interface SegmentWriterOptions {
  readonly folder: string;
  readonly salt: number;
  readonly sync: boolean;
  readonly segmentBytes: number;
  /** Hears of each segment it begins. */
  readonly begun: (segment: Segment) => void;
}

/** Writes records to the segment that is the log's last, and begins the next one when it is full. One call at a time. */
export class SegmentWriter {
  readonly #options: SegmentWriterOptions;
  #open: { readonly segment: Segment; readonly handle: FileHandle } | undefined;
  /** Bytes were written that are not known to be on the disk. */
  #dirty = false;
  writes = 0;
  syncs = 0;

  constructor(options: SegmentWriterOptions) {
    this.#options = options;
  }

  /** Begins a segment whose first event is `start`. */
  async begin(start: EventPosition): Promise<void> {
    await this.finish();
    const { folder, salt, sync } = this.#options;
    const header = { epoch: start.epoch, first: start.seq, salt };
    const segment = new Segment(folder, header);
    const handle = await open(segment.path, "wx+", 0o600);
    try {
      await writeAll(handle, encodeHeader(header), 0);
      if (sync) {
        await handle.sync();
        await syncFolder(folder);
      }
    } catch (error) {
      await handle.close();
      await rm(segment.path, { force: true });
      throw error;
    }
    this.#open = { segment, handle };
    this.#options.begun(segment);
  }

  /** Writes the records of a chunk. */
  async write(chunk: RecordChunk): Promise<void> {
    const full =
      this.#open !== undefined && this.#open.segment.size + chunk.used > this.#options.segmentBytes;
    const { epoch, events } = this.#open?.segment ?? { epoch: 0, events: 0 };
    if (this.#open === undefined || epoch !== chunk.epoch || (full && events > 0))
      await this.begin({ epoch: chunk.epoch, seq: chunk.first });
    const { segment, handle } = this.#open!;
    this.#dirty = true;
    await writeAll(handle, chunk.bytes.subarray(0, chunk.used), segment.size);
    this.writes++;
    segment.addChunk(chunk);
  }

  /** Returns when what was written is on the disk, if that is asked for. */
  async commit(): Promise<void> {
    if (!this.#options.sync || !this.#dirty || this.#open === undefined) return;
    await this.#open.handle.datasync();
    this.#dirty = false;
    this.syncs++;
  }

  /** Completes the segment; `openEnd` when nobody knows whether more events of its epoch came. */
  async finish(openEnd = false): Promise<void> {
    const open = this.#open;
    if (open === undefined) return;
    open.segment.openEnd = openEnd;
    await sealSegment(open.handle, open.segment);
    this.#dirty = true;
    await this.commit();
    this.#open = undefined;
    await open.handle.close();
  }

  /** Lets go of a segment that can't be written to any more; what was written of it in part is cut off if possible. */
  async abandon(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    this.#dirty = false;
    if (open === undefined) return;
    await open.handle.truncate(open.segment.size).catch(() => {});
    await open.handle.close().catch(() => {});
  }
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, offset + written);
    written += bytesWritten;
  }
}

/** Makes sure that the names of new files are on the disk. */
async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, "r");
  await handle.sync();
}

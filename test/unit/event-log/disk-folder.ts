import { readdir, readFile, writeFile } from "node:fs/promises";
import {
  type DiskLog,
  type DiskLogOptions,
  type DiskNotice,
  type EventBatch,
  openDiskLog,
} from "../../../src/event-log/index.ts";
import type { EventPosition } from "../../../src/message/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { event, seqsOf, span } from "./events.ts";

/** A folder with a log in it, its time, and what was reported. */
export class DiskFolder implements AsyncDisposable {
  readonly temporary: TemporaryFolder;
  readonly notices: DiskNotice[] = [];
  now = 1_000_000;

  private constructor(temporary: TemporaryFolder) {
    this.temporary = temporary;
  }

  static async make(): Promise<DiskFolder> {
    return new DiskFolder(await TemporaryFolder.make());
  }

  get path(): string {
    return this.temporary.of("log");
  }

  open(options: Partial<DiskLogOptions> = {}): Promise<DiskLog> {
    return openDiskLog({
      folder: this.path,
      now: () => this.now,
      report: (notice) => this.notices.push(notice),
      ...options,
    });
  }

  /** The names of the segments, the oldest first. */
  async segments(): Promise<string[]> {
    return (await readdir(this.path)).filter((name) => name.endsWith(".events")).sort();
  }

  async read(name: string): Promise<Uint8Array> {
    return Uint8Array.from(await readFile(`${this.path}/${name}`));
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(`${this.path}/${name}`, bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.temporary[Symbol.asyncDispose]();
  }
}

/** Appends events of these numbers and waits until they are written. */
export async function fill(log: DiskLog, first: number, last: number, bytes = 20): Promise<void> {
  for (const seq of span(first, last)) log.append(event(seq, { bytes }), seq);
  await log.flushed();
}

/** What reading behind `after` to the end gives: `EPOCH:SEQ` of each event, and the lost as `lost EPOCH:A-B` in their places. */
export async function readAll(
  read: (after: EventPosition) => EventBatch | Promise<EventBatch>,
  after: EventPosition,
): Promise<string[]> {
  const seen: string[] = [];
  for (let at = after, i = 0; i < 100_000; i++) {
    const batch = await read(at);
    const lost = [...batch.lost];
    const tellLost = (before: number): void => {
      for (; lost[0] !== undefined && lost[0][0] < before; lost.shift())
        seen.push(`lost ${batch.epoch}:${lost[0][0]}-${lost[0][1]}`);
    };
    for (const seq of seqsOf(batch)) {
      tellLost(seq);
      seen.push(`${batch.epoch}:${seq}`);
    }
    tellLost(Number.POSITIVE_INFINITY);
    if (batch.unknown) seen.push(`unknown ${batch.epoch}:${batch.through}`);
    if (!batch.ended && batch.through === at.seq) return seen;
    at = batch.next;
  }
  throw new Error("reading does not end");
}

/** The events from `first` to `last` as `readAll` tells them. */
export function told(epoch: number, first: number, last: number): string[] {
  return span(first, last).map((seq) => `${epoch}:${seq}`);
}

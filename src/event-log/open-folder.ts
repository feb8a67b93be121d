import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { comparePositions, type EventPosition } from "../message/index.ts";
import { type Cut, openSegment } from "./open-segment.ts";
import { parseSegmentName, SEGMENT_HEADER_BYTES, segmentName } from "./segment-format.ts";
import { SegmentList } from "./segment-list.ts";

/** What earlier runs left in a folder. */
export interface OpenedFolder {
  readonly segments: SegmentList;
  readonly cuts: readonly Cut[];
  /** The latest epoch that had a segment, readable or not; 0 when none had. */
  readonly latestEpoch: number;
  /** Segments without a seal, which were read from end to end. */
  readonly scanned: number;
}

/** Opens the segments of earlier runs. Empty ones are removed, unless there is no knowing that nothing came; one whose header is damaged is set aside, with `.damaged` behind its name. */
export async function openFolder(folder: string): Promise<OpenedFolder> {
  const starts = (await readdir(folder)).flatMap((name) => parseSegmentName(name) ?? []);
  starts.sort(comparePositions);
  const segments = new SegmentList();
  const cuts: Cut[] = [];
  let scanned = 0;
  for (const start of starts) {
    const opened = await openSegment(folder, start);
    const { segment, cut } = opened;
    if (opened.scanned) scanned++;
    const isEmpty =
      segment === undefined ? cut!.bytes < SEGMENT_HEADER_BYTES : segment.events === 0 && !segment.openEnd;
    if (cut !== undefined) cuts.push(cut);
    const path = join(folder, segmentName(start));
    if (isEmpty) await rm(path);
    else if (segment === undefined) await rename(path, `${path}.damaged`);
    else segments.add(segment);
  }
  return { segments, cuts, latestEpoch: starts.at(-1)?.epoch ?? 0, scanned };
}

/**
 * Where a run begins in an opened folder: its epoch, and the last event before those that are to come, as far as the folder knows. A new run has an epoch
 * above all that are there; one that began elsewhere, and had come to `after`, goes on in its own.
 */
export async function beginRun(
  { segments, latestEpoch }: OpenedFolder,
  { now, after }: { readonly now: () => number; readonly after?: EventPosition | undefined },
): Promise<EventPosition> {
  if (after === undefined) return { epoch: Math.max(Math.floor(now()), latestEpoch + 1), seq: 0 };
  if (after.epoch > latestEpoch) return after;
  const latest = segments.all.findLast(({ epoch }) => epoch === latestEpoch);
  const last = latest?.last ?? 0;
  // Numbers of two runs must not have one epoch: what the folder has then is of a run with another clock.
  if (after.epoch < latestEpoch || last > after.seq) return { epoch: latestEpoch + 1, seq: after.seq };
  if (latest === undefined) return after;
  if (latest.events === 0) {
    // The next one has its place.
    segments.remove(latest);
    await rm(latest.path);
  }
  return { epoch: latestEpoch, seq: last };
}

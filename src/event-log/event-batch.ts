import { allocate, EMPTY, encodeUtf8 } from "../base/index.ts";
import { type EventPosition, type FrameBytes, MessageFlag } from "../message/index.ts";
import { frameFlags, frameRolemask, frameUserid, topicStartsWith } from "./event-frame.ts";

/** Numbers of one epoch, first and last, both included. */
export type SeqRange = readonly [first: number, last: number];

/** What to read, and how much at once. */
export interface ReadOptions {
  /** Only events whose topic starts with this; "" (the default) for all. */
  readonly prefix?: string | undefined;
  /** Asked for each private event: whether the reader may see what this sender sent. Left out: the reader sees all. */
  readonly see?: ((userid: number, flags: number, rolemask: number) => boolean) | undefined;
  /** No event behind this number, which counts in the epoch that is read. */
  readonly through?: number | undefined;
  /** Most bytes of frames in a batch, but at least one event: 256 KiB. */
  readonly maxBytes?: number | undefined;
  /** Most events in a batch: 65,536. */
  readonly maxEvents?: number | undefined;
  /** Most events looked at for a batch, so that a reader of few of them takes no long turn: 65,536. */
  readonly maxScanned?: number | undefined;
}

/**
 * Some events of one epoch, in their order, and how far the reader has come with them.
 *
 * Each number behind the position that was asked for, up to `through`, is one of three: in `frames`; in `lost`, nobody has it any more; or it
 * was filtered out, by prefix or because it is private.
 */
export interface EventBatch {
  readonly epoch: number;
  /** The frames of the events, one behind the other; the reader's own. */
  readonly frames: Uint8Array;
  /** Number of events in `frames`. */
  readonly count: number;
  /** When each of them was taken in, in milliseconds since 1970. */
  readonly times: Float64Array;
  /** Complete up to this number. */
  readonly through: number;
  readonly lost: readonly SeqRange[];
  /** The epoch ended at `through`: what follows has another. */
  readonly ended: boolean;
  /** Nobody knows whether this epoch went on beyond `through`, and how far: none of its events is left there. */
  readonly unknown: boolean;
  /** Where to read on. */
  readonly next: EventPosition;
}

/** The options with their defaults, the prefix as bytes. */
export interface ReadLimits {
  readonly prefix: Uint8Array;
  readonly see: ReadOptions["see"];
  readonly through: number;
  readonly maxBytes: number;
  readonly maxEvents: number;
  readonly maxScanned: number;
}

export function readLimits(options: ReadOptions): ReadLimits {
  const { prefix = "", see, through = Number.POSITIVE_INFINITY } = options;
  const { maxBytes = 256 * 1024, maxEvents = 65_536, maxScanned = 65_536 } = options;
  return {
    prefix: prefix === "" ? EMPTY : encodeUtf8(prefix),
    see,
    through,
    maxBytes: Math.max(1, maxBytes),
    maxEvents: Math.max(1, maxEvents),
    maxScanned: Math.max(1, maxScanned),
  };
}

/** True when the frame `[at, end)` is for a reader with these limits. */
export function isWanted(source: FrameBytes, at: number, end: number, limits: ReadLimits): boolean {
  if (!topicStartsWith(source, at, end, limits.prefix)) return false;
  const flags = frameFlags(source, end);
  if ((flags & MessageFlag.PRIVATE) === 0 || limits.see === undefined) return true;
  return limits.see(frameUserid(source, end), flags, frameRolemask(source, end));
}

interface Span {
  readonly bytes: Uint8Array;
  readonly start: number;
  end: number;
}

/** Gathers the spans of a batch, and copies them once at its end. */
export class BatchBuilder {
  readonly limits: ReadLimits;
  /** Events looked at so far. */
  scanned = 0;
  #spans: Span[] = [];
  #bytes = 0;
  #count = 0;
  #times = new Float64Array(64);

  constructor(limits: ReadLimits) {
    this.limits = limits;
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes left of the limit; below 0 behind a first event that was over it. */
  get roomLeft(): number {
    return this.limits.maxBytes - this.#bytes;
  }

  /** True when a frame of `size` bytes may be added: the first one whatever its size. */
  hasRoom(size: number): boolean {
    return this.#count === 0 || (this.eventsLeft > 0 && size <= this.roomLeft);
  }

  get eventsLeft(): number {
    return this.limits.maxEvents - this.#count;
  }

  get scansLeft(): number {
    return this.limits.maxScanned - this.scanned;
  }

  /** Adds one event, taken in at `time`; its bytes must stay as they are until `build`. */
  add(bytes: Uint8Array, start: number, end: number, time: number): void {
    this.#reserve(1);
    this.#times[this.#count++] = time;
    this.#span(bytes, start, end);
  }

  /** Adds `count` events that stand together; returns where to write when they were taken in. */
  addRun(bytes: Uint8Array, start: number, end: number, count: number): Float64Array {
    this.#reserve(count);
    this.#span(bytes, start, end);
    this.#count += count;
    return this.#times.subarray(this.#count - count, this.#count);
  }

  #span(bytes: Uint8Array, start: number, end: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && last.bytes === bytes && last.end === start) last.end = end;
    else this.#spans.push({ bytes, start, end });
    this.#bytes += end - start;
  }

  #reserve(count: number): void {
    const needed = this.#count + count;
    if (needed <= this.#times.length) return;
    const roomier = new Float64Array(Math.max(needed, 2 * this.#times.length));
    roomier.set(this.#times.subarray(0, this.#count));
    this.#times = roomier;
  }

  /** The batch of what was added. */
  build(
    epoch: number,
    through: number,
    rest: {
      readonly lost?: readonly SeqRange[];
      readonly after?: number | undefined;
      readonly unknown?: boolean;
    } = {},
  ): EventBatch {
    const frames = this.#bytes === 0 ? EMPTY : allocate(this.#bytes);
    let at = 0;
    for (const { bytes, start, end } of this.#spans) {
      frames.set(bytes.subarray(start, end), at);
      at += end - start;
    }
    return {
      epoch,
      frames,
      count: this.#count,
      times: this.#times.slice(0, this.#count),
      through,
      lost: rest.lost ?? [],
      ended: rest.after !== undefined,
      unknown: rest.unknown === true,
      next: rest.after === undefined ? { epoch, seq: through } : { epoch: rest.after, seq: 0 },
    };
  }
}

/** The batch for a position behind which there is nothing yet. */
export function emptyBatch({ epoch, seq }: EventPosition): EventBatch {
  return new BatchBuilder(readLimits({})).build(epoch, seq);
}

/** The batch for a position in an epoch of which nothing is left; reading goes on with the epoch `following`. */
export function unknownBatch({ epoch, seq }: EventPosition, following: number): EventBatch {
  return {
    epoch,
    frames: EMPTY,
    count: 0,
    times: new Float64Array(0),
    through: seq,
    lost: [],
    ended: true,
    unknown: true,
    next: { epoch: following, seq: 0 },
  };
}

import { base64Length, EMPTY, encodeBase64, FluxError } from "../base/index.ts";
import {
  encodeReplay,
  headJson,
  type Methods,
  type ReplayHead,
  type Request,
  type Since,
} from "../client/index.ts";
import type { EventBatch, ReadOptions } from "../event-log/index.ts";
import { type JsonObject, real } from "../json/index.ts";
import {
  decodeAll,
  type EventPosition,
  MAX_FRAME_BYTES,
  MAX_TOPIC_BYTES,
  type Message,
  MessageFlag,
  maySeePrivate,
  Role,
  utf8Fits,
} from "../message/index.ts";
import { type ReplayRequest, readReplayRequest } from "./replay-request.ts";

/** Where a replay reads. */
export interface ReplaySource {
  /** The position that `since` means. Throws FluxError EINVAL for one that has not been yet. */
  resolve(since: Since): EventPosition | Promise<EventPosition>;
  /** Events behind a position, as many as there are, up to the limits; an empty batch that ends there when there are none. */
  read(after: EventPosition, options: ReadOptions): EventBatch | Promise<EventBatch>;
  /** Resolves when there may be more behind `after`, or after `ms`, or when the signal fires. */
  wait(after: EventPosition, ms: number, signal: AbortSignal): Promise<void>;
  /** Milliseconds from any beginning. */
  now(): number;
  /** What event.stat tells. */
  stat(): JsonObject;
}

/** What may be asked for, and sent. */
export interface ReplayLimits {
  /** Largest frame, in bytes. */
  readonly maxFrameBytes: number;
  /** Throws EINVAL for a prefix that is too long. */
  checkText(text: string, what: string): void;
}

const DEFAULT_LIMITS: ReplayLimits = {
  maxFrameBytes: MAX_FRAME_BYTES,
  checkText(text, what) {
    if (!utf8Fits(text, MAX_TOPIC_BYTES))
      throw new FluxError("EINVAL", `${what} is over the limit of ${MAX_TOPIC_BYTES} bytes`);
  },
};

/** Room for what a response holds besides its routes, its topic and its events, in bytes. */
const HEAD_BYTES = 1024;

/** Frames in a response, in bytes: at least one event. */
const BATCH_BYTES = 64 * 1024;

/** A reader that follows hears how far it is complete after this time at the latest, when it has moved on, in milliseconds. */
const MARK_MS = 1000;

/** Behind all positions. */
const BEYOND: EventPosition = { epoch: Number.POSITIVE_INFINITY, seq: 0 };

/** The methods by which events are read again, for a service that has a log of them. Anyone may call; private events stay private. Source: docs/events.md. */
export function replayMethods(source: ReplaySource, limits: ReplayLimits = DEFAULT_LIMITS): Methods {
  return {
    replay: {
      allow: Role.USER,
      streaming: true,
      answer: (_body: JsonObject, request: Request) => {
        const asked = readReplayRequest(request);
        limits.checkText(asked.prefix, "prefix");
        return replay(source, request, asked, limits.maxFrameBytes);
      },
    },
    stat: { allow: Role.USER, answer: () => source.stat() },
  };
}

async function* replay(
  source: ReplaySource,
  request: Request,
  { prefix, since, until, follow, encoding, limit, times, once }: ReplayRequest,
  maxFrameBytes: number,
): AsyncGenerator<Uint8Array | JsonObject> {
  const { signal, message } = request;
  const isOwner = (message.rolemask & Role.OWNER) !== 0;
  const see = isOwner
    ? undefined
    : (userid: number, _flags: number, rolemask: number) => maySeePrivate(message, { userid, rolemask });
  const encode = encoding === "frames" ? encodeFrames : encodeJson;
  const mostBytes = maxFrameBytes - (message.headEnd - message.headStart) - HEAD_BYTES;
  let at = await source.resolve(since);
  // An epoch that is not known stands for the present one.
  const end = until?.epoch === 0 ? { epoch: at.epoch, seq: until.seq } : until;
  let left = limit;
  /** Looks in a row that led nowhere. */
  let idle = 0;
  /** What the reader was told last, and when. */
  let told = at;
  let toldAt = source.now();
  yield encode({ epoch: at.epoch, through: at.seq }, undefined);
  while (left > 0 && !signal.aborted) {
    if (end !== undefined && reached(at, end)) break;
    const through = end?.epoch === at.epoch ? end.seq : undefined;
    const read = await source.read(at, {
      prefix,
      see,
      through,
      maxBytes: BATCH_BYTES,
      maxEvents: Math.min(left, 65_536),
    });
    const batch = read.frames.length > BATCH_BYTES ? withoutLarge(read, encoding, mostBytes) : read;
    const moved = batch.next.epoch !== at.epoch || batch.next.seq !== at.seq;
    at = batch.next;
    left -= batch.count;
    const now = source.now();
    const isNews = batch.count > 0 || batch.lost.length > 0 || batch.ended || batch.unknown;
    // Of events that are not for it a follower hears now and then.
    const isDue = (told.epoch !== at.epoch || told.seq !== at.seq) && (!follow || now - toldAt >= MARK_MS);
    if (isNews || isDue) {
      const { epoch, lost, unknown } = batch;
      const next = batch.ended ? batch.next.epoch : undefined;
      told = at;
      toldAt = now;
      const head = { epoch, through: batch.through, lost, unknown, next };
      yield encode(times ? { ...head, times: [...batch.times] } : head, batch);
    }
    if (once) break;
    if (moved) {
      idle = 0;
      continue;
    }
    if (!follow) break;
    // Something may have come since the look. The second time in a row it is of no use here, and only what comes later is.
    await source.wait(idle++ === 0 ? at : BEYOND, MARK_MS, signal);
  }
}

/** The batch without an event that no response can hold, which is alone in its batch: it counts as lost. */
function withoutLarge(batch: EventBatch, encoding: "json" | "frames", mostBytes: number): EventBatch {
  if (batch.count !== 1) return batch;
  const bytes = encoding === "frames" ? batch.frames.length : base64Length(batch.frames.length);
  if (bytes <= mostBytes) return batch;
  const [event] = decodeAll(batch.frames);
  const lost = [...batch.lost, [event!.seq, event!.seq] as const].sort(([a], [b]) => a - b);
  return { ...batch, frames: EMPTY, count: 0, times: batch.times.subarray(0, 0), lost };
}

function reached(at: EventPosition, until: EventPosition): boolean {
  return at.epoch > until.epoch || (at.epoch === until.epoch && at.seq >= until.seq);
}

function encodeFrames(head: ReplayHead, batch: EventBatch | undefined): Uint8Array {
  return encodeReplay(head, batch?.frames ?? new Uint8Array());
}

function encodeJson(head: ReplayHead, batch: EventBatch | undefined): JsonObject {
  const events = batch === undefined ? [] : decodeAll(batch.frames);
  return { ...headJson(head), events: events.map((event, index) => eventJson(event, batch!.times[index]!)) };
}

function eventJson(event: Message, timeMs: number): JsonObject {
  const { seq, topic = "", userid, rolemask, payload } = event;
  return {
    seq,
    topic,
    userid,
    rolemask,
    time: real(timeMs / 1000),
    ...(event.has(MessageFlag.PRIVATE) && { private: true }),
    ...(payload !== undefined && { payload: encodeBase64(payload) }),
  };
}

import { FluxError } from "../base/index.ts";
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from "../json/index.ts";
import { decodeAll, type EventPosition, type Message, textPayload } from "../message/index.ts";

/** Service methods that replay events: of a fluxbus broker, and of the module event-log beside a broker of flux-core. See docs/events.md. */
export const REPLAY_TOPICS = ["event.replay", "event-log.replay"] as const;

/** Where to begin: behind a position, behind a number of the present epoch, at a time, at the oldest event kept, or with the next one. */
export type Since =
  | EventPosition
  | { readonly seq: number }
  | { readonly time: number | Date }
  | "begin"
  | "now";

/** What a response to event.replay says besides its events. */
export interface ReplayHead {
  readonly epoch: number;
  /** All is told up to this number, which makes each response a mark. */
  readonly through: number;
  /** Numbers up to `through` that nobody has any more, as pairs of first and last. */
  readonly lost?: readonly (readonly [first: number, last: number])[] | undefined;
  /** How many numbers came behind `through` in this epoch is not known: nothing is left of them. */
  readonly unknown?: boolean | undefined;
  /** The epoch has ended with `through`: the one that follows. */
  readonly next?: number | undefined;
  /** When each event was taken in, in milliseconds since 1970; where the request wants that. */
  readonly times?: readonly number[] | undefined;
}

/** A response with frames. */
export interface ReplayResponse extends ReplayHead {
  readonly events: readonly Message[];
  /** The events as they came. */
  readonly frames: Uint8Array;
}

/** `since` as JSON. Throws FluxError EINVAL for a time that is none. */
export function sinceJson(since: Since): JsonValue {
  if (typeof since === "string") return since;
  if (!("time" in since)) return { ...since };
  const ms = since.time instanceof Date ? since.time.getTime() : since.time;
  if (!Number.isFinite(ms)) throw new FluxError("EINVAL", "since.time is no time");
  return { time: ms / 1000 };
}

/** The payload of a response in the encoding `frames`: the head as JSON text with its NUL, then the frames of the events. */
export function encodeReplay(head: ReplayHead, frames: Uint8Array): Uint8Array {
  const text = textPayload(stringifyJson(headJson(head)));
  if (frames.length === 0) return text;
  const payload = new Uint8Array(text.length + frames.length);
  payload.set(text);
  payload.set(frames, text.length);
  return payload;
}

/** The head as JSON, without what does not apply. */
export function headJson({ epoch, through, lost = [], unknown, next, times }: ReplayHead): JsonObject {
  return {
    epoch,
    through,
    ...(lost.length > 0 && { lost: lost.map(([first, last]) => [first, last]) }),
    ...(unknown === true && { unknown }),
    ...(next !== undefined && { next }),
    ...(times !== undefined && { times: [...times] }),
  };
}

/**
 * Reads a response in the encoding `frames`.
 * @throws FluxError EPROTO when it is malformed.
 */
export function readReplay(payload: Uint8Array | undefined): ReplayResponse {
  const end = payload?.indexOf(0) ?? -1;
  if (payload === undefined || end < 0) throw new FluxError("EPROTO", "replay: response has no head");
  const text = new TextDecoder().decode(payload.subarray(0, end));
  const head = parseJson(text) as Partial<ReplayHead> & JsonObject;
  const { epoch, through, lost, unknown, next, times } = head;
  if (typeof epoch !== "number" || typeof through !== "number")
    throw new FluxError("EPROTO", "replay: response tells no position");
  const frames = payload.subarray(end + 1);
  const events = decodeAll(frames);
  return { epoch, through, lost, unknown, next, times, events, frames };
}

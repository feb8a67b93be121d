import { decodeUtf8, decodeUtf8Strict, encodeBase64, FluxError } from "../base/index.ts";
import type { Event, EventMark, LostEvents } from "../client/index.ts";
import { type JsonObject, type JsonValue, parseJson, stringifyJson } from "../json/index.ts";

/** The payload as it is printed behind the topic: up to its first NUL. */
export function textOf(event: Event): string {
  return cut(decodeUtf8(event.payload ?? new Uint8Array(0)));
}

/**
 * An event as a line of JSON, with its epoch when that is known, and with the time it was taken in (milliseconds since 1970) when that is given. Its
 * `payload` is the object or array it holds, otherwise its text; bytes that are no text stand as base64 under `base64`. An event without a payload has
 * neither.
 */
export function describeEvent(event: Event, timeMs?: number): string {
  const { epoch, seq, topic, userid, rolemask, payload } = event;
  const time = timeMs === undefined ? undefined : new Date(timeMs).toISOString();
  const head: JsonObject = { epoch, seq, time, topic, userid, rolemask, private: event.private };
  return stringifyJson(payload === undefined ? head : { ...head, ...describePayload(payload) });
}

/** A mark as a line of JSON. */
export function describeMark(mark: EventMark): string {
  return mark.kind === "lost"
    ? describeLoss(mark.lost)
    : stringifyJson({ mark: "complete", ...mark.position });
}

/** Events that are lost as a line of JSON; `last` is null when nobody knows how many they were. */
export function describeLoss({ epoch, first, last }: LostEvents): string {
  return stringifyJson({ mark: "lost", epoch, first, last: last ?? null });
}

/** A payload for JSON output: `{payload}` with JSON or text, or `{base64}`. */
export function describePayload(payload: Uint8Array): JsonObject {
  const text = decodeUtf8Strict(payload);
  return text === undefined ? { base64: encodeBase64(payload) } : { payload: jsonOrText(cut(text)) };
}

/** The JSON object or array that `text` is, reals kept as reals, or the text itself. */
export function jsonOrText(text: string): JsonValue {
  try {
    return parseJson(text, { reals: "keep" });
  } catch (error) {
    if (FluxError.is(error)) return text;
    throw error;
  }
}

function cut(text: string): string {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

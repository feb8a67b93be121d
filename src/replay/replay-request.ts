import { FluxError } from "../base/index.ts";
import type { Request, Since } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import { type EventPosition, isPosition } from "../message/index.ts";

/** What a request to replay events asks for. Source: docs/events.md. */
export interface ReplayRequest {
  readonly prefix: string;
  readonly since: Since;
  /** The last event wanted; undefined for no end. */
  readonly until: EventPosition | undefined;
  /** Whether it goes on with the events that come. */
  readonly follow: boolean;
  readonly encoding: "json" | "frames";
  /** Most events. */
  readonly limit: number;
  /** Whether responses in frames tell when each event came. */
  readonly times: boolean;
  /** Whether one look is enough: it ends behind the first response that leads on, if there is anything yet. For who asks on for somebody else. */
  readonly once: boolean;
}

/**
 * Reads the payload of such a request.
 * @throws FluxError EPROTO for a payload that is no object, EINVAL for a field that makes no sense, which it names.
 */
export function readReplayRequest(request: Request): ReplayRequest {
  const body = request.body();
  const {
    prefix = "",
    follow = false,
    encoding = "json",
    limit = Number.POSITIVE_INFINITY,
    times = false,
    once = false,
  } = body;
  if (typeof prefix !== "string") throw wrong("prefix", "no text");
  if (typeof follow !== "boolean") throw wrong("follow", "neither true nor false");
  if (encoding !== "json" && encoding !== "frames") throw wrong("encoding", `neither "json" nor "frames"`);
  if (typeof limit !== "number" || !(limit >= 1)) throw wrong("limit", "no number from 1 on");
  if (typeof times !== "boolean") throw wrong("times", "neither true nor false");
  if (typeof once !== "boolean") throw wrong("once", "neither true nor false");
  const until = body["until"] === undefined ? undefined : positionOf(body["until"], "until");
  return { prefix, since: readSince(body), until, follow, encoding, limit, times, once };
}

function readSince({ since = "begin" }: JsonObject): Since {
  if (since === "begin" || since === "now") return since;
  if (!isObject(since)) throw wrong("since", `neither "begin", "now" nor an object`);
  const { time, epoch, seq } = since;
  if (time !== undefined) {
    if (typeof time !== "number") throw wrong("since.time", "no number of seconds");
    return { time: time * 1000 };
  }
  return epoch === undefined
    ? { seq: positionOf({ epoch: 0, seq: seq as number }, "since").seq }
    : positionOf(since, "since");
}

function positionOf(value: unknown, field: string): EventPosition {
  const { epoch, seq } = isObject(value) ? value : ({} as JsonObject);
  const position = { epoch: epoch as number, seq: seq as number };
  if (!isPosition(position)) throw wrong(field, "no position: epoch and seq are whole numbers from 0 on");
  return position;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function wrong(field: string, what: string): FluxError {
  return new FluxError("EINVAL", `replay: ${field} is ${what}`);
}

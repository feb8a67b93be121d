import { FluxError } from "../base/index.ts";
import { checkJson, type Request, requestLimits } from "../client/index.ts";
import { type JsonValue, parseJson, real, stringifyJson } from "../json/index.ts";
import { MAX_TOPIC_BYTES, type Message, MessageType, topicMatcher } from "../message/index.ts";
import { controlText } from "./control.ts";

/** A longer error text is not shown, in bytes. */
const MAX_ERROR_BYTES = 65_536;
const LIMITS = requestLimits(undefined);

/** What a trace request asks to see. */
interface TraceFilter {
  /** Bits of MessageType; 0 means all. */
  readonly types: number;
  readonly matches: (topic: string | undefined) => boolean;
  /** The neighbour; -1 means all. */
  readonly rank: number;
  /** With payloads and error texts. */
  readonly full: boolean;
}

/** The rank of no neighbour in particular: an event goes to all children at once. */
export const ANY_PEER = -1;

/** What is sent to the traces themselves would be traced for ever. */
const UNSEEN: ReadonlySet<string> = new Set(["module.trace", "overlay.trace"]);

/** The traces of messages between neighbours that clients ask for. Source: trace.c in flux-core; flux-overlay(1), `trace`. */
export class OverlayTrace {
  readonly #filters = new Map<Request, TraceFilter>();

  /** True while anybody is tracing. */
  get active(): boolean {
    return this.#filters.size > 0;
  }

  /** Follows what goes to neighbours and comes from them, until the returned function is called. Throws EPROTO for a malformed request. */
  follow(request: Request): () => void {
    const [types, glob, rank, full] = request.unpack(
      "{s:i s:s s:i s?b}",
      "typemask",
      "topic_glob",
      "nodeid",
      "full",
    );
    if (!request.streaming || request.noResponse) throw new FluxError("EPROTO");
    if (glob.length > MAX_TOPIC_BYTES)
      throw new FluxError("EMSGSIZE", `topic_glob has ${MAX_TOPIC_BYTES} characters at most`);
    this.#filters.set(request, { types, matches: topicMatcher(glob), rank, full: full === true });
    return () => this.#filters.delete(request);
  }

  /** A message was received from the neighbour `rank` (`rx`) or sent to it (`tx`). */
  see(prefix: "rx" | "tx", rank: number, message: Message): void {
    if (this.#filters.size === 0) return;
    const { type, topic } = message;
    if (topic !== undefined && UNSEEN.has(topic)) return;
    const errnum = type === MessageType.RESPONSE ? message.aux1 : 0;
    for (const [request, filter] of this.#filters) {
      if (filter.rank !== -1 && rank !== ANY_PEER && filter.rank !== rank) continue;
      if ((filter.types !== 0 && (filter.types & type) === 0) || !filter.matches(topic)) continue;
      const record = {
        timestamp: real(Date.now() / 1000),
        prefix,
        rank,
        name: null,
        type,
        topic: type === MessageType.CONTROL ? controlText(message) : (topic ?? ""),
        payload_size: errnum === 0 ? message.payloadBytes : 0,
        payload: filter.full && errnum === 0 ? objectOf(message) : null,
        errnum,
        errstr: filter.full && errnum !== 0 ? (textOf(message) ?? "") : "",
      };
      request.respond(stringifyJson(record));
    }
  }
}

/** The payload as the record shows it; null for one that a service would not parse. */
function objectOf(message: Message): JsonValue {
  try {
    checkJson(message, LIMITS);
    const { text } = message;
    return text?.[0] === "{" ? parseJson(text, { reals: "keep" }) : null;
  } catch {
    return null;
  }
}

function textOf(message: Message): string | undefined {
  if (message.payloadBytes > MAX_ERROR_BYTES) return undefined;
  try {
    return message.text;
  } catch {
    return undefined;
  }
}

import { aborted, FluxError } from "../base/index.ts";
import { checkJson, type Request, requestLimits } from "../client/index.ts";
import { type JsonValue, parseJson, real, stringifyJson } from "../json/index.ts";
import { MAX_TOPIC_BYTES, type Message, MessageType, topicMatcher } from "../message/index.ts";

/** Sees a message that a module receives (`rx`) or sends (`tx`). */
export type ModuleTap = (prefix: "rx" | "tx", name: string, message: Message) => void;

/** A longer error text is not shown, in bytes. */
const MAX_ERROR_BYTES = 65_536;
const LIMITS = requestLimits(undefined);

/** What a trace request asks to see. */
interface TraceFilter {
  /** Modules; none means all. */
  readonly names: ReadonlySet<string>;
  /** Bits of MessageType; 0 means all. */
  readonly types: number;
  readonly matches: (topic: string | undefined) => boolean;
  /** With payloads and error texts. */
  readonly full: boolean;
}

/**
 * The traces of module traffic that clients ask for. While nobody does, `tap` is undefined and no message is looked at. Source:
 * flux-module(1), `trace`; trace.c in flux-core.
 */
export class ModuleTrace {
  readonly #filters = new Map<Request, TraceFilter>();
  readonly #switched: (tap: ModuleTap | undefined) => void;
  readonly #see: ModuleTap = (prefix, name, message) => this.#record(prefix, name, message);

  /** `switched` hears when the first trace begins and when the last one ends. */
  constructor(switched: (tap: ModuleTap | undefined) => void) {
    this.#switched = switched;
  }

  /** What modules have to call for each message, when anybody is tracing. */
  get tap(): ModuleTap | undefined {
    return this.#filters.size === 0 ? undefined : this.#see;
  }

  /** Traces until the requester cancels or leaves; resolves then. Throws EPROTO for a request that is malformed or wants no response. */
  async follow(request: Request): Promise<void> {
    const [names, types, glob, full] = request.unpack(
      "{s:o s:i s:s s?b}",
      "names",
      "typemask",
      "topic_glob",
      "full",
    );
    const isList = Array.isArray(names) && names.every((name) => typeof name === "string");
    if (!isList || request.noResponse) throw new FluxError("EPROTO");
    if (glob.length > MAX_TOPIC_BYTES)
      throw new FluxError("EMSGSIZE", `topic_glob has ${MAX_TOPIC_BYTES} characters at most`);
    this.#filters.set(request, {
      names: new Set(names as readonly string[]),
      types,
      matches: topicMatcher(glob),
      full: full === true,
    });
    if (this.#filters.size === 1) this.#switched(this.tap);
    // Until then the request is open, whether it has a matchtag or not: a disconnect finds it.
    await aborted(request.signal);
    this.#forget(request);
  }

  #forget(request: Request): void {
    if (this.#filters.delete(request) && this.#filters.size === 0) this.#switched(undefined);
  }

  #record(prefix: "rx" | "tx", name: string, message: Message): void {
    const { type, topic = "" } = message;
    // The records themselves would be traced for ever.
    if (topic === "module.trace") return;
    const errnum = type === MessageType.RESPONSE ? message.aux1 : 0;
    for (const [request, { names, types, matches, full }] of this.#filters) {
      if (names.size > 0 && !names.has(name)) continue;
      if ((types !== 0 && (types & type) === 0) || !matches(topic)) continue;
      const record = {
        timestamp: real(Date.now() / 1000),
        prefix,
        rank: -1,
        name,
        type,
        topic,
        payload_size: errnum === 0 ? message.payloadBytes : 0,
        payload: full && errnum === 0 ? objectOf(message) : null,
        errnum,
        errstr: full && errnum !== 0 ? (textOf(message) ?? "") : "",
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

import {
  type ByteSpan,
  decodeBase64,
  decodeBase64Bytes,
  EMPTY,
  FluxError,
  ownText,
  TextCache,
} from "../base/index.ts";
import { checkJsonSize, type JsonLimits, type RequestLimits, requestLimits } from "../client/index.ts";
import { unpackText } from "../json/index.ts";
import { MAX_TOPIC_BYTES, type Message, MessageFlag, Role, utf8Fits } from "../message/index.ts";

/** What an event.publish request asks for. */
export interface PublishRequest {
  readonly topic: string;
  /** 0 or PRIVATE. */
  readonly flags: number;
  readonly payload: ByteSpan | undefined;
}

const QUOTE = 0x22;
const TOPIC = ascii('{"topic":"');
const FLAGS = ascii('","flags":');
const PAYLOAD = ascii(',"payload":"');
const END = ascii('"}\0');
const END_WITHOUT_PAYLOAD = ascii("}\0");

/** What a request says before its payload. */
interface Start {
  readonly topic: string;
  readonly flags: number;
  readonly hasPayload: boolean;
  /** Where it ends, behind where it begins: at the payload's first character, or at the end of the request. */
  readonly length: number;
}

/** Most digits of the flags: those that are known are less than 256. */
const MAX_FLAG_DIGITS = 3;

/** Longest start that is kept in mind, in bytes. */
const LONGEST_START = 256;

/** Reads event.publish requests. The start of one whose topic came twice in a row is compared with the next one's, which most often has the very same. */
export class PublishReader {
  readonly #topics = new TextCache();
  readonly #maxTopicBytes: number;
  readonly #limits: RequestLimits;
  /** The start of the latest request that was read, and its bytes once its topic came twice. */
  #latest: Start | undefined;
  #known = EMPTY;

  /** `maxTopicBytes` is the longest topic that is published, in bytes; `limits` those of a request that has to be parsed. */
  constructor(
    options: { readonly maxTopicBytes?: number | undefined; readonly limits?: JsonLimits | undefined } = {},
  ) {
    this.#maxTopicBytes = options.maxTopicBytes ?? MAX_TOPIC_BYTES;
    this.#limits = requestLimits(options.limits);
  }

  /**
   * @throws FluxError EPROTO when the request is malformed, its flags are others than PRIVATE, or its payload is no base64; EINVAL when its topic
   *   is too long; EMSGSIZE when its JSON has to be parsed and is over the limits.
   */
  read(message: Message): PublishRequest {
    const request = this.#scan(message) ?? this.#parse(message);
    if ((request.flags & ~MessageFlag.PRIVATE) !== 0) throw new FluxError("EPROTO");
    return request;
  }

  /** Any JSON text. What the owner publishes may be as large as a frame. */
  #parse(message: Message): PublishRequest {
    const { owner, guest } = this.#limits;
    const isOwner = (message.rolemask & Role.OWNER) !== 0;
    checkJsonSize(message, isOwner ? { ...owner, bytes: Number.POSITIVE_INFINITY } : guest);
    const request = parse(message);
    if (!utf8Fits(request.topic, this.#maxTopicBytes)) throw this.#tooLong();
    return request;
  }

  #tooLong(): FluxError {
    return new FluxError("EINVAL", `topic is over the limit of ${this.#maxTopicBytes} bytes`);
  }

  /**
   * The very text that libflux and this package's client write, byte by byte: a sixth of the time of the parser. Anything else, an escape in
   * the topic for one, is left to `parse`: undefined.
   */
  #scan({ body, bodyStart, bodyEnd }: Message): PublishRequest | undefined {
    const known = this.#known;
    const isKnown = known.length > 0 && startsWith(body, bodyStart, bodyEnd, known);
    const start = isKnown ? this.#latest : this.#scanStart(body, bodyStart, bodyEnd);
    if (start === undefined) return undefined;
    const { topic, flags } = start;
    const at = bodyStart + start.length;
    if (!start.hasPayload) return at === bodyEnd ? { topic, flags, payload: undefined } : undefined;
    const end = bodyEnd - END.length;
    if (end < at || !startsWith(body, end, bodyEnd, END)) return undefined;
    const payload = decodeBase64Bytes(body, at, end);
    return payload === undefined ? undefined : { topic, flags, payload };
  }

  #scanStart(body: Uint8Array, bodyStart: number, bodyEnd: number): Start | undefined {
    if (!startsWith(body, bodyStart, bodyEnd, TOPIC)) return undefined;
    const topicStart = bodyStart + TOPIC.length;
    let at = topicStart;
    // Whatever follows a topic that is too long is not looked at, nor where that ends.
    const stop = Math.min(bodyEnd, topicStart + this.#maxTopicBytes + 1);
    while (at < stop && isPlain(body[at]!)) at++;
    if (at - topicStart > this.#maxTopicBytes) throw this.#tooLong();
    if (!startsWith(body, at, bodyEnd, FLAGS)) return undefined;
    const topicEnd = at;
    at += FLAGS.length;
    const flagsStart = at;
    let flags = 0;
    const flagsEnd = Math.min(bodyEnd, flagsStart + MAX_FLAG_DIGITS);
    while (at < flagsEnd && body[at]! >= 0x30 && body[at]! <= 0x39) flags = flags * 10 + body[at++]! - 0x30;
    const digits = at - flagsStart;
    if (digits === 0 || (digits > 1 && body[flagsStart] === 0x30)) return undefined;
    const hasPayload = startsWith(body, at, bodyEnd, PAYLOAD);
    const rest = hasPayload ? PAYLOAD : END_WITHOUT_PAYLOAD;
    if (!hasPayload && !startsWith(body, at, bodyEnd, rest)) return undefined;
    const topic = this.#topics.decode(body, topicStart, topicEnd);
    const start = { topic, flags, hasPayload, length: at + rest.length - bodyStart };
    this.#keepInMind(start, body, bodyStart);
    return start;
  }

  /** Its bytes are kept only when the request before was of its topic too: a copy for each would be in vain where topics change. */
  #keepInMind(start: Start, body: Uint8Array, bodyStart: number): void {
    const isLong = start.length > LONGEST_START;
    const isAgain = !isLong && start.topic === this.#latest?.topic;
    // A Buffer would give a view of the same memory.
    this.#known = isAgain
      ? Uint8Array.prototype.slice.call(body, bodyStart, bodyStart + start.length)
      : EMPTY;
    this.#latest = isLong ? undefined : start;
  }
}

/** Any JSON text. */
function parse(message: Message): PublishRequest {
  const text = message.text;
  if (text === undefined) throw new FluxError("EPROTO");
  const [topic, flags, encoded] = unpackText(text, "{s:s s:i s?s}", "topic", "flags", "payload");
  if (encoded === undefined) return { topic: ownText(topic), flags, payload: undefined };
  const bytes = decodeBase64(encoded);
  if (bytes === undefined) throw new FluxError("EPROTO");
  return { topic: ownText(topic), flags, payload: { bytes, start: 0, end: bytes.length } };
}

/** True for ASCII that JSON needs no escape for. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== 0x5c;
}

function startsWith(bytes: Uint8Array, at: number, end: number, part: Uint8Array): boolean {
  if (at + part.length > end) return false;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (char) => char.charCodeAt(0));
}

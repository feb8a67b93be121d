import {
  allocate,
  ByteSink,
  concatBytes,
  copyBytes,
  EMPTY,
  FluxError,
  SHARE_BYTES,
  SHORT_BYTES,
  TextCache,
} from "../base/index.ts";
import { MATCHTAG_NONE, MessageFlag, MessageType, NODEID_ANY, Role, USERID_UNKNOWN } from "./constants.ts";
import { headOf, readFirstRoute, readRoutes } from "./head.ts";
import { HEADER_BYTES, type Header, writeHeader } from "./header.ts";
import type { MessageFields } from "./message-fields.ts";
import { partBytes, partContent, partLength, writePartLength } from "./parts.ts";
import { checkPart, payloadText } from "./payload.ts";

/** First four bytes of a frame: 0xffee0012 as a little-endian host stores it. */
export const FRAME_MAGIC = 0x1200eeff;
/** Bytes before the parts: the magic and the number of bytes that follow. */
export const PREAMBLE_BYTES = 8;

const topics = new TextCache();
const NO_ROUTES: readonly string[] = [];
const PROTO_PART_BYTES = HEADER_BYTES + 1;

/**
 * One message, of any type.
 *
 * It holds two spans of encoded bytes, the head (route stack and topic parts, as they stand on the wire) and the body (the
 * payload), plus the header's fields. A decoded message points into the chunk it came in and reads topic and routes when asked,
 * so that a router forwards it without having looked at either. Those bytes must not be changed.
 * Source: RFC 3; flux-core message.c where they differ.
 */
export class Message implements Header {
  type: number;
  flags: number;
  userid: number;
  rolemask: number;
  aux1: number;
  aux2: number;
  /** Memory of the head: the route and topic parts are `head[headStart, headEnd)`. Changed by `edit` only, as all below. */
  head: Uint8Array;
  headStart: number;
  headEnd: number;
  /** Offset in `head` where the route stack's delimiter ends and the topic part begins. */
  topicPart: number;
  /** Memory of the payload, `body[bodyStart, bodyEnd)`; only with the PAYLOAD flag. */
  body: Uint8Array;
  bodyStart: number;
  bodyEnd: number;
  /** True when it came in a chunk of its own, which may be given back, once: see giveBack. */
  alone = false;
  #topic: string | undefined;
  #payload: Uint8Array | undefined;
  #headView: Uint8Array | undefined;

  /** For the decoder and for `derive`; everyone else has `request`, `response`, `event` and `control`. */
  constructor(
    header: Readonly<Header>,
    head: Uint8Array,
    headStart: number,
    headEnd: number,
    topicPart: number,
    body: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
  ) {
    this.type = header.type;
    this.flags = header.flags;
    this.userid = header.userid;
    this.rolemask = header.rolemask;
    this.aux1 = header.aux1;
    this.aux2 = header.aux2;
    this.head = head;
    this.headStart = headStart;
    this.headEnd = headEnd;
    this.topicPart = topicPart;
    this.body = body;
    this.bodyStart = bodyStart;
    this.bodyEnd = bodyEnd;
  }

  static #create(type: number, fields: MessageFields, aux1: number, aux2: number): Message {
    const { topic, payload = EMPTY, routes = NO_ROUTES } = fields;
    let flags = fields.flags ?? 0;
    flags &= ~(MessageFlag.TOPIC | MessageFlag.PAYLOAD | MessageFlag.ROUTE);
    if (topic !== undefined) flags |= MessageFlag.TOPIC;
    if (payload.length > 0) flags |= MessageFlag.PAYLOAD;
    if (routes !== null) flags |= MessageFlag.ROUTE;
    const head = headOf(routes, topic);
    const { userid = USERID_UNKNOWN, rolemask = Role.NONE } = fields;
    const header = { type, flags, userid, rolemask, aux1, aux2 };
    return new Message(header, head.bytes, 0, head.bytes.length, head.topicPart, payload, 0, payload.length);
  }

  /** A request to `nodeid` (any rank when left out) with the matchtag its response will carry (0: none). */
  static request(fields: MessageFields & { readonly nodeid?: number; readonly matchtag?: number }): Message {
    return Message.#create(
      MessageType.REQUEST,
      fields,
      fields.nodeid ?? NODEID_ANY,
      fields.matchtag ?? MATCHTAG_NONE,
    );
  }

  /** A response; `errnum` 0 is success. */
  static response(fields: MessageFields & { readonly errnum?: number; readonly matchtag?: number }): Message {
    return Message.#create(
      MessageType.RESPONSE,
      fields,
      fields.errnum ?? 0,
      fields.matchtag ?? MATCHTAG_NONE,
    );
  }

  /** An event; `seq` 0 means that rank 0 has not numbered it yet. */
  static event(fields: MessageFields & { readonly seq?: number }): Message {
    return Message.#create(MessageType.EVENT, fields, fields.seq ?? 0, 0);
  }

  /** A control message between overlay peers: no topic, no payload, no routes. */
  static control(fields: { readonly controlType: number; readonly status: number }): Message {
    return Message.#create(MessageType.CONTROL, { routes: null }, fields.controlType, fields.status);
  }

  /** The topic up to its first NUL, or undefined when there is no topic part. */
  get topic(): string | undefined {
    if ((this.flags & MessageFlag.TOPIC) === 0) return undefined;
    if (this.#topic === undefined) {
      const start = this.topicPart + (this.head[this.topicPart] === 0xff ? 5 : 1);
      const text = topics.decode(this.head, start, this.headEnd);
      const nul = text.indexOf("\0");
      this.#topic = nul < 0 ? text : text.slice(0, nul);
    }
    return this.#topic;
  }

  /** The route stack, top (last pushed, next hop of a response) first; undefined without the ROUTE flag. */
  get routes(): string[] | undefined {
    if ((this.flags & MessageFlag.ROUTE) === 0) return undefined;
    return readRoutes(this.head, this.headStart);
  }

  /** The id of the original sender, the route nearest the delimiter; undefined without one. */
  get firstRoute(): string | undefined {
    return (this.flags & MessageFlag.ROUTE) === 0 ? undefined : readFirstRoute(this.head, this.headStart);
  }

  /** True when the ROUTE flag is set and no route is left: what the final requester sees. */
  get atRequester(): boolean {
    if ((this.flags & MessageFlag.ROUTE) === 0) return false;
    const { head, headStart } = this;
    return partLength(head, headStart, partContent(head, headStart)) === 0;
  }

  /** The payload's bytes, not to be changed; undefined without a payload part. */
  get payload(): Uint8Array | undefined {
    if ((this.flags & MessageFlag.PAYLOAD) === 0) return undefined;
    if (this.#payload === undefined) {
      const whole = this.bodyStart === 0 && this.bodyEnd === this.body.length;
      this.#payload = whole ? this.body : this.body.subarray(this.bodyStart, this.bodyEnd);
    }
    return this.#payload;
  }

  /** Bytes of the payload; 0 without one. */
  get payloadBytes(): number {
    return this.bodyEnd - this.bodyStart;
  }

  /**
   * The payload as text up to its first NUL, or undefined without a payload.
   * @throws FluxError EPROTO when its last byte is not NUL, or it is not UTF-8.
   */
  get text(): string | undefined {
    if ((this.flags & MessageFlag.PAYLOAD) === 0) return undefined;
    return payloadText(this.body, this.bodyStart, this.bodyEnd);
  }

  /** Request: the rank it is for. */
  get nodeid(): number {
    return this.#word(this.aux1, MessageType.REQUEST, MessageType.REQUEST);
  }

  /** Response: 0, or the Linux error number. */
  get errnum(): number {
    return this.#word(this.aux1, MessageType.RESPONSE, MessageType.RESPONSE);
  }

  /** Event: the global sequence number, 0 before rank 0 gave it one. */
  get seq(): number {
    return this.#word(this.aux1, MessageType.EVENT, MessageType.EVENT);
  }

  /** Request or response: the tag that matches them. */
  get matchtag(): number {
    return this.#word(this.aux2, MessageType.REQUEST, MessageType.RESPONSE);
  }

  /** True when `flag` (one or more bits of MessageFlag) is set. */
  has(flag: number): boolean {
    return (this.flags & flag) === flag;
  }

  /**
   * Puts another topic, payload or route stack in the place of this message's own: for one that is built step by step, not for one that
   * others hold too. Null takes a part away, what is left out stays, and the flags follow. Throws EINVAL for a topic with a NUL.
   */
  edit(change: {
    readonly topic?: string | null;
    readonly payload?: Uint8Array | null;
    readonly routes?: readonly string[] | null;
  }): void {
    const { payload } = change;
    this.#headView = undefined;
    if (change.topic !== undefined || change.routes !== undefined) {
      const topic = change.topic === undefined ? this.topic : (change.topic ?? undefined);
      const routes = change.routes === undefined ? (this.routes ?? null) : change.routes;
      const head = headOf(routes, topic);
      this.head = head.bytes;
      this.headStart = 0;
      this.headEnd = head.bytes.length;
      this.topicPart = head.topicPart;
      this.#topic = topic;
      this.#flag(MessageFlag.TOPIC, topic !== undefined);
      this.#flag(MessageFlag.ROUTE, routes !== null);
    }
    if (payload === undefined) return;
    this.#payload = undefined;
    this.alone = false;
    this.body = payload ?? EMPTY;
    this.bodyStart = 0;
    this.bodyEnd = this.body.length;
    this.#flag(MessageFlag.PAYLOAD, this.bodyEnd > 0);
  }

  /** Takes the latest route off the stack, which has one: for who got this message to send it on. */
  popRoute(): void {
    const content = partContent(this.head, this.headStart);
    this.headStart = content + partLength(this.head, this.headStart, content);
    this.#headView = undefined;
  }

  #flag(flag: number, on: boolean): void {
    this.flags = on ? this.flags | flag : this.flags & ~flag;
  }

  #word(word: number, one: number, other: number): number {
    if (this.type !== one && this.type !== other) {
      throw new FluxError("EPROTO", `message of type ${this.type} has no such field`);
    }
    return word;
  }

  /** Bytes of this message as a frame, preamble included, when `extraHead` bytes are put before its head, as forwardTo does. */
  frameBytes(extraHead = 0): number {
    const body = (this.flags & MessageFlag.PAYLOAD) === 0 ? 0 : partBytes(this.bodyEnd - this.bodyStart);
    const extra = extraHead > 0 && (this.flags & MessageFlag.ROUTE) === 0 ? extraHead + 1 : extraHead;
    return PREAMBLE_BYTES + extra + (this.headEnd - this.headStart) + body + PROTO_PART_BYTES;
  }

  /** Writes this message as a frame. */
  encodeTo(sink: ByteSink): void {
    this.forwardTo(sink, EMPTY, this.headStart);
  }

  /**
   * Writes this message as a frame with `pushed` (encoded route parts, top first) on the route stack instead of what stands in
   * the head before `headFrom`. With `EMPTY` and an offset behind some routes this pops them. `gives`: nobody holds this message any more, so that
   * the memory of a large one which is `alone` is given to the sink.
   */
  forwardTo(sink: ByteSink, pushed: Uint8Array, headFrom: number, gives = false): void {
    const { head, headEnd, body, bodyStart, bodyEnd } = this;
    const hasBody = (this.flags & MessageFlag.PAYLOAD) !== 0;
    const delimiter = pushed.length > 0 && (this.flags & MessageFlag.ROUTE) === 0 ? 1 : 0;
    const bodyLength = bodyEnd - bodyStart;
    const shares = hasBody && bodyLength >= SHARE_BYTES;
    // In a message as it came the payload part follows the head, its length in the shortest form: both go in one copy.
    const prefix = partBytes(bodyLength) - bodyLength;
    const together = hasBody && !shares && body === head && bodyStart === headEnd + prefix;
    const copied = (together ? bodyEnd : headEnd) - headFrom;
    const headLength = pushed.length + delimiter + copied;
    const length = headLength + (hasBody && !together ? partBytes(bodyLength) : 0) + PROTO_PART_BYTES;
    const before = PREAMBLE_BYTES + headLength + (shares ? 5 : 0);
    let at = sink.reserve(shares ? before : PREAMBLE_BYTES + length);
    let { bytes, words } = sink;
    words.setUint32(at, FRAME_MAGIC);
    words.setUint32(at + 4, length);
    at += PREAMBLE_BYTES;
    copyBytes(bytes, at, pushed, 0, pushed.length);
    at += pushed.length;
    if (delimiter === 1) bytes[at++] = 0;
    copyBytes(bytes, at, head, headFrom, headFrom + copied);
    at += copied;
    if (hasBody && !together) {
      at = writePartLength(bytes, at, bodyLength);
      if (shares) {
        const given = gives && this.alone;
        if (given) this.alone = false;
        sink.share(body.subarray(bodyStart, bodyEnd), given);
        at = sink.reserve(PROTO_PART_BYTES);
        bytes = sink.bytes;
        words = sink.words;
      } else {
        copyBytes(bytes, at, body, bodyStart, bodyEnd);
        at += bodyLength;
      }
    }
    bytes[at] = HEADER_BYTES;
    writeHeader(words, at + 1, this, delimiter === 1 ? this.flags | MessageFlag.ROUTE : this.flags);
  }

  /** A copy with `pushed` (encoded route parts, top first) on its route stack, sharing the payload: what a service in this process gets. */
  withPushed(pushed: Uint8Array): Message {
    const { head, headStart, headEnd, topicPart, body, bodyStart, bodyEnd } = this;
    const delimiter = (this.flags & MessageFlag.ROUTE) === 0 ? 1 : 0;
    const before = pushed.length + delimiter;
    const bytes = allocate(before + headEnd - headStart);
    bytes.set(pushed);
    if (delimiter === 1) bytes[pushed.length] = 0;
    copyBytes(bytes, before, head, headStart, headEnd);
    const header = { ...this.#header(), flags: this.flags | MessageFlag.ROUTE };
    const topic = topicPart - headStart + before;
    return new Message(header, bytes, 0, bytes.length, topic, body, bodyStart, bodyEnd);
  }

  /** This message without a route stack, sharing topic and payload. */
  withoutRoutes(): Message {
    const { head, topicPart, headEnd, body, bodyStart, bodyEnd } = this;
    const header = { ...this.#header(), flags: this.flags & ~MessageFlag.ROUTE };
    return new Message(header, head, topicPart, headEnd, topicPart, body, bodyStart, bodyEnd);
  }

  #header({ type, flags, userid, rolemask, aux1, aux2 }: Header = this): Header {
    return { type, flags, userid, rolemask, aux1, aux2 };
  }

  /** This message as a frame of its own. */
  encode(): Uint8Array {
    const sink = new ByteSink();
    this.encodeTo(sink);
    const chunks = sink.take();
    return chunks.length === 1 ? chunks[0]! : concatBytes(chunks);
  }

  /**
   * The response to this request: its route stack, topic, matchtag and flags, credentials left for the broker to fill in. The bytes
   * of routes and topic are taken over unread. Its payload is `body[start, end)`; left out: all of it.
   * @throws FluxError EPROTO when this is no request; EINVAL when it wants no response, or `body` has no such part.
   */
  deriveResponse(errnum: number, body: Uint8Array = EMPTY, start = 0, end = body.length): Message {
    if (this.type !== MessageType.REQUEST) throw new FluxError("EPROTO", "only a request can be answered");
    if ((this.flags & MessageFlag.NORESPONSE) !== 0)
      throw new FluxError("EINVAL", "request wants no response");
    checkPart(body, start, end);
    const flags = end > start ? this.flags | MessageFlag.PAYLOAD : this.flags & ~MessageFlag.PAYLOAD;
    const header = {
      type: MessageType.RESPONSE,
      flags,
      userid: USERID_UNKNOWN,
      rolemask: Role.NONE,
      aux1: errnum,
      aux2: this.aux2,
    };
    const { headStart, headEnd, topicPart } = this;
    // In the same memory as its head a payload counts as the part that came behind it: see forwardTo.
    if (headEnd - headStart <= SHORT_BYTES && body !== this.head)
      return new Message(header, this.head, headStart, headEnd, topicPart, body, start, end);
    // A view of its own, once: each of many responses then copies it without making another.
    this.#headView ??= this.head.subarray(headStart, headEnd);
    const head = this.#headView;
    return new Message(header, head, 0, head.length, topicPart - headStart, body, start, end);
  }

  /**
   * The event that this request asks to publish: with its sender's credentials, not numbered yet. Its payload is `body[start, end)`; left out: all of it.
   * @param topic - well-formed Unicode
   * @param flags - PRIVATE or 0
   * @throws FluxError EINVAL for a topic with a NUL, or when `body` has no such part.
   */
  deriveEvent(topic: string, flags: number, body: Uint8Array = EMPTY, start = 0, end = body.length): Message {
    checkPart(body, start, end);
    const head = headOf(NO_ROUTES, topic);
    const parts = MessageFlag.TOPIC | MessageFlag.ROUTE | (end > start ? MessageFlag.PAYLOAD : 0);
    const header = {
      type: MessageType.EVENT,
      flags: flags | parts,
      userid: this.userid,
      rolemask: this.rolemask,
      aux1: 0,
      aux2: 0,
    };
    const { bytes, topicPart } = head;
    const event = new Message(header, bytes, 0, bytes.length, topicPart, body, start, end);
    event.#topic = topic;
    return event;
  }
}

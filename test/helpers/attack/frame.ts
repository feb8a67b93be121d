/**
 * @file An encoder and a reader of RFC 3 frames for attacks: without any code of src, without a check, fast for
 * large frames. It encodes what no library would.
 */

export const Type = { REQUEST: 1, RESPONSE: 2, EVENT: 4, CONTROL: 8 } as const;
export const Flag = {
  TOPIC: 1,
  PAYLOAD: 2,
  NORESPONSE: 4,
  ROUTE: 8,
  UPSTREAM: 16,
  PRIVATE: 32,
  STREAMING: 64,
} as const;

const ANY = 0xffffffff;
const MAGIC = 0x1200eeff;
const PREAMBLE_BYTES = 8;
const HEADER_BYTES = 20;

export interface FrameFields {
  /** Default: a request. */
  readonly type?: number;
  /** Flags besides TOPIC, PAYLOAD and ROUTE. */
  readonly flags?: number;
  readonly topic?: string | Uint8Array | undefined;
  /** A string gets a NUL at its end, bytes are sent as they are. */
  readonly payload?: string | Uint8Array | undefined;
  /** Route parts, the top of the stack first; bytes are parts that are encoded already. */
  readonly routes?: readonly string[] | Uint8Array;
  readonly matchtag?: number;
  /** Node id of a request, error number of a response, number of an event. */
  readonly aux1?: number;
  readonly userid?: number;
  readonly rolemask?: number;
}

/** A message as it was received. */
export interface RawMessage {
  readonly type: number;
  readonly flags: number;
  readonly userid: number;
  readonly aux1: number;
  readonly matchtag: number;
  readonly routes: readonly string[];
  readonly topic: string;
  readonly payload: Buffer;
}

/** A part with its length before it. */
export function encodePart(content: string | Uint8Array): Buffer {
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  return Buffer.concat([partLength(bytes.length), bytes]);
}

function partLength(length: number): Buffer {
  if (length < 255) return Buffer.of(length);
  const prefix = Buffer.alloc(5, 255);
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** A frame with its preamble. */
export function encodeFrame(fields: FrameFields): Buffer {
  const { type = Type.REQUEST, topic, payload, routes = [], matchtag = 0 } = fields;
  const defaultAux1 = type === Type.REQUEST ? ANY : 0;
  let flags = (fields.flags ?? 0) | Flag.ROUTE;
  const parts: Uint8Array[] = [Buffer.alloc(PREAMBLE_BYTES)];
  if (routes instanceof Uint8Array) parts.push(routes);
  else for (const route of routes) parts.push(encodePart(route));
  parts.push(Buffer.of(0));
  if (topic !== undefined) {
    flags |= Flag.TOPIC;
    parts.push(encodePart(topic));
  }
  if (payload !== undefined) {
    flags |= Flag.PAYLOAD;
    const bytes = typeof payload === "string" ? Buffer.from(`${payload}\0`) : payload;
    parts.push(partLength(bytes.length), bytes);
  }
  const header = Buffer.alloc(1 + HEADER_BYTES);
  header.set([HEADER_BYTES, 0x8e, 1, type, flags]);
  header.writeUInt32BE(fields.userid ?? ANY, 5);
  header.writeUInt32BE(fields.rolemask ?? 0, 9);
  header.writeUInt32BE(fields.aux1 ?? defaultAux1, 13);
  header.writeUInt32BE(matchtag, 17);
  parts.push(header);
  const frame = Buffer.concat(parts);
  frame.writeUInt32BE(MAGIC, 0);
  frame.writeUInt32BE(frame.length - PREAMBLE_BYTES, 4);
  return frame;
}

/** The eight bytes before a frame of `length` bytes, which may never follow. */
export function encodePreamble(length: number): Buffer {
  const preamble = Buffer.alloc(PREAMBLE_BYTES);
  preamble.writeUInt32BE(MAGIC, 0);
  preamble.writeUInt32BE(length, 4);
  return preamble;
}

/** Largest frame that a client takes, in bytes, its preamble not counted. */
const MAX_FRAME_BYTES = 128 * 1024 * 1024;

/** Cuts a stream of bytes into messages. It copies each byte once. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;
  #needed = PREAMBLE_BYTES;

  /** @throws Error for a frame over the limit: whoever takes it is not a client of this project. */
  push(chunk: Buffer, receive: (message: RawMessage) => void): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return;
    const all = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks);
    let at = 0;
    this.#needed = PREAMBLE_BYTES;
    while (all.length - at >= PREAMBLE_BYTES) {
      const length = all.readUInt32BE(at + 4);
      if (length > MAX_FRAME_BYTES) throw new Error(`a frame of ${length} bytes came, over the limit`);
      const end = at + PREAMBLE_BYTES + length;
      this.#needed = end - at;
      if (end > all.length) break;
      receive(decodeBody(all.subarray(at + PREAMBLE_BYTES, end)));
      at = end;
      this.#needed = PREAMBLE_BYTES;
    }
    this.#chunks = at < all.length ? [all.subarray(at)] : [];
    this.#bytes = all.length - at;
  }
}

function decodeBody(body: Buffer): RawMessage {
  const header = body.subarray(body.length - HEADER_BYTES);
  const flags = header[3]!;
  let at = 0;
  const next = (): Buffer => {
    let length = body[at++]!;
    if (length === 255) {
      length = body.readUInt32BE(at);
      at += 4;
    }
    at += length;
    return body.subarray(at - length, at);
  };
  const routes: string[] = [];
  if ((flags & Flag.ROUTE) !== 0)
    for (let part = next(); part.length > 0; part = next()) routes.push(part.toString());
  const topic = (flags & Flag.TOPIC) !== 0 ? next().toString() : "";
  const payload = (flags & Flag.PAYLOAD) !== 0 ? next() : Buffer.alloc(0);
  return {
    type: header[2]!,
    flags,
    userid: header.readUInt32BE(4),
    aux1: header.readUInt32BE(12),
    matchtag: header.readUInt32BE(16),
    routes,
    topic,
    payload,
  };
}

/** The text of a payload, without the NUL at its end. */
export function textOf({ payload }: RawMessage): string {
  return payload.toString().replace(/\0$/, "");
}

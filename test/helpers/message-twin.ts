/**
 * @file A second codec for RFC 3 messages, as simple as can be and without any code of src: the oracle of the tests.
 * It copies everything and works on lists of parts.
 */

/** The fields of a message as plain values. */
export interface TwinFields {
  readonly type: number;
  readonly flags: number;
  readonly userid: number;
  readonly rolemask: number;
  readonly aux1: number;
  readonly aux2: number;
  /** Top of the stack first; undefined without the ROUTE flag. */
  readonly routes: readonly string[] | undefined;
  readonly topic: string | undefined;
  readonly payload: Uint8Array | undefined;
}

/** A malformed message: `code` is the error name it stands for. */
export class TwinError extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

const TOPIC = 1;
const PAYLOAD = 2;
const ROUTE = 8;
const HEADER = 20;

const text = new TextDecoder("utf-8", { ignoreBOM: true });

/** `fields` with the three flags that say which parts there are. */
export function twinNormal(fields: TwinFields): TwinFields {
  let flags = fields.flags & ~(TOPIC | PAYLOAD | ROUTE);
  if (fields.topic !== undefined) flags |= TOPIC;
  if (fields.payload !== undefined) flags |= PAYLOAD;
  if (fields.routes !== undefined) flags |= ROUTE;
  return { ...fields, flags };
}

/** The 20 bytes that end a message. */
export function twinHeader(fields: TwinFields): Buffer {
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(0x8e, 0);
  header.writeUInt8(1, 1);
  header.writeUInt8(fields.type, 2);
  header.writeUInt8(fields.flags, 3);
  header.writeUInt32BE(fields.userid, 4);
  header.writeUInt32BE(fields.rolemask, 8);
  header.writeUInt32BE(fields.aux1, 12);
  header.writeUInt32BE(fields.aux2, 16);
  return header;
}

/** The contents of the parts of a message, in order, by its fields alone. */
export function twinParts(fields: TwinFields): Buffer[] {
  const parts: Buffer[] = [];
  if (fields.routes !== undefined) {
    for (const id of fields.routes) parts.push(Buffer.from(id));
    parts.push(Buffer.alloc(0));
  }
  if (fields.topic !== undefined) parts.push(Buffer.from(fields.topic));
  if (fields.payload !== undefined) parts.push(Buffer.from(fields.payload));
  parts.push(twinHeader(fields));
  return parts;
}

/** A part with its length before it; `long` takes five bytes for the length where one would do. */
export function twinPart(content: Uint8Array, long = false): Buffer {
  if (content.length < 255 && !long) return Buffer.concat([Buffer.of(content.length), content]);
  const length = Buffer.alloc(5);
  length.writeUInt8(255, 0);
  length.writeUInt32BE(content.length, 1);
  return Buffer.concat([length, content]);
}

/** `body` as a frame. */
export function twinFrame(body: Uint8Array): Buffer {
  const preamble = Buffer.from([0x12, 0x00, 0xee, 0xff, 0, 0, 0, 0]);
  preamble.writeUInt32BE(body.length, 4);
  return Buffer.concat([preamble, body]);
}

/** The message of `fields` as a frame, each part in its shortest form. */
export function twinEncode(fields: TwinFields): Buffer {
  return twinFrame(Buffer.concat(twinParts(fields).map((part) => twinPart(part))));
}

/** Cuts the body of a frame into the contents of its parts. */
function split(body: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let rest = body;
  while (rest.length > 0) {
    let length = rest.readUInt8(0);
    rest = rest.subarray(1);
    if (length === 255) {
      if (rest.length < 4) throw new TwinError("EINVAL");
      length = rest.readUInt32BE(0);
      rest = rest.subarray(4);
    }
    if (rest.length < length) throw new TwinError("EINVAL");
    parts.push(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  return parts;
}

/** Reads the body of a frame. Throws TwinError where spec and C code refuse it. */
export function twinDecodeBody(bytes: Uint8Array): TwinFields {
  const parts = split(Buffer.from(bytes));
  const header = parts.pop();
  if (header?.length !== HEADER) throw new TwinError("EPROTO");
  if (header.readUInt8(0) !== 0x8e || header.readUInt8(1) !== 1) throw new TwinError("EPROTO");
  const type = header.readUInt8(2);
  if (![1, 2, 4, 8].includes(type)) throw new TwinError("EPROTO");
  const flags = header.readUInt8(3);
  const take = (): Buffer => {
    const part = parts.shift();
    if (part === undefined) throw new TwinError("EPROTO");
    return part;
  };
  let routes: string[] | undefined;
  if ((flags & ROUTE) !== 0) {
    routes = [];
    for (let part = take(); part.length > 0; part = take()) routes.push(text.decode(part));
  }
  const topic = (flags & TOPIC) !== 0 ? text.decode(take()).split("\0")[0] : undefined;
  const payload = (flags & PAYLOAD) !== 0 ? new Uint8Array(take()) : undefined;
  return {
    type,
    flags,
    userid: header.readUInt32BE(4),
    rolemask: header.readUInt32BE(8),
    aux1: header.readUInt32BE(12),
    aux2: header.readUInt32BE(16),
    routes,
    topic,
    payload,
  };
}

/** What a stream of frames holds: its messages up to the first error or its end, and that error's code. */
export interface TwinStream {
  readonly messages: TwinFields[];
  readonly error: string | undefined;
  /** Bytes behind the last whole frame. */
  readonly left: number;
}

/** Reads all of a stream at once. */
export function twinStream(bytes: Uint8Array, maxFrameBytes: number): TwinStream {
  const messages: TwinFields[] = [];
  let rest = Buffer.from(bytes);
  while (rest.length >= 8) {
    if (rest.toString("hex", 0, 4) !== "1200eeff") return { messages, error: "EPROTO", left: 0 };
    const length = rest.readUInt32BE(4);
    if (length === 0) return { messages, error: "EPROTO", left: 0 };
    if (length > maxFrameBytes) return { messages, error: "EMSGSIZE", left: 0 };
    if (rest.length < 8 + length) break;
    try {
      messages.push(twinDecodeBody(rest.subarray(8, 8 + length)));
    } catch (error) {
      if (error instanceof TwinError) return { messages, error: error.code, left: 0 };
      throw error;
    }
    rest = rest.subarray(8 + length);
  }
  return { messages, error: undefined, left: rest.length };
}

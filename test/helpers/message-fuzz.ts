import assert from "node:assert/strict";
import { FluxError } from "../../src/base/index.ts";
import { decodeFrame, describeMessage, Framer, type Message } from "../../src/message/index.ts";
import { assertSameFields, fieldsOf } from "./message-fields.ts";
import {
  type TwinFields,
  twinEncode,
  twinFrame,
  twinHeader,
  twinNormal,
  twinPart,
  twinStream,
} from "./message-twin.ts";

/** Ceiling of a frame while fuzzing, so that a mutated length is over it now and then. */
const MAX_FRAME_BYTES = 64 * 1024;

/** What became of the frames. */
export interface FuzzTotals {
  frames: number;
  /** Messages that decoded. */
  messages: number;
  /** Streams that were refused, by error code. */
  readonly refused: Map<string, number>;
  /** Streams whose last frame was not complete. */
  incomplete: number;
}

/** Whole numbers from 0 up to, not including, `limit`; the same ones for the same seed (mulberry32). */
export type Random = (limit: number) => number;

export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
  };
}

/** Valid frames to start from: each type, with and without each part, short and long ones. */
export function fuzzCorpus(): Buffer[] {
  const corpus: Buffer[] = [];
  const stacks = [
    undefined,
    [],
    ["r"],
    ["0b48e0c8-0000-4000-8000-000000000001", "client"],
    ["x".repeat(300), "y"],
  ];
  const topics = [undefined, "", "a.b", "é".repeat(200)];
  const payloads = [
    undefined,
    Buffer.alloc(0),
    Buffer.from('{"a":1}\0'),
    Buffer.from([0, 255, 1]),
    Buffer.alloc(600, "z\0"),
  ];
  let n = 0;
  for (const routes of stacks) {
    for (const topic of topics) {
      for (const payload of payloads) {
        const type = 1 << (n++ % 4);
        corpus.push(
          twinEncode(twinNormal({ ...HEADER, type, flags: (n * 4) & 0xff, routes, topic, payload })),
        );
      }
    }
  }
  return corpus;
}

const HEADER = { flags: 0, userid: 0xffffffff, rolemask: 0, aux1: 1, aux2: 2 } satisfies Partial<TwinFields>;

/** A few changes to `frame`: bits flipped, bytes set, put in, taken out, doubled, the end cut; its length mostly made to fit again. */
export function mutate(frame: Uint8Array, random: Random): Buffer {
  let bytes: Buffer = Buffer.from(frame);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length);
    const count = 1 + random(6);
    switch (random(7)) {
      case 0:
        if (at < bytes.length) bytes[at]! ^= 1 << random(8);
        break;
      case 1:
        if (at < bytes.length) bytes[at] = [0, 1, 20, 0x8e, 254, 255][random(6)]!;
        break;
      case 2:
        bytes = Buffer.concat([bytes.subarray(0, at), randomBytes(count, random), bytes.subarray(at)]);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + count)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + count), bytes.subarray(at)]);
        break;
      case 5:
        bytes = bytes.subarray(0, at);
        break;
      default:
        bytes = twinFrame(randomParts(random));
    }
  }
  if (bytes.length > 8 && random(4) > 0) bytes = twinFrame(bytes.subarray(8));
  return bytes;
}

function randomBytes(count: number, random: Random): Buffer {
  return Buffer.from(Array.from({ length: count }, () => random(256)));
}

/** Parts whose lengths mostly tell the truth, and a header whose flags may not. */
function randomParts(random: Random): Buffer {
  const parts: Buffer[] = [];
  for (let count = random(5); count > 0; count--) {
    const part = twinPart(randomBytes(random(4) === 0 ? 0 : random(40), random), random(4) === 0);
    if (random(12) === 0) part[0] = random(256);
    parts.push(part);
  }
  const type = random(8) === 0 ? random(256) : 1 << random(4);
  parts.push(
    twinPart(
      twinHeader({
        ...HEADER,
        type,
        flags: random(256),
        routes: undefined,
        topic: undefined,
        payload: undefined,
      }),
    ),
  );
  return Buffer.concat(parts);
}

/**
 * Puts `count` mutated frames, in streams of one to three, through framer and decoder, reads each message through all its getters, encodes
 * it and decodes that. Throws at the first thing that is no FluxError, differs from the twin, or doesn't come back the same.
 */
export function fuzzFrames(count: number, random: Random): FuzzTotals {
  const totals: FuzzTotals = { frames: 0, messages: 0, refused: new Map(), incomplete: 0 };
  const corpus = fuzzCorpus();
  while (totals.frames < count) {
    const frames: Buffer[] = [];
    for (let more = Math.min(1 + random(3), count - totals.frames); more > 0; more--) {
      const frame = corpus[random(corpus.length)]!;
      frames.push(random(8) === 0 ? frame : mutate(frame, random));
    }
    totals.frames += frames.length;
    const stream = Buffer.concat(frames);
    try {
      fuzzStream(stream, random, totals);
    } catch (error) {
      throw new Error(`violation by stream ${stream.toString("hex")}`, { cause: error });
    }
  }
  return totals;
}

/** One stream, cut into chunks at random. */
function fuzzStream(stream: Buffer, random: Random, totals: FuzzTotals): void {
  const expected = twinStream(stream, MAX_FRAME_BYTES);
  const framer = new Framer({ maxFrameBytes: MAX_FRAME_BYTES });
  const found: Message[] = [];
  let failure: unknown;
  const longest = random(2) === 0 ? stream.length : 1 + random(40);
  for (let at = 0; at < stream.length && failure === undefined; ) {
    const next = at + 1 + random(longest);
    try {
      framer.push(stream.subarray(at, next), (message) => found.push(message));
    } catch (error) {
      failure = error;
    }
    at = next;
  }
  if (failure !== undefined && !(failure instanceof FluxError)) throw failure;
  assert.equal(failure?.code, expected.error);
  assert.equal(found.length, expected.messages.length);
  if (failure !== undefined) totals.refused.set(failure.code, (totals.refused.get(failure.code) ?? 0) + 1);
  else {
    assert.equal(framer.pendingBytes, expected.left);
    if (expected.left > 0) totals.incomplete++;
  }
  totals.messages += found.length;
  for (const [i, message] of found.entries()) checkMessage(message, expected.messages[i]!);
}

function checkMessage(message: Message, expected: TwinFields): void {
  const fields = fieldsOf(message);
  assertSameFields(fields, expected);
  assert.equal(message.firstRoute, expected.routes?.at(-1));
  assert.equal(message.atRequester, expected.routes?.length === 0);
  assert.equal(message.payloadBytes, expected.payload?.length ?? 0);
  readText(message);
  describeMessage(message, "rx");
  const encoded = message.encode();
  assert.equal(encoded.length, message.frameBytes());
  assertSameFields(fieldsOf(decodeFrame(encoded)), expected);
}

/** A payload is text exactly when it ends with a NUL and is UTF-8 up to its first. */
function readText(message: Message): void {
  let text: string | undefined;
  try {
    text = message.text;
  } catch (error) {
    if (!FluxError.is(error, "EPROTO")) throw error;
    return;
  }
  const { payload } = message;
  if (payload === undefined || text === undefined) {
    assert.equal(text, payload);
    return;
  }
  assert.equal(payload.at(-1), 0);
  const bytes = Buffer.from(`${text}\0`);
  assert.ok(bytes.equals(payload.subarray(0, bytes.length)), "text is the payload up to its first NUL");
}

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FluxError } from "../../../src/base/index.ts";
import { PublishReader } from "../../../src/broker/publish-request.ts";
import { Message, MessageFlag, textPayload } from "../../../src/message/index.ts";

const { PRIVATE } = MessageFlag;
/** Whole groups of four, padding in the last one only, where it may be missing or too much. */
const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}={0,2}|[A-Za-z0-9+/]{3}=?|={0,4})$/;

/** What a request says, read by others than the product. */
function expected(text: string): unknown {
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text);
  } catch {
    return "EPROTO";
  }
  const { topic, flags, payload } = body;
  if (typeof topic !== "string" || (flags !== 0 && flags !== PRIVATE)) return "EPROTO";
  if (payload === undefined) return { topic, flags, payload };
  if (typeof payload !== "string" || !BASE64.test(payload)) return "EPROTO";
  return { topic, flags, payload: Buffer.from(payload, "base64").toString("hex") };
}

/** What `reader` makes of the body of a request, a text without its NUL or bytes. */
function read(reader: PublishReader, body: string | Uint8Array): unknown {
  const payload = typeof body === "string" ? textPayload(body) : body;
  try {
    const { topic, flags, payload: span } = reader.read(Message.request({ payload }));
    const bytes = span?.bytes.subarray(span.start, span.end);
    return { topic, flags, payload: bytes && Buffer.from(bytes).toString("hex") };
  } catch (error) {
    return FluxError.from(error).code;
  }
}

/** As libflux writes it. */
function written(topic: string, flags: number, payload: Uint8Array | undefined): string {
  const rest = payload === undefined ? "" : `,"payload":"${Buffer.from(payload).toString("base64")}"`;
  return `{"topic":"${topic}","flags":${flags}${rest}}`;
}

/** Few topics, one the start of another, so that many follow on one like them. */
const anyWritten = fc
  .tuple(
    fc.constantFrom("a", "ab", "a.b.c", "x".repeat(250), "é"),
    fc.constantFrom(0, 0, PRIVATE, 1),
    fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
  )
  .map(([topic, flags, payload]) => written(topic, flags, payload));

/** The same with one character in the place of another, cut off, or written otherwise. */
const anyText = fc.oneof(
  { weight: 3, arbitrary: anyWritten },
  fc
    .tuple(anyWritten, fc.nat(), fc.constantFrom('"', "}", "x", "0", " ", ",", "=", "\\"))
    .map(([text, at, char]) => {
      const index = at % text.length;
      return text.slice(0, index) + char + text.slice(index + 1);
    }),
  fc.tuple(anyWritten, fc.nat()).map(([text, at]) => text.slice(0, at % text.length)),
  anyWritten.map((text) => text.replace(":", " : ")),
  anyWritten.map((text) => text.replace("a", "\\u0061")),
);

test("a request means what its JSON says, whatever was asked before", () => {
  fc.assert(
    fc.property(fc.array(anyText, { maxLength: 12 }), (texts) => {
      const reader = new PublishReader();
      for (const text of texts) assert.deepEqual(read(reader, text), expected(text), text);
    }),
    { numRuns: 2000 },
  );
});

test("a start that comes again is that of a longer request, or of a shorter one, only where it is whole", () => {
  const reader = new PublishReader();
  const payload = Uint8Array.of(1, 2, 3);
  const text = written("topic", 0, payload);
  const bare = written("topic", 0, undefined);
  for (const known of [text, bare]) {
    for (let i = 0; i < 3; i++) assert.deepEqual(read(reader, known), expected(known));
    for (let end = 0; end < known.length; end++) assert.equal(read(reader, known.slice(0, end)), "EPROTO");
    for (const other of [`${known} `, `${known}x`, text, bare, ""])
      assert.deepEqual(read(reader, other), expected(other), other);
  }
});

test("a request ends with the NUL behind its text, or that text is all that counts", () => {
  for (const before of [0, 3]) {
    for (const payload of [undefined, Uint8Array.of(1, 2, 3)]) {
      const text = written("topic", 0, payload);
      const reader = new PublishReader();
      for (let i = 0; i < before; i++) read(reader, text);
      assert.equal(read(reader, Buffer.from(`${text}\0x`)), "EPROTO");
      assert.equal(read(reader, Buffer.from(text)), "EPROTO");
      assert.deepEqual(read(reader, Buffer.from(`${text}\0x\0`)), expected(text));
    }
  }
});

test("a payload stays as it was while others are read", () => {
  const reader = new PublishReader();
  const kept: { readonly wanted: Uint8Array; readonly got: Uint8Array }[] = [];
  for (let i = 0; i < 2000; i++) {
    const wanted = Uint8Array.from({ length: i % 300 }, (_, at) => at + i);
    const request = Message.request({ payload: textPayload(written("a", 0, wanted)) });
    const { bytes, start, end } = reader.read(request).payload!;
    kept.push({ wanted, got: bytes.subarray(start, end) });
  }
  for (const { wanted, got } of kept) assert.deepEqual([...got], [...wanted]);
});

test("a start that came again is known by its bytes of then, not by memory that changes", () => {
  const reader = new PublishReader();
  const memory = Buffer.from(`${written("abc", 0, undefined)}\0`);
  for (let i = 0; i < 2; i++) reader.read(Message.request({ payload: memory }));
  memory[memory.indexOf("abc")] = 0x78;
  assert.equal(reader.read(Message.request({ payload: memory })).topic, "xbc");
});

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FluxError } from "../../../src/base/index.ts";
import {
  decodeJson,
  encodeJson,
  type JsonValue,
  parseJson,
  plain,
  Real,
  real,
  stringifyJson,
} from "../../../src/json/index.ts";
import { assertThrows } from "./throws.ts";

test("plain objects read as JSON.parse reads them", () => {
  const text = ' {"a":1,"b":[true,false,null,"x\\n\\u00e9"],"c":{"d":-1.5e-3}}'.trim();
  assert.deepEqual(parseJson(text), JSON.parse(text));
  assert.deepEqual(parseJson(` ${text}\n`), JSON.parse(text));
});

test("integers are exact up to 64 bits", () => {
  assert.deepEqual(parseJson("[9007199254740991,-9007199254740991]"), [9007199254740991, -9007199254740991]);
  assert.deepEqual(parseJson("[9007199254740992,9007199254740993]"), [9007199254740992n, 9007199254740993n]);
  assert.deepEqual(parseJson("[9223372036854775807]"), [9223372036854775807n]);
  assert.deepEqual(parseJson("[-9223372036854775808]"), [-9223372036854775808n]);
  assertThrows(
    () => parseJson("[9223372036854775808]"),
    "EPROTO",
    "too big integer near '9223372036854775808'",
  );
  assertThrows(
    () => parseJson("[-9223372036854775809]"),
    "EPROTO",
    "too big negative integer near '-9223372036854775809'",
  );
  assertThrows(() => parseJson(`[${"9".repeat(400)}]`), "EPROTO", "too big integer");
  assertThrows(() => parseJson(`[-${"9".repeat(400)}]`), "EPROTO", "too big negative integer");
});

test("long integers are seen wherever they stand", () => {
  for (let pad = 0; pad < 40; pad++) {
    const text = `{"${"k".repeat(pad)}":9007199254740993,"z":1}`;
    assert.deepEqual(parseJson(text), { ["k".repeat(pad)]: 9007199254740993n, z: 1 });
  }
  assert.deepEqual(parseJson('{"id":"1234567890123456789","f":0.12345678901234566}'), {
    id: "1234567890123456789",
    f: 0.12345678901234566,
  });
});

test("reals are plain numbers unless they are to be kept", () => {
  const text = '{"a":1.0,"b":1.5,"c":1e3,"d":1,"e":1e21,"f":-0.0}';
  assert.deepEqual(parseJson(text), { a: 1, b: 1.5, c: 1000, d: 1, e: 1e21, f: -0 });
  const kept = parseJson(text, { reals: "keep" });
  assert.deepEqual(kept, { a: real(1), b: 1.5, c: real(1000), d: 1, e: 1e21, f: real(-0) });
  assert.equal(stringifyJson(kept), '{"a":1.0,"b":1.5,"c":1000.0,"d":1,"e":1e21,"f":-0.0}');
  assert.deepEqual(plain(kept), parseJson(text));
  assert.deepEqual(plain([{ a: undefined, b: [real(2)] }, null]), [{ b: [2] }, null]);
});

test("reals that round to a whole number are kept too", () => {
  for (const text of [
    "1.00000000000000000001",
    "0.99999999999999999999",
    "4503599627370497.1",
    "123456789012345.001",
    "100e-2",
    "0.1E1",
  ]) {
    assert.deepEqual(parseJson(`[${text}]`, { reals: "keep" }), [real(Number(text))], text);
  }
});

test("a real that overflows is an error, one that underflows is not", () => {
  assertThrows(() => parseJson("[1e400]"), "EPROTO", "real number overflow near '1e400'");
  assertThrows(
    () => parseJson("[123456789012345e300]"),
    "EPROTO",
    "real number overflow near '123456789012345e300'",
  );
  assertThrows(() => parseJson(`[${"9".repeat(309)}.5]`), "EPROTO", "real number overflow");
  assert.deepEqual(parseJson("[1e-400,1e+300]"), [0, 1e300]);
});

test("a scalar at the top is refused unless asked for", () => {
  for (const text of ["1", '"a"', "null", "true", "1.5"]) {
    assertThrows(() => parseJson(text), "EPROTO", `'[' or '{' expected near '${text}'`);
    assert.deepEqual(parseJson(text, { any: true }), JSON.parse(text));
  }
  assertThrows(() => parseJson(""), "EPROTO", "'[' or '{' expected near end of file");
});

test("surrogates come in pairs", () => {
  assert.deepEqual(parseJson('["\\ud83d\\ude00"]'), ["😀"]);
  assertThrows(() => parseJson('["\\ud800"]'), "EPROTO", `invalid Unicode '\\uD800' near '"\\ud800"'`);
  assertThrows(() => parseJson('["\\udc00"]'), "EPROTO", `invalid Unicode '\\uDC00' near '"\\udc00"'`);
  assertThrows(() => parseJson('["\ud800"]'), "EPROTO", "unable to decode byte 0xed");
});

test("NUL is for values, not for keys", () => {
  assert.deepEqual(parseJson('["\\u0000"]'), ["\0"]);
  assertThrows(
    () => parseJson('{"\\u0000":1}'),
    "EPROTO",
    `NUL byte in object key not supported near '"\\u0000"'`,
  );
});

test("an error in an escape shows the whole character", () => {
  assertThrows(() => parseJson('["\\😀"]'), "EPROTO", `invalid escape near '"\\😀'`);
});

test("nesting ends at 2048, scalars counted", () => {
  const nest = (depth: number, inner: string) => "[".repeat(depth) + inner + "]".repeat(depth);
  for (const good of [nest(2048, ""), nest(2047, "1")]) {
    const value = parseJson(good);
    assert.equal(stringifyJson(value), good);
    assert.equal(stringifyJson(value, { spaced: true }), good);
  }
  for (const bad of [nest(2049, ""), nest(2048, "1"), nest(100_000, "")]) {
    assertThrows(() => parseJson(bad), "EPROTO");
  }
  assertThrows(() => parseJson(nest(2049, "")), "EPROTO", "maximum parsing depth reached near '['");
  // Brackets in strings and in a row do not count.
  const wide = JSON.stringify([...Array(3000).fill([]), `${"[".repeat(3000)}\\"`]);
  assert.deepEqual(parseJson(wide), JSON.parse(wide));
});

test("the last of equal keys wins, in the first one's place", () => {
  assert.equal(stringifyJson(parseJson('{"a":1,"b":2,"a":3}')), '{"a":3,"b":2}');
  assert.equal(stringifyJson(parseJson('{"a":1.0,"b":2,"a":3.0}', { reals: "keep" })), '{"a":3.0,"b":2}');
});

test("__proto__ is a key as any other", () => {
  for (const text of ['{"__proto__":{"x":1}}', '{"__proto__":{"x":9007199254740993}}']) {
    const value = parseJson(text) as { readonly [key: string]: JsonValue };
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.equal(stringifyJson(value), text);
    assert.equal(stringifyJson(plain(value) as JsonValue), text);
  }
});

test("bytes have to be UTF-8", () => {
  const decode = (...bytes: number[]) => decodeJson(Uint8Array.of(0x5b, 0x22, ...bytes, 0x22, 0x5d));
  assert.deepEqual(decode(0xf0, 0x9f, 0x98, 0x80, 0xef, 0xbf, 0xbd), ["😀\ufffd"]);
  const bad: number[][] = [
    [0xff],
    [0x80],
    [0xc0, 0x80],
    [0xc3],
    [0xe0, 0x80, 0x80],
    [0xe2, 0x82],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x80, 0x80, 0x80],
    [0xf0, 0x9f, 0x98],
    [0xf4, 0x90, 0x80, 0x80],
    [0xf5, 0x80, 0x80, 0x80],
  ];
  for (const bytes of bad) {
    assertThrows(() => decode(...bytes), "EPROTO", `unable to decode byte 0x${bytes[0]!.toString(16)}`);
  }
  assertThrows(() => decodeJson(Uint8Array.of(0x5b, 0xe2)), "EPROTO", "unable to decode byte 0xe2");
  assertThrows(() => decodeJson(Buffer.from("\ufeff[]")), "EPROTO", "'[' or '{' expected near '\ufeff'");
});

test("decodeJson takes any view of bytes", () => {
  const bytes = encodeJson({ a: ["é"] });
  const within = new Uint8Array(bytes.length + 7);
  within.set(bytes, 5);
  assert.deepEqual(decodeJson(within.subarray(5, 5 + bytes.length)), { a: ["é"] });
});

const json = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom(null, true, false),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Number.isInteger(value)),
    fc.string({ unit: "grapheme" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string({ unit: "grapheme", maxLength: 6 }), tie("value"), {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  ),
})).value;

test("what JSON.stringify writes reads as JSON.parse reads it, whichever way it is read", () => {
  fc.assert(
    fc.property(fc.array(json, { maxLength: 3 }), fc.constantFrom(undefined, 1), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      const expected = JSON.parse(text) as unknown;
      assert.deepEqual(parseJson(text), expected);
      assert.deepEqual(parseJson(text, { any: true }), expected); // the exact parser
      assert.deepEqual(decodeJson(new TextEncoder().encode(text)), expected);
    }),
  );
});

test("cut and changed texts give a value or a FluxError, the same by both ways", () => {
  const change = fc.record({
    at: fc.nat(),
    text: fc.constantFrom("", '"', "\\", "\\u", "{", "]", "1", "e", ".", "\ud800"),
  });
  fc.assert(
    fc.property(json, fc.array(change, { minLength: 1, maxLength: 3 }), (value, changes) => {
      let text = JSON.stringify([value]);
      for (const { at, text: insert } of changes) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + insert + text.slice(place + 1);
      }
      assert.deepEqual(outcome(text, false), outcome(text, true));
    }),
    { numRuns: 500 },
  );
});

function outcome(text: string, exact: boolean): unknown {
  try {
    const value = parseJson(exact && /^[{[]/.test(text) ? text : text.trimStart(), { any: exact });
    return typeof value === "object" && value !== null ? value : "scalar";
  } catch (error) {
    assert.ok(FluxError.is(error, "EPROTO"), String(error));
    return error.message.startsWith("'[' or '{'") ? "scalar" : /^[^{[]/.test(text) ? "scalar" : error.message;
  }
}

test("random bytes give a value or a FluxError", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      const framed = Uint8Array.of(0x5b, 0x22, ...bytes, 0x22, 0x5d);
      try {
        assert.deepEqual(
          decodeJson(framed),
          JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(framed)),
        );
      } catch (error) {
        assert.ok(FluxError.is(error, "EPROTO"), String(error));
      }
    }),
    { numRuns: 500 },
  );
});

test("strings of escapes only, and what is wrong with the last of them", () => {
  const many = "\\n\\u0041\\ud83d\\ude00".repeat(1000);
  assert.deepEqual(parseJson(`["${many}"]`), ["\nA\u{1f600}".repeat(1000)]);
  assertThrows(() => parseJson(`["${many}\\ud83d"]`), "EPROTO", "invalid Unicode '\\uD83D'");
  assertThrows(() => parseJson(`["${many}\\\\\\udc00"]`), "EPROTO", "invalid Unicode '\\uDC00'");
  assertThrows(() => parseJson(`["${many}\\ud83d\\u0041"]`), "EPROTO", "invalid Unicode '\\uD83D\\u0041'");
});

test("an integer of a million digits is refused without being read", () => {
  assertThrows(() => parseJson(`[${"9".repeat(1_000_000)}]`), "EPROTO", "too big integer");
  assertThrows(() => parseJson(`[-${"9".repeat(1_000_000)}]`), "EPROTO", "too big negative integer");
});

test("reals that read as whole numbers are kept, wherever the digits stand", () => {
  const kept = (text: string): unknown => (parseJson(`[${text}]`, { reals: "keep" }) as unknown[])[0];
  for (const text of [
    "1.0",
    "1e3",
    "1E+3",
    "12e-0",
    "2.9e1",
    "1234567890123.000",
    "12345678901.5e1",
    "1.00000000000000000001",
  ])
    assert.ok(kept(text) instanceof Real, text);
  for (const text of ["1.5", "12345678901.5"]) assert.equal(kept(text), Number(text));
  assert.equal(kept('"e1.0"'), "e1.0");
});

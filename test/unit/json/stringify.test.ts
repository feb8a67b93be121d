import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { encodeJson, type JsonValue, parseJson, real, stringifyJson } from "../../../src/json/index.ts";
import { assertThrows } from "./throws.ts";

test("plain values print compactly", () => {
  assert.equal(
    stringifyJson({ a: 1, b: "x", c: [true, null, {}], d: [] }),
    '{"a":1,"b":"x","c":[true,null,{}],"d":[]}',
  );
  assert.deepEqual([...encodeJson({ a: "é" })], [...new TextEncoder().encode('{"a":"é"}')]);
});

test("spaced form is jansson's and Python's default", () => {
  assert.equal(stringifyJson({ seq: 0, pad: "" }, { spaced: true }), '{"seq": 0, "pad": ""}');
  assert.equal(stringifyJson([1, [2, {}], []], { spaced: true }), "[1, [2, {}], []]");
});

test("64-bit integers print exactly, larger ones not at all", () => {
  assert.equal(
    stringifyJson([2n ** 63n - 1n, -(2n ** 63n), 5n]),
    "[9223372036854775807,-9223372036854775808,5]",
  );
  assertThrows(() => stringifyJson([2n ** 63n]), "EINVAL", "too big integer");
  assertThrows(() => stringifyJson([-(2n ** 63n) - 1n]), "EINVAL", "too big negative integer");
});

test("safe numbers are integers, others reals", () => {
  assert.equal(stringifyJson([-0, 2 ** 53 - 1, 1.0]), "[0,9007199254740991,1]");
  assert.equal(
    stringifyJson([0.5, 2 ** 53, 1e21, 1e300]),
    "[0.5,9007199254740992.0,1e21,1.0000000000000001e300]",
  );
  assert.equal(stringifyJson({ duration: real(2) }), '{"duration":2.0}');
});

test("escapes are jansson's", () => {
  const text = '"\\/\b\f\n\r\t\u0000\u001f\u007f\u2028é😀';
  const expected = '["\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001F\u007f\u2028é😀"]';
  assert.equal(stringifyJson([text]), expected);
  assert.equal(
    stringifyJson([text.padEnd(100, "x")]),
    `${expected.slice(0, -2)}${"x".repeat(100 - text.length)}"]`,
  );
  assert.equal(stringifyJson(["\\u001f"]), '["\\\\u001f"]');
  assert.equal(
    stringifyJson({ 'k"': "plain, but long enough to be searched as a whole" }, { spaced: true }),
    '{"k\\"": "plain, but long enough to be searched as a whole"}',
  );
});

test("members that are undefined are left out", () => {
  assert.equal(stringifyJson({ a: undefined, b: 1, c: undefined }), '{"b":1}');
  assert.equal(stringifyJson({ a: undefined }), "{}");
  assert.equal(stringifyJson({ a: undefined, b: real(1) }), '{"b":1.0}');
});

test("what no peer can read is refused", () => {
  assertThrows(() => stringifyJson([Number.NaN]), "EINVAL", "Invalid floating point value");
  assertThrows(() => stringifyJson(["\ud800"]), "EINVAL", "Invalid UTF-8 string");
  assertThrows(() => stringifyJson([`${"x".repeat(50)}\udfff`, 0.5]), "EINVAL", "Invalid UTF-8 string");
  assertThrows(() => stringifyJson({ "\ud800": 1 }), "EINVAL");
  assertThrows(() => stringifyJson({ "a\0": 1 }), "EINVAL", "NUL byte in object key not supported");
  assertThrows(() => stringifyJson([undefined] as never), "EINVAL", "JSON cannot hold undefined");
  assertThrows(() => stringifyJson({ f: () => 1 } as never), "EINVAL", "JSON cannot hold a function");
  assertThrows(() => stringifyJson({ f: Symbol("x") } as never), "EINVAL", "JSON cannot hold a symbol");
  const cycle: JsonValue[] = [];
  cycle.push(cycle, cycle);
  assertThrows(() => stringifyJson(cycle), "EINVAL", "JSON nested deeper than 2048");
});

test("a scalar at the top is refused unless asked for", () => {
  assertThrows(() => stringifyJson(1), "EINVAL", "a JSON text is an object or an array, not a number");
  assertThrows(() => stringifyJson(null), "EINVAL", "a JSON text is an object or an array, not null");
  assertThrows(() => stringifyJson(real(1)), "EINVAL", "a JSON text is an object or an array, not a real");
  const scalars: [JsonValue, string][] = [
    [1, "1"],
    [null, "null"],
    [real(1), "1.0"],
    ["a", '"a"'],
    [true, "true"],
    [5n, "5"],
  ];
  for (const [value, text] of scalars) assert.equal(stringifyJson(value, { any: true }), text);
});

test("objects of classes print as JSON.stringify prints them", () => {
  class Point {
    x = 1;
    y = real(2);
  }
  assert.equal(stringifyJson([new Point() as never]), '[{"x":1,"y":2.0}]');
  const when = new Date(0);
  assert.equal(stringifyJson({ when } as never), '{"when":"1970-01-01T00:00:00.000Z"}');
  assert.equal(stringifyJson({ u: new URL("local:///run/flux") } as never), '{"u":"local:///run/flux"}');
  assert.equal(stringifyJson(Object.assign(Object.create(null), { a: 1 })), '{"a":1}');
  assert.equal(stringifyJson({ constructor: 1, toJSON: 2 }), '{"constructor":1,"toJSON":2}');
});

const tree = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.maxSafeInteger(),
    fc
      .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
      .filter((value) => !Number.isSafeInteger(Number(value))),
    fc
      .double({ noNaN: true, noDefaultInfinity: true })
      .map((value) => (Number.isSafeInteger(value) ? real(value) : value)),
    fc.string({ unit: "binary" }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      fc.string({ unit: "binary", maxLength: 6 }).filter((key) => !key.includes("\0")),
      tie("value"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

test("what is written reads back as it was, compact or spaced", () => {
  fc.assert(
    fc.property(fc.array(tree, { maxLength: 4 }), fc.boolean(), (value, spaced) => {
      assert.deepEqual(parseJson(stringifyJson(value, { spaced }), { reals: "keep" }), value);
    }),
  );
});

test("numbers and escapes apart, the text is JSON.stringify's", () => {
  const plainTree = fc
    .jsonValue({ maxDepth: 4 })
    .map((value) =>
      JSON.parse(
        JSON.stringify(value, (_, member: unknown) =>
          typeof member === "number" ? Math.trunc(member % 1e9) : member,
        ),
      ),
    );
  fc.assert(
    fc.property(plainTree, (value) => {
      assert.equal(stringifyJson([value]), JSON.stringify([value]));
      assert.equal(stringifyJson([value, real(1)]), JSON.stringify([value]).replace(/\]$/, ",1.0]"));
    }),
  );
});

test("control characters: letters are upper case, and what only looks like one stays", () => {
  const all = String.fromCharCode(...Array(32).keys()).slice(1);
  const naive = (text: string): string =>
    JSON.stringify(text).replace(/\\(?:\\|u00..)/g, (found) =>
      found === "\\\\" ? found : `\\u00${found.slice(4).toUpperCase()}`,
    );
  for (const text of [all, `\\u001f${all}\\`, "\\\\u001f\u001f", "é\u000b語", `${"\\".repeat(7)}u000b\u001a`])
    assert.equal(stringifyJson([text]), `[${naive(text)}]`);
});

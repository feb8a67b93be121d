import assert from "node:assert/strict";
import { test } from "node:test";
import { type JsonValue, pack, packText, real, unpack, unpackText } from "../../../src/json/index.ts";
import { assertThrows } from "./throws.ts";

/** unpack as untyped JavaScript calls it. */
const unpackAny = unpack as (value: unknown, format: unknown, ...keys: unknown[]) => unknown[];

test("each spec reads its value", () => {
  assert.deepEqual(unpack("x", "s"), ["x"]);
  assert.deepEqual(unpack("x", "s%"), ["x"]);
  assert.deepEqual(unpack(-5, "i"), [-5]);
  assert.deepEqual(unpack(2 ** 40 + 7, "i"), [7]);
  assert.deepEqual(unpack(2n ** 63n - 1n, "i"), [-1]);
  assert.deepEqual(unpack(2 ** 40 + 7, "I"), [2 ** 40 + 7]);
  assert.deepEqual(unpack(2n ** 63n - 1n, "I"), [2n ** 63n - 1n]);
  assert.deepEqual(unpack(-0, "I"), [0]);
  assert.deepEqual(unpack(true, "b"), [true]);
  assert.deepEqual(unpack(1.5, "f"), [1.5]);
  assert.deepEqual(unpack(real(2), "f"), [2]);
  assert.deepEqual(unpack(real(2), "F"), [2]);
  assert.deepEqual(unpack(2, "F"), [2]);
  assert.deepEqual(unpack(2n ** 60n, "F"), [2 ** 60]);
  assert.deepEqual(unpack(null, "n"), []);
  assert.deepEqual(unpack({ a: 1 }, "o"), [{ a: 1 }]);
  assert.deepEqual(unpack(null, "O"), [null]);
});

test("keys are read in order", () => {
  const value = { id: 7, host: "fluke", more: { list: [1.5, [true]], none: null } };
  assert.deepEqual(unpack(value, "{s:i s:s}", "id", "host"), [7, "fluke"]);
  assert.deepEqual(unpack(value, "{s:{s:n, s:[f[b]]} s:i}", "more", "none", "list", "id"), [1.5, true, 7]);
  assert.deepEqual(unpack(value, "{}"), []);
  assert.deepEqual(unpack(["a", "b"], "[s]"), ["a"]);
});

test("an optional member gives undefined for all that is in it", () => {
  const format = "{s?i s?{s:s s:[bI]} s:s}";
  const keys = ["n", "o", "s", "l", "end"] as const;
  assert.deepEqual(unpack({ end: "x" }, format, ...keys), [undefined, undefined, undefined, undefined, "x"]);
  assert.deepEqual(unpack({ n: 1, o: { s: "y", l: [true, 2] }, end: "x" }, format, ...keys), [
    1,
    "y",
    true,
    2,
    "x",
  ]);
  assertThrows(
    () => unpack({ o: { s: "y" }, end: "x" }, format, ...keys),
    "EPROTO",
    "Object item not found: l",
  );
  // null is not absent, undefined is.
  assertThrows(() => unpack({ n: null }, "{s?i}", "n"), "EPROTO", "Expected integer, got null");
  assert.deepEqual(unpack({ n: undefined }, "{s?i}", "n"), [undefined]);
  // What an object inherits is absent.
  assert.deepEqual(unpack({}, "{s?o s?o}", "toString", "__proto__"), [undefined, undefined]);
});

test("! refuses what was not read", () => {
  assert.deepEqual(unpack({ a: 1, b: 2 }, "{s:i s:i !}", "a", "b"), [1, 2]);
  assert.deepEqual(unpack({ a: 1, b: undefined }, "{s:i s?i s?i !}", "a", "b", "c"), [
    1,
    undefined,
    undefined,
  ]);
  assertThrows(
    () => unpack({ a: 1, b: 2, c: 3 }, "{s:i!}", "a"),
    "EPROTO",
    "2 object item(s) left unpacked: b, c",
  );
  assertThrows(() => unpack([1, 2, 3], "[i!]"), "EPROTO", "2 array item(s) left unpacked");
  assert.deepEqual(unpack([1, 2], "[ii!]"), [1, 2]);
  assert.deepEqual(unpack([1, 2], "[i*]"), [1]);
  assert.deepEqual(unpack({ a: 1, b: 2 }, "{s:i*}", "a"), [1]);
  const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, index]));
  const text = `100 object item(s) left unpacked: ${Object.keys(many).join(", ")}`.slice(0, 158);
  assertThrows(() => unpack(many, "{!}"), "EPROTO", text);
});

test("values that do not fit have jansson's texts", () => {
  const texts: [JsonValue, string, string][] = [
    [[], "{}", "Expected object, got array"],
    [null, "{}", "Expected object, got null"],
    [real(1), "{}", "Expected object, got real"],
    [{}, "[]", "Expected array, got object"],
    [1, "s", "Expected string, got integer"],
    [2n ** 60n, "s", "Expected string, got integer"],
    [1.5, "i", "Expected integer, got real"],
    [real(1), "i", "Expected integer, got real"],
    [1e21, "I", "Expected integer, got real"],
    ["1", "I", "Expected integer, got string"],
    [1, "b", "Expected true or false, got integer"],
    [true, "f", "Expected real, got true"],
    [2n ** 60n, "f", "Expected real, got integer"],
    [false, "F", "Expected real or integer, got false"],
    [0, "n", "Expected null, got integer"],
    [[1], "[ii]", "Array index 1 out of range"],
  ];
  for (const [value, format, text] of texts) assertThrows(() => unpack(value, format), "EPROTO", text);
  assertThrows(() => unpack({}, "{s:i}", "a"), "EPROTO", "Object item not found: a");
  assertThrows(() => unpackAny(undefined, "o"), "EPROTO", "NULL root value");
  assertThrows(() => unpackAny({}, "{s:i}", null), "EPROTO", "NULL object key");
});

test("wrong formats have jansson's texts", () => {
  const texts: [string, string][] = [
    [" ", "Unexpected end of format string"],
    ["{", "Unexpected end of format string"],
    ["[", "Unexpected end of format string"],
    ["{s", "Unexpected end of format string"],
    ["{!", "Unexpected end of format string"],
    ["[*", "Unexpected end of format string"],
    ["{i}", "Expected format 's', got 'i'"],
    ["{s:s#}", "Expected format 's', got '#'"],
    ["[s+]", "Unexpected format character '+'"],
    ["s?", "Garbage after format string"],
    ["q", "Unexpected format character 'q'"],
    ["{! s:i}", "Expected '}' after '!', got 's'"],
    ["{**}", "Expected '}' after '*', got '*'"],
    ["[!i]", "Expected ']' after '!', got 'i'"],
    ["[".repeat(5000), "format nested deeper than 2048"],
  ];
  for (const [format, text] of texts) assertThrows(() => unpackAny({}, format), "EPROTO", text);
  for (const format of ["", null, undefined]) {
    assertThrows(() => unpackAny({}, format), "EINVAL", "NULL or empty format string");
  }
});

test("the number of keys has to fit", () => {
  assertThrows(() => unpackAny({}, "{s:i}"), "EINVAL", "format takes 1 keys, got 0");
  assertThrows(() => unpackAny({}, "{}", "a"), "EINVAL", "format takes 0 keys, got 1");
});

test("text tells integers from reals", () => {
  assert.deepEqual(unpackText('{"a":1.0,"b":1}', "{s:f s:i}", "a", "b"), [1, 1]);
  assertThrows(() => unpackText('{"a":1.0}', "{s:i}", "a"), "EPROTO", "Expected integer, got real");
  assertThrows(() => unpackText('{"a":1e3}', "{s:I}", "a"), "EPROTO", "Expected integer, got real");
  assertThrows(() => unpackText('{"a":1}', "{s:f}", "a"), "EPROTO", "Expected real, got integer");
  assertThrows(() => unpackText('{"a":1e400}', "{s:f}", "a"), "EPROTO", "real number overflow near '1e400'");
  assert.deepEqual(unpackText('{"a":2.0,"b":2}', "{s:F s:F}", "a", "b"), [2, 2]);
  assert.deepEqual(unpackText('{"a":[2.0,2]}', "{s:o}", "a"), [[real(2), 2]]);
  const bytes = new TextEncoder().encode('{"a":9007199254740993}');
  assert.deepEqual(unpackText(bytes, "{s:I}", "a"), [9007199254740993n]);
  // A plain value has lost the difference, so f takes what may have been a real.
  assert.deepEqual(unpack({ a: 1 }, "{s:f}", "a"), [1]);
});

test("what was packed unpacks", () => {
  const format = "{s:s s:i s:I s:b s:f s:[oo]}";
  const keys = ["s", "i", "I", "b", "f", "l"] as const;
  const text = packText(
    format,
    "s",
    "é",
    "i",
    -1,
    "I",
    2n ** 62n,
    "b",
    false,
    "f",
    3,
    "l",
    { x: real(1) },
    null,
  );
  assert.deepEqual(unpackText(text, format, ...keys), ["é", -1, 2n ** 62n, false, 3, { x: real(1) }, null]);
  const value = pack(
    format,
    "s",
    "é",
    "i",
    -1,
    "I",
    2n ** 62n,
    "b",
    false,
    "f",
    3,
    "l",
    { x: real(1) },
    null,
  );
  assert.deepEqual(unpack(value, format, ...keys), ["é", -1, 2n ** 62n, false, 3, { x: real(1) }, null]);
});

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type JsonObject,
  type JsonValue,
  pack,
  packText,
  real,
  stringifyJson,
} from "../../../src/json/index.ts";
import { assertThrows } from "./throws.ts";

/** pack as untyped JavaScript calls it. */
const packAny = pack as (format: unknown, ...args: unknown[]) => JsonValue;

test("each spec gives its value", () => {
  assert.equal(pack("s", "x"), "x");
  assert.equal(pack("n"), null);
  assert.equal(pack("b", true), true);
  assert.equal(pack("i", -5), -5);
  assert.equal(pack("I", 2 ** 53 - 1), 2 ** 53 - 1);
  assert.equal(pack("I", 2n ** 63n - 1n), 2n ** 63n - 1n);
  assert.equal(pack("I", 5n), 5);
  assert.deepEqual(pack("f", 2), real(2));
  assert.equal(pack("f", 0.5), 0.5);
  const value: JsonObject = { a: [1] };
  assert.equal(pack("o", value), value);
  assert.equal(pack("O", null), null);
  assert.deepEqual(pack("{}"), {});
  assert.deepEqual(pack("[]"), []);
});

test("containers nest and separators are ignored", () => {
  const nested = { a: 1, b: [true, { c: "x", d: null }], e: {} };
  assert.deepEqual(pack("{s:i, s:[b,{s:s s:n}], s:{}}", "a", 1, "b", true, "c", "x", "d", "e"), nested);
  assert.deepEqual(pack("{sis[b{sssn}]s{}}", "a", 1, "b", true, "c", "x", "d", "e"), nested);
  assert.deepEqual(
    pack(" {\n\ts : i,s:[ b , {s:s,s:n}],s:{ } } ", "a", 1, "b", true, "c", "x", "d", "e"),
    nested,
  );
});

test("optional strings are null or left out", () => {
  assert.deepEqual(pack("[s? s? s?]", "x", null, undefined), ["x", null, null]);
  assert.deepEqual(pack("[s* s* s*]", "x", null, undefined), ["x"]);
  assert.deepEqual(pack("{s:s* s:s? s:s}", "a", null, "b", null, "c", "x"), { b: null, c: "x" });
  assert.equal(pack("s?", null), null);
  assertThrows(() => pack("s*", null), "EINVAL", "Invalid argument");
});

test("optional values are null or left out when undefined; null is a value", () => {
  assert.deepEqual(pack("[o? o? O? o]", 1, undefined, undefined, null), [1, null, null, null]);
  assert.deepEqual(pack("[o* o* O* o*]", 1, undefined, undefined, null), [1, null]);
  assert.deepEqual(pack("{s:o* s:O?}", "a", undefined, "b", undefined), { b: null });
  assertThrows(() => pack("o*", undefined), "EINVAL", "Invalid argument");
});

test("lengths count bytes of UTF-8", () => {
  assert.equal(pack("s#", "hello", 4), "hell");
  assert.equal(pack("s%", new Uint8Array([0x61, 0, 0x62, 0x63]), 3), "a\0b");
  assert.equal(pack("s#", "é€", 2), "é");
  assert.equal(pack("s #", "é€", 5), "é€");
  assert.deepEqual(pack("{s#:i}", "key rest", 3, 1), { key: 1 });
  assertThrows(() => pack("s#", "é", 1), "EINVAL", "Invalid UTF-8 string");
  assertThrows(() => pack("{s#:i}", "é", 1, 1), "EINVAL", "Invalid UTF-8 object key");
  assertThrows(() => pack("s#", "abc", -1), "EINVAL", "Invalid length for string: -1");
  assertThrows(() => pack("s%", "abc", 4), "EINVAL", "Invalid length for string: 4");
});

test("strings join", () => {
  assert.equal(pack("s+", "a", "b"), "ab");
  assert.equal(pack("s+++", "a", "b", "c", "d"), "abcd");
  assert.equal(pack("s+#+%", "ab", "cde", 2, "fgh", 1), "abcdf");
  assert.equal(pack("s#+", "abc", 1, "é"), "aé");
  assert.deepEqual(pack("{s+:s}", "a", "b", "x"), { ab: "x" });
  // A character may lie across pieces.
  assert.equal(pack("s#+#", Uint8Array.of(0xc3), 1, Uint8Array.of(0xa9), 1), "é");
});

test("the last of equal keys wins, in the first one's place; __proto__ is a key", () => {
  assert.equal(packText("{s:i s:i s:i}", "a", 1, "b", 2, "a", 3), '{"a":3,"b":2}');
  assert.equal(packText("{s:{}}", "__proto__"), '{"__proto__":{}}');
});

test("wrong formats have jansson's texts", () => {
  const texts: [unknown, string][] = [
    ["", "NULL or empty format string"],
    [null, "NULL or empty format string"],
    [undefined, "NULL or empty format string"],
    [" ", "Unexpected end of format string"],
    ["{", "Unexpected end of format string"],
    ["{s", "Unexpected end of format string"],
    ["[i", "Unexpected end of format string"],
    ["{i:s}", "Expected format 's', got 'i'"],
    ["{s:s]", "Expected format 's', got ']'"],
    ["[i}", "Unexpected format character '}'"],
    ["F", "Unexpected format character 'F'"],
    ["{s?:i}", "Unexpected format character '?'"],
    ["😀", "Unexpected format character '😀'"],
    ["i\r", "Garbage after format string"],
    ["ii", "Garbage after format string"],
    ["s?#", "Cannot use '#' on optional strings"],
    ["s*%", "Cannot use '%' on optional strings"],
    ["[s? +]", "Cannot use '+' on optional strings"],
    ["s#?", "Garbage after format string"],
    ["[".repeat(5000), "format nested deeper than 2048"],
    ["{s".repeat(5000), "format nested deeper than 2048"],
  ];
  for (const [format, text] of texts) assertThrows(() => packAny(format, 1, 2), "EINVAL", text);
});

test("wrong arguments of untyped callers are refused", () => {
  assertThrows(() => packAny("s", null), "EINVAL", "NULL string");
  assertThrows(() => packAny("s", undefined), "EINVAL", "NULL string");
  assertThrows(() => packAny("{s:s}", "a", null), "EINVAL", "NULL string");
  assertThrows(() => packAny("{s:s}", null, "a"), "EINVAL", "NULL object key");
  assertThrows(() => packAny("{s+:s}", "a", null, "a"), "EINVAL", "NULL object key");
  assertThrows(() => packAny("{s:o}", "a", undefined), "EINVAL", "NULL object");
  assertThrows(() => packAny("s", "\ud800"), "EINVAL", "Invalid UTF-8 string");
  assertThrows(() => packAny("s+#", "\ud800", "a", 1), "EINVAL", "Invalid UTF-8 string");
  assertThrows(() => packAny("{s:i}", "\ud800", 1), "EINVAL", "Invalid UTF-8 object key");
  assertThrows(() => packAny("f", Number.NaN), "EINVAL", "Invalid floating point value");
  assertThrows(() => packAny("s", 5), "EINVAL", "argument 1 is 5: 's' takes a string");
  assertThrows(() => packAny("s?", {}), "EINVAL", "argument 1 is an object: 's' takes a string");
  assertThrows(() => packAny("s#", 5, 1), "EINVAL", "argument 1 is 5: 's#' takes a string or bytes");
  assertThrows(() => packAny("s#", "x", "1"), "EINVAL", "argument 2 is 1: '#' takes a length in bytes");
  assertThrows(() => packAny("{s:b}", "a", 1), "EINVAL", "argument 2 is 1: 'b' takes a boolean");
  const int = "'i' takes a whole number of 32 bits";
  assertThrows(() => pack("i", 2 ** 31), "EINVAL", `argument 1 is 2147483648: ${int}`);
  assertThrows(() => pack("i", 1.5), "EINVAL", `argument 1 is 1.5: ${int}`);
  assertThrows(() => packAny("i", null), "EINVAL", `argument 1 is null: ${int}`);
  const int64 = "'I' takes a safe whole number or a bigint of 64 bits";
  assertThrows(() => pack("I", 2 ** 53), "EINVAL", `argument 1 is 9007199254740992: ${int64}`);
  assertThrows(() => pack("I", 2n ** 63n), "EINVAL", `argument 1 is 9223372036854775808: ${int64}`);
  assertThrows(() => packAny("f", "1"), "EINVAL", "argument 1 is 1: 'f' takes a number");
});

test("the number of arguments has to fit", () => {
  assertThrows(() => packAny("{s:i}", "a"), "EINVAL", "format takes 2 arguments, got 1");
  assertThrows(() => packAny("{s:i}", "a", 1, 2), "EINVAL", "format takes 2 arguments, got 3");
});

test("a payload is an object", () => {
  assert.equal(
    packText("{s:I s:f s:s}", "id", 2n ** 60n, "t", 1, "h", "x"),
    '{"id":1152921504606846976,"t":1.0,"h":"x"}',
  );
  assert.equal(packText("o", { a: 1 }), '{"a":1}');
  for (const format of ["[]", "n", "f"]) {
    assertThrows(
      () => packText(format, ...(format === "f" ? [1] : [])),
      "EINVAL",
      "payload is not a JSON object",
    );
  }
});

test("more formats than are kept still work", () => {
  for (let count = 0; count < 1500; count++) {
    const format = `[${"i".repeat(count % 40)}]${" ".repeat(count)}`;
    const args = Array.from({ length: count % 40 }, (_, index) => index);
    assert.equal(stringifyJson(pack(format, ...args)), JSON.stringify(args));
  }
});

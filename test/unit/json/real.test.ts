import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FluxError } from "../../../src/base/index.ts";
import { Real, real, stringifyJson } from "../../../src/json/index.ts";

test("a Real always prints with a point or an exponent", () => {
  // As printf("%.17g") and jansson 2.14 print them.
  const forms: [number, string][] = [
    [0, "0.0"],
    [-0, "-0.0"],
    [2, "2.0"],
    [-7, "-7.0"],
    [0.1, "0.10000000000000001"],
    [0.5, "0.5"],
    [1.5, "1.5"],
    [0.0001, "0.0001"],
    [0.00001, "1.0000000000000001e-5"],
    [2 ** -25, "2.9802322387695312e-8"],
    [1700000000.1234567, "1700000000.1234567"],
    [9007199254740991, "9007199254740991.0"],
    [9007199254740992, "9007199254740992.0"],
    [1e16, "10000000000000000.0"],
    [1e17, "1e17"],
    [1e21, "1e21"],
    [-1.25e300, "-1.2500000000000001e300"],
    [Number.MAX_VALUE, "1.7976931348623157e308"],
    [5e-324, "4.9406564584124654e-324"],
  ];
  for (const [value, text] of forms) {
    assert.equal(String(real(value)), text);
    assert.equal(stringifyJson([real(value)]), `[${text}]`);
  }
});

test("a Real acts as its number", () => {
  assert.equal(+real(2) + 1, 3);
  assert.ok(Number(real(2)) < 3);
  assert.equal(JSON.stringify({ a: real(2) }), '{"a":2}');
  assert.ok(real(2) instanceof Real);
});

test("JSON holds no NaN and no infinity", () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    const expected = (error: unknown) =>
      FluxError.is(error, "EINVAL") && error.message === "Invalid floating point value";
    assert.throws(() => real(value), expected);
    assert.throws(() => stringifyJson([value]), expected);
  }
});

test("every double reads back as itself", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      const text = String(real(value));
      assert.ok(Object.is(Number(text), value));
      assert.match(text, /^-?[0-9]+(?:\.[0-9]+)?(?:e-?[1-9][0-9]*)?$/);
      assert.match(text, /[.e]/);
    }),
  );
});

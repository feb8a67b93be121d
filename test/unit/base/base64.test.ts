import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeBase64, encodeBase64 } from "../../../src/base/index.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** flux-core's rules: `=` only goes at the end of the last group of four, other groups are whole, a last one of 1 is no group. */
function naive(text: string): number[] | undefined {
  const groups = text.match(/.{1,4}/gs) ?? [];
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    const digits = i === groups.length - 1 ? group.replace(/=+$/, "") : group;
    if (digits.length === 1) return undefined;
    if (digits.length === 0) continue;
    let bits = "";
    for (const char of digits.split("")) {
      if (!ALPHABET.includes(char)) return undefined;
      bits += ALPHABET.indexOf(char).toString(2).padStart(6, "0");
    }
    for (let at = 0; at + 8 <= bits.length; at += 8) bytes.push(Number.parseInt(bits.slice(at, at + 8), 2));
  }
  return bytes;
}

function decoded(text: string): number[] | undefined {
  const bytes = decodeBase64(text);
  return bytes === undefined ? undefined : [...bytes];
}

test("bytes come back, with padding and without", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const text = encodeBase64(bytes);
      assert.equal(text, Buffer.from(bytes).toString("base64"));
      assert.deepEqual(decoded(text), [...bytes]);
      assert.deepEqual(decoded(text.replace(/=+$/, "")), [...bytes]);
    }),
  );
  assert.equal(encodeBase64(Buffer.from("xabcy").subarray(1, 4)), "YWJj", "a view is not its whole memory");
});

test("known texts", () => {
  assert.deepEqual(decoded(""), []);
  assert.deepEqual(decoded("e30A"), [0x7b, 0x7d, 0]);
  assert.deepEqual(decoded("YQ=="), [0x61]);
  assert.deepEqual(decoded("YQ="), [0x61]);
  assert.deepEqual(decoded("YQ"), [0x61]);
  assert.deepEqual(decoded("YWI="), [0x61, 0x62]);
  assert.deepEqual(decoded("===="), []);
});

test("what flux-core refuses is refused", () => {
  const malformed = ["A", "AAAAA", "AAAAA===", "A===", "AA==AAAA", "AAA=AAAA", "AA=A", "=AAA", "AAAA=AAA"];
  const foreign = [
    "AA A",
    "AAAA\n",
    "\nAAAA",
    "AA\tA",
    "AA-A",
    "AA_A",
    "AAA!",
    "AA\0A",
    "AAAé",
    "AAA\u0141",
    "\u0141\u0141\u0141\u0141",
  ];
  for (const text of [...malformed, ...foreign]) {
    assert.equal(decoded(text), undefined, JSON.stringify(text));
    assert.equal(naive(text), undefined, JSON.stringify(text));
  }
});

test("any text decodes as the rules say, or not at all", () => {
  const char = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...ALPHABET) },
    { weight: 4, arbitrary: fc.constant("=") },
    { weight: 1, arbitrary: fc.constantFrom(" ", "\n", "-", "_", "!", "é", "\u0141", "😀") },
  );
  const digits = fc.array(char, { maxLength: 12 }).map((chars) => chars.join(""));
  let refused = 0;
  fc.assert(
    fc.property(digits, (text) => {
      const expected = naive(text);
      if (expected === undefined) refused++;
      assert.deepEqual(decoded(text), expected, JSON.stringify(text));
    }),
    { numRuns: 3000 },
  );
  assert.ok(refused > 300 && refused < 2700, `${refused} of 3000 refused`);
});

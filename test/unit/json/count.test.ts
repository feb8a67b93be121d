import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { hasMoreValues } from "../../../src/json/index.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The number of values, found by asking for it. */
function count(text: string): number {
  const bytes = bytesOf(text);
  let limit = 0;
  while (hasMoreValues(bytes, 0, bytes.length, limit)) limit++;
  return limit;
}

/** The number of values of a JSON value, keys among them. */
function naive(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  const members = Array.isArray(value) ? value : Object.entries(value).flat();
  return members.reduce<number>((sum, member) => sum + naive(member), 1);
}

test("objects, arrays, scalars and keys count", () => {
  const texts: [string, number][] = [
    ["{}", 1],
    ["[]", 1],
    ["[1]", 2],
    ['{"a":{}}', 3],
    ["[{},{},{}]", 4],
    ["[true,false,null,-1.5e3]", 5],
    ['["a","b\\"c","[1,2]","\\\\"]', 5],
    [" [ 1 , 2 ]\n\0", 3],
    ['{"a":[1,[2,{"b":"c"}]]}', 9],
  ];
  // A text that is short against the limit is not looked at: it can't have more.
  for (const [text, values] of texts)
    assert.ok(count(text) <= values && hasMore(text, values) === false, text);
  for (const [text, values] of texts) if (values * 2 < text.length) assert.equal(count(text), values, text);
});

function hasMore(text: string, limit: number): boolean {
  const bytes = bytesOf(text);
  return hasMoreValues(bytes, 0, bytes.length, limit);
}

test("the number of values of any JSON", () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(8), (json, spaces) => {
      const value: unknown = JSON.parse(json);
      const text = JSON.stringify(value, null, spaces);
      const values = naive(value);
      assert.equal(hasMore(text, values), false);
      assert.equal(hasMore(text, values - 1), true);
    }),
  );
});

test("a text that is no JSON gets an answer too", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(20), (bytes, limit) => {
      assert.equal(typeof hasMoreValues(bytes, 0, bytes.length, limit), "boolean");
    }),
  );
});

test("what is behind the value that is one too many is not looked at", () => {
  const bytes = bytesOf(`[${"{},".repeat(100_000)}0]`);
  let last = 0;
  const watched = new Proxy(bytes, {
    get(target, key) {
      if (typeof key === "string" && /^\d+$/.test(key)) last = Math.max(last, Number(key));
      return Reflect.get(target, key, target) as unknown;
    },
  });
  assert.equal(hasMoreValues(watched, 0, bytes.length, 100), true);
  assert.ok(last <= 301, `it read on to byte ${last}`);
});

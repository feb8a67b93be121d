import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PrefixTable } from "../../../src/message/index.ts";

const anyPrefix = fc
  .array(fc.constantFrom("a", "b", ".", "é"), { maxLength: 4 })
  .map((chars) => chars.join(""));
const anyTopic = fc
  .array(fc.constantFrom("a", "b", ".", "é"), { maxLength: 7 })
  .map((chars) => chars.join(""));
const anyStep = fc.record({ add: fc.boolean(), prefix: anyPrefix, value: fc.nat(4) });

/** The naive table: pairs in a list. */
class Pairs {
  list: { prefix: string; value: number }[] = [];

  under(prefix: string): number[] {
    return this.list.filter((pair) => pair.prefix === prefix).map((pair) => pair.value);
  }

  add(prefix: string, value: number): boolean {
    const known = this.under(prefix);
    if (!known.includes(value)) this.list.push({ prefix, value });
    return known.length === 0;
  }

  delete(prefix: string, value: number): boolean {
    const before = this.under(prefix);
    this.list = this.list.filter((pair) => pair.prefix !== prefix || pair.value !== value);
    return before.length === 1 && before[0] === value;
  }
}

test("a table finds what a filter of all its pairs finds", () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 40 }),
      fc.array(anyTopic, { maxLength: 8 }),
      (steps, topics) => {
        const table = new PrefixTable<number>();
        const pairs = new Pairs();
        for (const { add, prefix, value } of steps) {
          if (add) assert.equal(table.add(prefix, value), pairs.add(prefix, value));
          else assert.equal(table.delete(prefix, value), pairs.delete(prefix, value));
        }
        const prefixes = new Set(pairs.list.map((pair) => pair.prefix));
        assert.equal(table.size, prefixes.size);
        assert.deepEqual(new Set(table.prefixes()), prefixes);
        assert.deepEqual(table.values().sort(), pairs.list.map((pair) => pair.value).sort());
        for (const topic of topics) {
          const found: number[] = [];
          table.match(topic, (values) => found.push(...values));
          const expected = pairs.list
            .filter((pair) => topic.startsWith(pair.prefix))
            .map((pair) => pair.value);
          assert.deepEqual(found.sort(), expected.sort(), topic);
          assert.equal(table.has(topic), prefixes.has(topic));
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("prefixes are of bytes, not of words, and the empty one is of every topic", () => {
  const table = new PrefixTable<string>();
  for (const prefix of ["", "fo", "foo.", "foo.bar", "b"]) table.add(prefix, prefix);
  const found: string[] = [];
  table.match("foo.b", (values) => found.push(...values));
  assert.deepEqual(found.sort(), ["", "fo", "foo."]);
});

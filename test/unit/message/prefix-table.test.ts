import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { PrefixTable } from "../../../src/message/index.ts";

// Two characters of two UTF-16 units each have the first one in common.
const anyChars = fc.constantFrom("a", "b", ".", "é", "\u{1f600}", "\u{1f601}", "aaaaaaaaaaaaaaaa");
const anyPrefix = fc.array(anyChars, { maxLength: 5 }).map((chars) => chars.join(""));
const anyTopic = fc.array(anyChars, { maxLength: 8 }).map((chars) => chars.join(""));
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
      fc.array(anyStep, { maxLength: 80 }),
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
    { numRuns: 1000 },
  );
});

test("prefixes are of bytes, not of words, and the empty one is of every topic", () => {
  const table = new PrefixTable<string>();
  for (const prefix of ["", "fo", "foo.", "foo.bar", "b"]) table.add(prefix, prefix);
  const found: string[] = [];
  table.match("foo.b", (values) => found.push(...values));
  assert.deepEqual(found.sort(), ["", "fo", "foo."]);
});

test("as many prefixes as a client may have, of all lengths and first characters, come and go", () => {
  const table = new PrefixTable<number>();
  const prefixes: string[] = [];
  for (let i = 0; i < 1024; i++) prefixes.push("n".repeat(i));
  for (let i = 0; i < 30_000; i++) prefixes.push(`job.${(i * 7919) % 30_000}.`);
  for (let i = 0; i < 34_512; i++) prefixes.push(String.fromCharCode(0x4000 + i));
  for (const [i, prefix] of prefixes.entries()) assert.equal(table.add(prefix, i), true, prefix);
  assert.equal(table.size, 65_536);
  const found = (topic: string): string[] => {
    const seen: string[] = [];
    table.match(topic, (values) => {
      for (const value of values) seen.push(prefixes[value]!);
    });
    return seen;
  };
  assert.deepEqual(found("job.12345.done"), ["", "job.12345."]);
  assert.deepEqual(found("\u4321x"), ["", "\u4321"]);
  assert.equal(found("n".repeat(5000)).length, 1024);
  assert.deepEqual(new Set(table.prefixes()), new Set(prefixes));
  for (const [i, prefix] of prefixes.entries()) {
    if (i % 2 === 0) assert.equal(table.delete(prefix, i), true, prefix);
  }
  assert.equal(table.size, 32_768);
  assert.equal(found("n".repeat(5000)).length, 512);
  for (const [i, prefix] of prefixes.entries()) assert.equal(table.delete(prefix, i), i % 2 === 1, prefix);
  assert.deepEqual([table.size, table.prefixes(), found("job.1.")], [0, [], []]);
});

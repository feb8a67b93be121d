import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { FluxError } from "../../../src/base/index.ts";
import {
  encodeJson,
  type JsonValue,
  pack,
  Real,
  real,
  stringifyJson,
  unpack,
  unpackText,
} from "../../../src/json/index.ts";

/** Part of a random format with the arguments it takes. */
interface Sample {
  /** Tokens without separators. */
  readonly tokens: readonly string[];
  readonly args: readonly unknown[];
}

const leaf = (tokens: string[], args: fc.Arbitrary<unknown[]>): fc.Arbitrary<Sample> =>
  args.map((list) => ({ tokens, args: list }));
const text = fc.string({ unit: "grapheme", maxLength: 6 });
const none = fc.constantFrom(null, undefined);
const piece = fc.oneof(
  text.map((value) => ({ mark: [] as string[], args: [value] as unknown[] })),
  text.chain((value) =>
    fc
      .constantFrom("#", "%")
      .map((mark) => ({ mark: [mark], args: [value, Buffer.byteLength(value)] as unknown[] })),
  ),
);
const string = fc.array(piece, { minLength: 1, maxLength: 3 }).map((pieces) => ({
  tokens: ["s", ...pieces.flatMap(({ mark }, index) => (index === 0 ? mark : ["+", ...mark]))],
  args: pieces.flatMap(({ args }) => args),
}));
const json = fc.constantFrom<JsonValue>(null, 1, "x", [1, real(2)], { a: {} });

const { value: sample } = fc.letrec<{ value: Sample }>((tie) => {
  const members = fc.array(fc.tuple(string, tie("value")), { maxLength: 4 });
  return {
    value: fc.oneof(
      { maxDepth: 4 },
      string,
      leaf(
        ["s", "?"],
        fc.oneof(text, none).map((value) => [value]),
      ),
      leaf(
        ["s", "*"],
        fc.oneof(text, none).map((value) => [value]),
      ),
      leaf(["n"], fc.constant([])),
      leaf(
        ["b"],
        fc.boolean().map((value) => [value]),
      ),
      leaf(
        ["i"],
        fc.integer().map((value) => [value]),
      ),
      leaf(
        ["I"],
        fc
          .oneof(fc.maxSafeInteger(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }))
          .map((value) => [value]),
      ),
      leaf(
        ["f"],
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => [value]),
      ),
      leaf(
        ["o"],
        json.map((value) => [value]),
      ),
      leaf(
        ["O", "?"],
        fc.oneof(json, fc.constant(undefined)).map((value) => [value]),
      ),
      leaf(
        ["o", "*"],
        fc.oneof(json, fc.constant(undefined)).map((value) => [value]),
      ),
      fc.array(tie("value"), { maxLength: 4 }).map((items) => ({
        tokens: ["[", ...items.flatMap((item) => item.tokens), "]"],
        args: items.flatMap((item) => item.args),
      })),
      members.map((list) => ({
        tokens: ["{", ...list.flatMap(([key, value]) => [...key.tokens, ...value.tokens]), "}"],
        args: list.flatMap(([key, value]) => [...key.args, ...value.args]),
      })),
    ),
  };
});

/** A twin of pack without any finesse: one function that eats tokens and arguments, for right formats only. */
function naivePack(tokens: string[], args: unknown[]): JsonValue | undefined {
  const next = tokens.shift();
  if (next === "n") return null;
  if (next === "[") {
    const list: JsonValue[] = [];
    while (tokens[0] !== "]") {
      const item = naivePack(tokens, args);
      if (item !== undefined) list.push(item);
    }
    tokens.shift();
    return list;
  }
  if (next === "{") {
    const entries: [string, JsonValue][] = [];
    while (tokens[0] !== "}") {
      const key = naivePack(tokens, args) as string;
      const value = naivePack(tokens, args);
      if (value !== undefined) entries.push([key, value]);
    }
    tokens.shift();
    return Object.fromEntries(entries);
  }
  const arg = args.shift();
  if (tokens[0] === "?" || tokens[0] === "*") {
    const mark = tokens.shift();
    const absent = arg === undefined || (arg === null && next === "s");
    return absent ? (mark === "?" ? null : undefined) : (arg as JsonValue);
  }
  if (next === "s") {
    if (tokens[0] === "#" || tokens[0] === "%") {
      tokens.shift();
      args.shift();
    }
    if (tokens[0] !== "+") return arg as string;
    tokens[0] = "s";
    return `${arg}${naivePack(tokens, args)}`;
  }
  if (next === "f") return Number.isSafeInteger(arg) ? new Real(arg as number) : (arg as number);
  if (next === "I") return Number.isSafeInteger(Number(arg)) ? Number(arg) : (arg as bigint);
  return arg as JsonValue;
}

const separator = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", ",", ":"), maxLength: 2 });

test("pack builds what its naive twin builds", () => {
  fc.assert(
    fc.property(sample, fc.array(separator, { minLength: 1, maxLength: 5 }), ({ tokens, args }, gaps) => {
      const format = tokens.map((token, index) => token + gaps[index % gaps.length]).join("");
      const expected = naivePack([...tokens], [...args]);
      if (expected === undefined) return assert.throws(() => pack(format, ...args), FluxError);
      assert.deepEqual(normal(pack(format, ...args)), normal(expected));
    }),
    { numRuns: 300 },
  );
});

/** As text, in which -0 is the integer 0. */
function normal(value: JsonValue): string {
  return stringifyJson([value]);
}

/** What unpack reads, as a format with its keys and the values to come. */
interface Reading {
  readonly value: JsonValue;
  readonly format: string;
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
}

const { reading } = fc.letrec<{ reading: Reading }>((tie) => {
  const one = (value: JsonValue, format: string, ...values: unknown[]): Reading => ({
    value,
    format,
    keys: [],
    values,
  });
  return {
    reading: fc.oneof(
      { maxDepth: 4 },
      text.chain((value) => fc.constantFrom(one(value, "s", value), one(value, "s%", value))),
      fc.integer().map((value) => one(value, "i", value)),
      fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map((value) => one(value, "I", value)),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => one(real(value), "f", value)),
      fc.integer().map((value) => one(value, "F", value)),
      fc.boolean().map((value) => one(value, "b", value)),
      fc.constant(one(null, "n")),
      json.map((value) => one(value, "o", value)),
      fc.array(tie("reading"), { maxLength: 4 }).map((items) => ({
        value: items.map((item) => item.value),
        format: `[${items.map((item) => item.format).join(",")} !]`,
        keys: items.flatMap((item) => item.keys),
        values: items.flatMap((item) => item.values),
      })),
      fc
        .uniqueArray(
          fc.tuple(
            text.filter((key) => key !== "__proto__"),
            fc.constantFrom("s", "s?", "absent"),
            tie("reading"),
          ),
          {
            maxLength: 4,
            selector: ([key]) => key,
          },
        )
        .map((members) => ({
          value: Object.fromEntries(
            members.filter(([, how]) => how !== "absent").map(([key, , member]) => [key, member.value]),
          ),
          format: `{${members.map(([, how, member]) => `${how === "s" ? "s" : "s?"}:${member.format}`).join(" ")}!}`,
          keys: members.flatMap(([key, , member]) => [key, ...member.keys]),
          values: members.flatMap(([, how, member]) =>
            how === "absent" ? member.values.map(() => undefined) : member.values,
          ),
        })),
    ),
  };
});

test("unpack reads what was put in, from values, text and bytes", () => {
  fc.assert(
    fc.property(reading, ({ value, format, keys, values }) => {
      assert.deepEqual(unpack(value, format, ...keys), values);
      const whole = [value];
      assert.deepEqual(unpackText(stringifyJson(whole), `[${format}]`, ...keys), values);
      assert.deepEqual(unpackText(encodeJson(whole), `[${format}]`, ...keys), values);
    }),
    { numRuns: 300 },
  );
});

test("random formats throw nothing but FluxError", () => {
  const format = fc.string({ unit: fc.constantFrom(..."{}[]siIbfFoOn?*#%+! :,x"), maxLength: 12 });
  const arg = fc.oneof(
    text,
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, undefined, 1.5, 2n ** 62n, {}, []),
  );
  fc.assert(
    fc.property(format, fc.array(arg, { maxLength: 6 }), json, (fmt, args, value) => {
      for (const run of [() => pack(fmt, ...args), () => unpack(value, fmt, ...(args as string[]))]) {
        try {
          run();
        } catch (error) {
          assert.ok(FluxError.is(error), String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

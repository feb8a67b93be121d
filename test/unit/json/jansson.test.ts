import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { FluxError } from "../../../src/base/index.ts";
import { decodeJson, pack, parseJson, stringifyJson, unpack, unpackText } from "../../../src/json/index.ts";

/** What libjansson 2.14 answered, one line each: see record-jansson.py. */
type Recorded =
  | { kind: "parse"; text?: string; hex?: string; error: string }
  | { kind: "parse"; text?: string; hex?: string; error?: undefined; compact: string; spaced: string }
  | { kind: "pack"; format: string; error: string | null }
  | { kind: "unpack"; format: string; text: string; error: string | null };

const recorded = readFileSync(new URL("jansson-2.14.jsonl", import.meta.url), "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Recorded);

function ofKind<K extends Recorded["kind"]>(kind: K): Extract<Recorded, { kind: K }>[] {
  return recorded.filter((entry) => entry.kind === kind) as Extract<Recorded, { kind: K }>[];
}

/** The text of the error that `run` throws, or null. It has to be a FluxError, of the given code if there is one. */
function errorOf(run: () => unknown, code?: "EINVAL" | "EPROTO"): string | null {
  try {
    run();
    return null;
  } catch (error) {
    assert.ok(FluxError.is(error), String(error));
    if (code !== undefined && error.message !== "NULL or empty format string") assert.equal(error.code, code);
    return error.message;
  }
}

/** jansson prints the NUL at the end of a format as a character, which ends its text there. */
function readable(text: string | null): string | null {
  return text?.endsWith(" '") ? "Unexpected end of format string" : text;
}

test("JSON texts are read and written as libjansson does", () => {
  for (const entry of ofKind("parse")) {
    const bytes = entry.text === undefined ? Buffer.from(entry.hex!, "hex") : Buffer.from(entry.text);
    const label = entry.text ?? entry.hex;
    if (entry.error !== undefined) {
      // Bytes that are not UTF-8 are found first here, with no token to name.
      const theirs = entry.text === undefined ? entry.error.replace(/ near .*/, "") : entry.error;
      assert.equal(
        errorOf(() => decodeJson(bytes), "EPROTO"),
        theirs,
        label,
      );
      assert.equal(
        errorOf(() => decodeJson(bytes, { reals: "keep" }), "EPROTO"),
        theirs,
        label,
      );
      continue;
    }
    const value = decodeJson(bytes, { reals: "keep" });
    assert.equal(stringifyJson(value), entry.compact, label);
    assert.equal(stringifyJson(value, { spaced: true }), entry.spaced, label);
  }
});

test("pack judges formats as libjansson does", () => {
  for (const { format, error } of ofKind("pack")) {
    // The arguments are beside the point: a right format complains about their number.
    const answer = errorOf(() => pack(format, ...Array(100).fill(0)), "EINVAL");
    const ours = answer?.startsWith("format takes ") ? null : answer;
    // A whole value that is optional and absent is no matter of the format.
    assert.equal(ours, readable(error), format);
  }
});

/** Faults of a format: fluxbus finds them before it looks at the value, jansson on its way through both. */
const OF_FORMAT = /^(?:Unexpected |Garbage |Expected format |Expected '[}\]]' after |NULL or empty )/;

test("unpackText answers as libjansson does", () => {
  for (const { format, text, error } of ofKind("unpack")) {
    if (!/^[{[]/.test(text)) continue; // not a whole text
    const ours = errorOf(() => unpackText(text, format, ...keysFor(format)), "EPROTO");
    const theirs = readable(error);
    // Faults of a format come first here; jansson meets them on its way through both.
    if (ours !== null && OF_FORMAT.test(ours) && !OF_FORMAT.test(theirs ?? "")) continue;
    assert.equal(ours, theirs, `${format} on ${text}`);
  }
});

test("unpack answers alike, but takes a plain whole number for a real", () => {
  for (const { format, text, error } of ofKind("unpack")) {
    const value = parseJson(text, { reals: "keep", any: true });
    const ours = errorOf(() => unpack(value, format, ...keysFor(format)), "EPROTO");
    const theirs = readable(error);
    if (theirs === "Expected real, got integer") continue;
    if (ours !== null && OF_FORMAT.test(ours) && !OF_FORMAT.test(theirs ?? "")) continue;
    assert.equal(ours, theirs, `${format} on ${text}`);
  }
});

/** As many keys `"a"` as `format` takes. */
function keysFor(format: string): string[] {
  const answer = errorOf(() => unpack(null, format, ...Array<string>(100).fill("a")));
  const count = /^format takes (\d+) keys/.exec(answer ?? "")?.[1];
  return Array<string>(Number(count ?? 0)).fill("a");
}

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { GUEST_BYTES, GUESTS_BYTES } from "../../../src/broker/accounts.ts";
import { CLIENT_QUEUE_BYTES } from "../../../src/broker/broker-options.ts";
import { GUEST_CONNECTIONS } from "../../../src/broker/connection-limits.ts";
import { LOG_RING_SIZE } from "../../../src/broker/log-settings.ts";
import { MAX_FRAME_BYTES } from "../../../src/message/framer.ts";
import { bytes, count, time } from "../../helpers/limits/row.ts";
import { LIMITS, limitsTable, writtenTable } from "../../helpers/limits/table.ts";

const ROWS = join(import.meta.dirname, "../../helpers/limits");
const SRC = join(import.meta.dirname, "../../../src");

/** The files that hold rows, with their text. */
const FILES = readdirSync(ROWS)
  .filter((file) => !["row.ts", "table.ts"].includes(file))
  .map((file) => ({ file, text: readFileSync(join(ROWS, file), "utf8") }));

/** The files of `src`: their text, and their code without comments, imports and what they pass on. */
const CODE = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .map((file) => {
    const text = readFileSync(join(SRC, file), "utf8");
    const code = text.replace(/^(import|export) (type )?\{[^;]*;$|^\s*(\/\/|\/?\*).*$/gm, "");
    return { file, text, code };
  });

/** The lines of code that use the constant `name` of the file `from`, but for its declaration. */
function usesOf(name: string, from: string): string[] {
  const word = new RegExp(`\\b${name}\\b`);
  const imported = new RegExp(`^import \\{[^;]*\\b${name}\\b[^;]*;$`, "m");
  return CODE.filter(({ file, text }) => file === from || imported.test(text)).flatMap(({ code }) =>
    code.split("\n").filter((line) => word.test(line) && !line.startsWith(`export const ${name}`)),
  );
}

/** The names that a file of rows imports from a file of `src`. */
function importsOf(text: string): { readonly name: string; readonly from: string }[] {
  return [...text.matchAll(/^import \{([^}]*)\} from "(?:\.\.\/)+src\/([^"]+)";$/gm)].flatMap(
    ([, names, from]) =>
      names!
        .split(",")
        .map((name) => name.trim().replace(/ as .*/, ""))
        .filter((name) => name !== "")
        .map((name) => ({ name, from: from! })),
  );
}

test("the table of ARCHITECTURE.md is the one that the rows make", () => {
  assert.equal(writtenTable(), limitsTable(), "npm run limits writes it");
});

test("each row is about something else, and has no line or column of its own", () => {
  assert(LIMITS.length > 50);
  assert.equal(new Set(LIMITS.map(({ what }) => what)).size, LIMITS.length);
  for (const { what, limit, beyond } of LIMITS) assert.doesNotMatch(what + limit + beyond, /[\n|]/);
});

test("no number of a limit is typed by hand", () => {
  for (const { file, text } of FILES) {
    // What is left of the texts of `limit` and `beyond` when the values in them are taken out.
    const texts = [...text.matchAll(/\b(?:limit|beyond):\s*((?:[^"`]|"[^"]*"|`[^`]*`)*?),\n/g)];
    assert.equal(texts.length, 2 * text.split("shownBy: [").length - 2, file);
    for (const [whole] of texts) assert.doesNotMatch(whole.replace(/\$\{[^}]*\}/g, ""), /\d/, file);
  }
});

test("the constants of the rows are those that the code uses", () => {
  let seen = 0;
  for (const { file, text } of FILES)
    for (const { name, from } of importsOf(text)) {
      seen++;
      const { code } = CODE.find(({ file }) => file === from)!;
      assert.match(code, new RegExp(`^export const ${name}\\b`, "m"), `${from} has no ${name}`);
      assert.notDeepEqual(usesOf(name, from), [], `${name} of ${from} is used by nobody, but in ${file}`);
    }
  assert(seen > 50, `${seen} constants`);
});

test("the options of a broker have the same defaults in their help and in docs/cli.md", () => {
  const help = readFileSync(join(SRC, "cli/instance-options.ts"), "utf8");
  const docs = readFileSync(join(SRC, "../docs/cli.md"), "utf8");
  for (const [option, value] of [
    ["--client-queue", bytes(CLIENT_QUEUE_BYTES)],
    ["--max-frame", bytes(MAX_FRAME_BYTES)],
    ["--guest-memory", bytes(GUEST_BYTES)],
    ["--guests-memory", bytes(GUESTS_BYTES)],
    ["--guest-connections", count(GUEST_CONNECTIONS)],
    ["--log-ring-size", String(LOG_RING_SIZE)],
  ] as const) {
    assert.match(help, new RegExp(`"${option} <[^"]*",?\\s*"[^"]*\\(default: ${value}\\)"`), option);
    assert.match(docs, new RegExp(`^\\| \\\`${option} [A-Z]+\\\` \\| ${value}[ ,]`, "m"), option);
  }
});

test("numbers are written as people read them", () => {
  assert.deepEqual([255, 1024, 1000, 65_536, 5 * 2 ** 20, 2 ** 30, 2 ** 40].map(bytes), [
    "255 bytes",
    "1 KiB",
    "1,000 bytes",
    "64 KiB",
    "5 MiB",
    "1 GiB",
    "1,024 GiB",
  ]);
  assert.deepEqual([0, 999, 1000, 4_194_304].map(count), ["0", "999", "1,000", "4,194,304"]);
  assert.deepEqual([10, 2500, 5000, 60_000, 90_000].map(time), ["10 ms", "2,500 ms", "5 s", "1 min", "90 s"]);
  assert.throws(() => count(Number.POSITIVE_INFINITY), RangeError);
});

test("each row names tests that are there", () => {
  const root = join(import.meta.dirname, "../..");
  const texts = new Map<string, string>();
  for (const { what, shownBy } of LIMITS) {
    assert(shownBy.length > 0, `nothing shows: ${what}`);
    for (const [file, title] of shownBy) {
      if (!texts.has(file)) texts.set(file, readFileSync(join(root, file), "utf8"));
      const starts = [`test("${title}",`, `test(\n  "${title}",`, `test(\n    "${title}",`];
      const isThere = starts.some((start) => texts.get(file)!.includes(start));
      assert(isThere, `${file}, which is to show "${what}", has no test "${title}"`);
    }
  }
});

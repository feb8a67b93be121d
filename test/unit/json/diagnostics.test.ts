import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** Calls with a mistake, each with what the compiler has to say in its line. */
const mistakes: [string, RegExp][] = [
  [`pack("{s:q}", "id", 7);`, /'"Unexpected format character 'q' after '\{s:'"'/],
  [`pack("{s:i", "id", 7);`, /'"Unexpected end of format string after '\{s:i'"'/],
  [`pack("{i:s}", "id", 7);`, /'"Expected format 's', got 'i' after '\{'"'/],
  [`pack("{s:i}}", "id", 7);`, /'"Garbage after format string: '\}'"'/],
  [`pack("[s?#]", "id", 7);`, /'"Cannot use '#' on optional strings after '\[s\?'"'/],
  [`pack("");`, /'"NULL or empty format string"'/],
  [`pack("{s:i}", "id", "7");`, /Argument of type 'string' is not assignable to parameter of type 'number'/],
  [`pack("{s:i}", "id");`, /Expected 3 arguments, but got 2/],
  [`pack("{s:i}", "id", 7, 8);`, /Expected 3 arguments, but got 4/],
  [`unpack({}, "{s:s#}", "id");`, /'"Expected format 's', got '#' after '\{s:s'"'/],
  [`unpack({}, "{s:i ! s:i}", "id", "x");`, /'"Expected '\}' after '!', got 's' after '\{s:i ! '"'/],
  [`unpack({}, "{s:i}");`, /Expected 3 arguments, but got 2/],
  [
    `const [id]: [string] = unpack({}, "{s:i}", "id"); void id;`,
    /Type '\[number\]' is not assignable to type '\[string\]'|Type 'number' is not assignable to type 'string'/,
  ],
];

test("the compiler's messages for mistakes read as sentences", () => {
  const folder = mkdtempSync(join(tmpdir(), "fluxbus-diagnostics-"));
  try {
    const door = JSON.stringify(join(root, "src/json/index.ts"));
    const lines = [`import { pack, unpack } from ${door};`, ...mistakes.map(([line]) => line)];
    writeFileSync(join(folder, "mistakes.mts"), lines.join("\n"));
    const config = {
      extends: join(root, "tsconfig.json"),
      compilerOptions: { typeRoots: [join(root, "node_modules/@types")] },
      include: [],
      files: ["mistakes.mts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = join(root, "node_modules/.bin/tsc");
    const { stdout } = spawnSync(compiler, ["-p", folder, "--pretty", "false"], { encoding: "utf8" });
    for (const [index, [line, sentence]] of mistakes.entries()) {
      const said = stdout.split("\n").filter((text) => text.includes(`mistakes.mts(${index + 2},`));
      assert.equal(said.length, 1, `${line}\n${stdout}`);
      assert.match(said[0]!, sentence);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

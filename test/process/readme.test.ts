import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { chmod } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { TestInstance } from "../../src/testing/index.ts";
import { TemporaryFolder } from "../helpers/temporary-folder.ts";
import { fluxbus, MAIN } from "./cli-process.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);

/** The blocks of a document in a language, in order. */
function blocks(document: string, language: "ts" | "console"): string[] {
  const text = readFileSync(join(ROOT, document), "utf8");
  const found = text.matchAll(/^```(\w+)\n(.*?)^```$/gms);
  return [...found].filter((match) => match[1] === language).map((match) => match[2]!);
}

function programs(document: string): string[] {
  return blocks(document, "ts");
}

/** Runs a program as a user of the package would, and returns what it prints. */
async function runProgram(source: string, uri: string): Promise<string> {
  const folder = mkdtempSync(join(ROOT, ".readme-"));
  try {
    const file = join(folder, "program.mts");
    writeFileSync(file, source);
    const { stdout } = await run(process.execPath, ["--import", "tsx", file], {
      cwd: ROOT,
      env: { ...process.env, FLUX_URI: uri },
      timeout: 30_000,
    });
    return stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("the README's programs run and print what they say", async () => {
  await using instance = await TestInstance.start();
  const [use, events, roles, errors, testing, ranks, ...others] = programs("README.md");
  assert.equal(others.length, 0);
  assert.match(
    await runProgram(use!, instance.uri),
    /^1 job\.done 7\n2 job\.done 8\nsum 3, first event 1\n$/,
  );
  assert.match(await runProgram(events!, instance.uri), /^\d+:1 job\.done\n$/);
  assert.equal(await runProgram(roles!, instance.uri), "true\nclosed\n");
  assert.equal(await runProgram(errors!, instance.uri), "38 No service matching nobody.home is registered\n");
  assert.equal(await runProgram(testing!, instance.uri), "");
  assert.equal(await runProgram(ranks!, instance.uri), "");
});

test("the programs of docs/events.md run and print what they say", async () => {
  const [positions, memory, ...others] = programs("docs/events.md");
  assert.equal(others.length, 0);
  const run = async (program: string): Promise<string> => {
    await using instance = await TestInstance.start();
    return await runProgram(program, instance.uri);
  };
  assert.equal(await run(positions!), "job.done\n");
  const told = (await run(memory!)).split("\n").filter((line) => !/^complete up to [0-3]$/.test(line));
  assert.deepEqual(told, ["job.done 1", "job.done 2", "job.done 3", "complete up to 4", ""]);
});

test("the README's commands print what they say", async () => {
  await using folder = await TemporaryFolder.make({
    fluxbus: `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`,
  });
  await chmod(folder.of("fluxbus"), 0o700);
  const [session, ...others] = blocks("README.md", "console");
  assert.equal(others.length, 0);
  const lines = session!.trimEnd().split("\n");
  const commands = lines.filter((line) => line.startsWith("$ ")).map((line) => line.slice(2));
  assert(commands.length > 5);
  const env = { PATH: `${folder.path}:${process.env["PATH"]}` };
  const { stdout, stderr, status } = await fluxbus(["start", `set -e; ${commands.join("; ")}`], { env });
  assert.deepEqual([stderr, status], ["", 0]);
  assert.deepEqual(
    stdout.trimEnd().split("\n"),
    lines.filter((line) => !line.startsWith("$ ")),
  );
});

test("the programs of README and docs/events.md pass the compiler", async () => {
  const folder = mkdtempSync(join(ROOT, ".readme-"));
  try {
    for (const [index, source] of [...programs("README.md"), ...programs("docs/events.md")].entries()) {
      writeFileSync(join(folder, `program-${index}.mts`), source);
    }
    const config = {
      extends: "../tsconfig.json",
      compilerOptions: { noUnusedLocals: false },
      include: ["*.mts"],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    await run(join(ROOT, "node_modules/.bin/tsc"), ["-p", folder], { timeout: 30_000 }).catch((error) => {
      assert.fail(`${error.stdout}`);
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

/** All documents there are. */
const DOCUMENTS = [
  "README.md",
  "ARCHITECTURE.md",
  "CONTRIBUTING.md",
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

test("the documents' links lead to files", () => {
  for (const document of DOCUMENTS) {
    const text = readFileSync(join(ROOT, document), "utf8");
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
      assert(existsSync(resolve(ROOT, document, "..", target!)), `${document}: ${target}`);
    }
  }
});

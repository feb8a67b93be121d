import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { findScripts, listScripts } from "../../interop/runner/scripts.ts";

const RUNNER = join(import.meta.dirname, "../../../scripts/interop.ts");

/** What stands for a built tree of flux-core here: the runner needs its `flux` only for the name of the Python. */
const TREE = mkdtempSync(join(tmpdir(), "interop-tree-"));
process.once("exit", () => rmSync(TREE, { recursive: true, force: true }));

function file(path: string, content: string): void {
  mkdirSync(dirname(join(TREE, path)), { recursive: true });
  writeFileSync(join(TREE, path), content);
  chmodSync(join(TREE, path), 0o755);
}

file("src/cmd/flux", "#!/bin/sh\necho /bin/sh\n");
file("t/sharness.sh", "");
file(
  "t/t0001-passes.t",
  "SIZE=4\necho ok 1 - size $SIZE $FLUX_TEST_SIZE_MAX $FLUX_URI\necho text >t0001-passes.output\necho 1..1\n",
);
file("t/t0002-fails.t", "echo ok 1 - a\necho not ok 2 - b is so\necho why >&2\necho 1..2\nexit 1\n");
file("t/t0003-hangs.t", "echo ok 1 - a\nsetsid sleep 1000 &\necho $! >$TREE_PIDS\nsleep 1000\n");
file("t/t0004-leaves.t", "sleep 1001 &\necho ok 1 - a\necho 1..1\n");
file("t/t0005-late.t", "echo ok 1 - a\necho 1..1\nexit 3\n");
file("t/python/t0001-like.py", "test -d $builddir/../src && echo ok 1 $PYTHONPATH && echo 1..1\n");
file("t/trash-directory.t0001-passes/socket", "");

/** Whether a process runs; one that nobody has waited for yet does not. */
function lives(pid: string): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"));
}

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly logs: string;
}

async function run(t: { after(fn: () => void): void }, ...args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, ["--import", "tsx", RUNNER, "--broker", "flux", ...args], {
    env: {
      ...process.env,
      FLUX_BUILD_DIR: TREE,
      FLUX_SOURCE_DIR: undefined,
      FLUX_URI: "local:///none",
      TREE_PIDS: join(TREE, "pids"),
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [stdout, [status]] = await Promise.all([text(child.stdout), once(child, "exit")]);
  const logs = /^logs: (.*)$/m.exec(stdout)?.[1] ?? "";
  t.after(() => rmSync(dirname(logs), { recursive: true, force: true }));
  return { status, stdout, logs };
}

test("what passes and what fails: figures, numbers, names, logs, exit status", async (t) => {
  const passing = await run(t, "t0001-passes", "python/t0001");
  assert.equal(passing.status, 0, passing.stdout);
  assert.match(passing.stdout, /^t0001-passes +1\/1 +0 +0 /m);
  assert.match(passing.stdout, /^python\/t0001-like +1\/1 /m);
  assert.match(passing.stdout, /^every failure is a known one$/m);
  const log = readFileSync(join(passing.logs, "t0001-passes.log"), "utf8");
  assert.match(log, /^text$/m, "what the script wrote beside its results");
  assert.match(log, /^ok 1 - size 4$/m, "the script's own size, and the caller's FLUX_URI not passed on");
  assert.deepEqual(readdirSync(dirname(passing.logs)), ["logs"]);

  const failing = await run(t, "t0002", "t0005");
  assert.equal(failing.status, 1, failing.stdout);
  assert.match(failing.stdout, /^t0002-fails +1\/2 +1 +0 .*\n +NOT OK 2 - b is so$/m);
  assert.match(failing.stdout, /^ +NOT OK exit status 3 though every case passed$/m);
  assert.match(readFileSync(join(failing.logs, "t0002-fails.log"), "utf8"), /^why$/m);
});

test("sizes are limited on request", async (t) => {
  const { status, stdout, logs } = await run(t, "--size", "1", "t0001-passes");
  assert.equal(status, 0, stdout);
  assert.match(readFileSync(join(logs, "t0001-passes.log"), "utf8"), /^ok 1 - size 1 1$/m);
});

test("a script over its time limit is ended with all it started", { timeout: 30_000 }, async (t) => {
  const { status, stdout } = await run(t, "--timeout", "1", "t0003");
  assert.equal(status, 1);
  assert.match(stdout, /NOT OK stopped after \d+ s and 1 cases$/m);
  const sleeper = readFileSync(join(TREE, "pids"), "utf8").trim();
  assert(!lives(sleeper), `process ${sleeper}, of a session of its own, lives`);
});

test("what a script leaves running is ended and named", { timeout: 30_000 }, async (t) => {
  const { status, stdout } = await run(t, "t0004");
  assert.equal(status, 0, stdout);
  const pid = /left over, and ended: (\d+) sleep 1001$/m.exec(stdout)?.[1];
  assert(pid !== undefined, stdout);
  assert(!lives(pid));
});

test("the tree is only read", async (t) => {
  const before = readdirSync(TREE, { recursive: true, encoding: "utf8" });
  await run(t, "--debug", "t0001-passes");
  assert.deepEqual(readdirSync(TREE, { recursive: true, encoding: "utf8" }), before);
});

test("scripts are found by name, by the beginning of one, with or without folder and ending", () => {
  const all = listScripts(join(TREE, "t"));
  assert.equal(all.length, 6);
  const found = (word: string): string[] => findScripts(all, word).map(({ name }) => name);
  assert.deepEqual(found("t0001"), ["t0001-passes"]);
  assert.deepEqual(found("./t/t0001-passes.t"), ["t0001-passes"]);
  assert.deepEqual(found("python/t0001-like.py"), ["python/t0001-like"]);
  assert.deepEqual(found("t0001-like"), ["python/t0001-like"]);
  assert.equal(found("t000").length, 5);
  assert.throws(() => found("t9"), /no script of flux-core is named t9/);
});

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";

const PROGRAM = `
import { spawn } from "node:child_process";
import { openSync } from "node:fs";
import { pipeOf } from ${JSON.stringify(resolve("src/socket/index.ts"))};
for (let left = true; left; ) {
  try {
    openSync("/dev/null");
  } catch {
    left = false;
  }
}
const child = spawn("true", { stdio: ["ignore", "ignore", "ignore", "pipe"] });
child.once("error", (error) => console.log(error.code));
try {
  pipeOf(child, 3);
} catch (error) {
  console.log(error.name, error.code);
}
`;

test("a process without a pipe, for want of descriptors, is an error with a number", async () => {
  await using folder = await TemporaryFolder.make({ "program.mts": PROGRAM });
  const words = ["--import", "tsx", folder.of("program.mts")];
  const shell = ["-c", 'ulimit -n 60; exec "$0" "$@"', process.execPath, ...words];
  const { stdout } = await promisify(execFile)("sh", shell, { cwd: resolve("."), timeout: 30_000 });
  assert.equal(stdout, "FluxError EMFILE\nEMFILE\n");
});

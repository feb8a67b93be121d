import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { outputOf, ProgramError, withoutDescriptors } from "../../../src/system/index.ts";

test("without fcntl(2) an inherited descriptor is /dev/null in a process", async () => {
  const nothing = openSync("/dev/null", "r+");
  try {
    const options = withoutDescriptors({ stdio: ["ignore", "pipe", "inherit"] }, [40, 43, 2 ** 30], nothing);
    assert.equal(options.stdio?.length, 44);
    const child = spawn("ls", ["-l", "/proc/self/fd"], options);
    let text = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    await once(child, "close");
    assert.match(text, / 40 -> \/dev\/null\n(.*\n)*.* 43 -> \/dev\/null\n/);
    assert.doesNotMatch(text, / 4[12] -> /);
    // One that the process is to have stays.
    const own = withoutDescriptors({ stdio: ["ignore", "pipe", "inherit", "pipe"] }, [3], nothing);
    assert.equal(own.stdio?.[3], "pipe");
    assert.deepEqual(withoutDescriptors({}, [3], nothing).stdio, ["pipe", "pipe", "pipe", nothing]);
  } finally {
    closeSync(nothing);
  }
});

test("the output of a program, or why there is none", async () => {
  const limits = { timeoutMs: 20_000, maxBytes: 1000 };
  assert.equal(await outputOf("printf", ["%s", "a b"], limits), "a b");
  const code = (code: unknown) => (error: unknown) => error instanceof ProgramError && error.code === code;
  await assert.rejects(outputOf("sh", ["-c", "exit 2"], limits), code(2));
  await assert.rejects(outputOf("/no/such/program", [], limits), code("ENOENT"));
  await assert.rejects(outputOf("yes", [], limits), code(undefined));
  await assert.rejects(outputOf("sleep", ["1000"], { ...limits, timeoutMs: 1 }), code(undefined));
});

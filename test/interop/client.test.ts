import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { test } from "node:test";

const RUN = join(import.meta.dirname, "../run.ts");

/** The figure of a line as `# pass 140` in the output of a run. */
function figure(output: string, name: string): number {
  return Number(new RegExp(`^# ${name} (\\d+)$`, "m").exec(output)?.[1] ?? Number.NaN);
}

test("the client's tests pass against flux-core's broker, none skipped", { timeout: 300_000 }, async (t) => {
  const words = ["--import", "tsx", "--test-reporter=tap", RUN, "suite/"];
  const child = spawn(process.execPath, words, {
    env: { ...process.env, FLUXBUS_SUITE: "flux-core", FLUX_URI: undefined, NODE_TEST_CONTEXT: undefined },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [output, said] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  const [status] = await once(child, "close");
  const failed = output.match(/^not ok .*$/gm) ?? [];
  assert.deepEqual(failed, []);
  assert.equal(status, 0, output.slice(-2000) + said);
  assert.deepEqual(
    ["fail", "cancelled", "skipped", "todo"].map((name) => figure(output, name)),
    [0, 0, 0, 0],
  );
  assert(figure(output, "pass") >= 100, `${figure(output, "pass")} passed`);
  t.diagnostic(`${figure(output, "pass")} tests of the client passed against flux-core`);
});

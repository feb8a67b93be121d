import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Runat } from "../../../src/instance/runat.ts";

function runat(env: Record<string, string> = {}) {
  const lines: string[] = [];
  let heard: () => void = () => {};
  const made = new Runat({
    env: () => ({ PATH: process.env["PATH"], SHELL: "/bin/sh", ...env }),
    set: () => ({ FLUX_URI: "local:///x" }),
    log: (level, text) => {
      lines.push(`${level} ${text.replace(/ \d+\.\d+s$/, "")}`);
      heard();
    },
  });
  /** Resolves when a line that holds `text` is there. */
  const line = async (text: string): Promise<void> => {
    while (!lines.some((each) => each.includes(text))) {
      await new Promise<void>((resolve) => {
        heard = resolve;
      });
    }
  };
  const push = (name: string, script: string): void =>
    made.push(name, { file: "/bin/sh", args: ["-c", script], output: "log" });
  return { runat: made, lines, line, push };
}

describe("commands at the turns of a broker's life", () => {
  test("run one after another, the last pushed first; the first failure is the status", async () => {
    const { runat: phases, lines, push } = runat();
    push("cleanup", "echo one; exit 3");
    push("cleanup", "echo two >&2; exit 4");
    push("cleanup", "true");
    assert.equal(phases.isDefined("cleanup"), true);
    assert.equal(phases.isDefined("rc1"), false);
    assert.equal(await phases.run("cleanup"), 4);
    assert.deepEqual(lines, [
      "info cleanup.0: true Exited (rc=0)",
      "err cleanup.1: two",
      "err cleanup.1: echo two >&2; exit 4 Exited (rc=4)",
      "info cleanup.2: one",
      "err cleanup.2: echo one; exit 3 Exited (rc=3)",
    ]);
    await assert.rejects(phases.run("rc1"), { code: "ENOENT" });
  });

  test("see the instance, and not where the broker itself was started", async () => {
    const own = { FLUX_JOB_ID: "1", PMI_RANK: "0", SLURM_X: "y", KEPT: "k", FLUX_URI: "old" };
    const { runat: phases, lines, push } = runat(own);
    push("rc1", 'echo "$FLUX_URI,$FLUX_JOB_ID,$PMI_RANK,$SLURM_X,$KEPT"');
    assert.equal(await phases.run("rc1"), 0);
    assert.equal(lines[0], "info rc1.0: local:///x,,,,k");
  });

  test("an abort hangs up on what runs and leaves the rest out", async () => {
    const { runat: phases, lines, line, push } = runat();
    push("rc1", "echo never");
    push("rc1", "echo ready; exec sleep 600");
    const status = phases.run("rc1");
    await line("ready");
    phases.abort("rc1");
    assert.equal(await status, 129);
    assert.equal(lines.at(-1), "err rc1.0: echo ready; exec sleep 600 Hangup (rc=129)");
  });

  test("a command that succeeds although it was aborted counts as failed", async () => {
    const { runat: phases, lines, line, push } = runat();
    push("rc1", "trap 'exit 0' HUP; echo ready; while :; do sleep 0.05; done");
    const status = phases.run("rc1");
    await line("ready");
    phases.abort("rc1");
    assert.equal(await status, 1);
    assert.match(lines.at(-1)!, /aborted after exit with rc=0 \(rc=1\)$/);
  });

  test("what can't be executed has the status a shell gives", async () => {
    const { runat: phases, lines } = runat();
    phases.push("rc2", { file: "/no/such/program", args: [], output: "log" });
    assert.equal(await phases.run("rc2"), 127);
    assert.deepEqual(lines, [
      "err rc2.0: /no/such/program error launching process: No such file or directory (rc=127)",
    ]);
    phases.push("rc3", { file: "/", args: [], output: "log" });
    assert.equal(await phases.run("rc3"), 126);
  });
});

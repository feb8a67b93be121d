import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { TestInstance } from "../../src/testing/index.ts";
import { fluxbus, MAIN } from "./cli-process.ts";

const run = promisify(execFile);

/** Completes the line in its first argument as bash does at the end of the line, and prints the words found. */
const DRIVER = `
source <(fluxbus complete bash)
compopt() { :; }
COMP_LINE=$1 COMP_POINT=\${#1}
read -ra COMP_WORDS <<<"$1"
[[ $1 == *" " ]] && COMP_WORDS+=("")
[[ $1 == *= ]] && COMP_WORDS+=("=")
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_fluxbus fluxbus
echo "\${COMPREPLY[*]}"
`;

describe("completion", () => {
  let folder = "";
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "fluxbus-completion-"));
    const program = join(folder, "fluxbus");
    writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const complete = async (line: string): Promise<string> => {
    const env = { ...process.env, PATH: `${folder}:${process.env["PATH"]}` };
    return (await run("bash", ["-c", DRIVER, "driver", line], { env })).stdout.trimEnd();
  };

  test("bash completes commands, options and choices", async () => {
    const lines = [
      "fluxbus ",
      "fluxbus ev",
      "fluxbus event ",
      "fluxbus event pub --s",
      "fluxbus logger --severity e",
    ];
    const [all, ...found] = await Promise.all(lines.map(complete));
    const commands =
      "start broker event ping rpc getattr setattr lsattr config logger dmesg module module-exec exec overlay uptime keygen uri proxy relay version complete help";
    assert.equal(all, commands);
    assert.deepEqual(found, ["event", "pub sub log stat help", "--synchronous", "emerg err"]);
    assert.equal(await complete("fluxbus dmesg --color="), "always never auto");
  });

  test("names of attributes are those of the broker, without one those there may be", async () => {
    await using instance = await TestInstance.start({ attributes: { "test.mine": "1" } });
    const lines = [
      `fluxbus getattr --uri ${instance.uri} test.`,
      `fluxbus setattr --uri ${instance.uri} log-stderr-l`,
      "fluxbus getattr --uri local:///nonexistent/socket statedir",
    ];
    assert.deepEqual(await Promise.all(lines.map(complete)), [
      "test.mine",
      "log-stderr-level",
      "statedir statedir-cleanup",
    ]);
  });

  test("what was typed is not run", async () => {
    const trap = join(folder, "trap");
    await complete(`fluxbus rpc $(touch${"$"}{IFS}${trap}) '$(touch ${trap}) `);
    assert.equal(existsSync(trap), false);
  });

  test("the scripts are shell", async () => {
    const [bash, zsh, other, none] = await Promise.all([
      fluxbus(["complete", "bash"]),
      fluxbus(["complete", "zsh"]),
      fluxbus(["complete", "tcsh"]),
      fluxbus(["complete"]),
    ]);
    const script = join(folder, "script");
    writeFileSync(script, bash.stdout);
    await run("bash", ["-n", script]);
    assert.match(zsh.stdout, /^#compdef fluxbus\n/);
    assert.deepEqual([other.status, none.status], [2, 2]);
    assert.match(other.stderr, /^fluxbus.*: .*'tcsh' is invalid/);
  });
});

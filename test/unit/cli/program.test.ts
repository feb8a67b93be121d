import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Command, commandPath } from "../../../src/cli/commander.ts";
import { fluxbusProgram } from "../../../src/cli/program.ts";

function withDescendants(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withDescendants)];
}

const COMMANDS = withDescendants(await fluxbusProgram());

/** Commands that talk to no broker given by FLUX_URI: they start one, or name it as an argument. */
const MAKE_THEIR_OWN: ReadonlySet<string> = new Set(["start", "broker", "proxy", "relay", "keygen"]);
/** Commands whose output is not their own. */
const SILENT: ReadonlySet<string> = new Set(["start", "proxy", "relay", "keygen"]);

describe("the commands", () => {
  test("are those that are documented", () => {
    const leaves = COMMANDS.filter(({ commands }) => commands.length === 0).map(commandPath);
    const names =
      "start|broker|event pub|event sub|event log|event stat|ping|rpc|getattr|setattr|lsattr|config get|config set|config unset|config load|config reload|config builtin|logger|dmesg|module list|module load|module remove|module unload|module reload|module stats|module debug|module trace|module-exec|exec|overlay status|overlay topology|overlay errors|overlay lookup|overlay parentof|overlay disconnect|overlay trace|uptime|keygen|uri|proxy|relay|version";
    assert.deepEqual(
      leaves,
      names.split("|").map((name) => `fluxbus ${name}`),
    );
  });

  for (const command of COMMANDS) {
    test(`${commandPath(command)} has help that names all its options`, () => {
      assert.notEqual(command.description(), "");
      const help = command.helpInformation();
      assert.match(help, new RegExp(`^Usage: ${commandPath(command)} `));
      for (const option of command.options) {
        if (option.hidden) continue;
        assert(help.includes(option.long!), `${option.long} in the help`);
        assert.match(option.description, /^[a-zA-Z]/, `${option.long} is described`);
      }
    });
  }

  test("that talk to a broker take --uri and --json", () => {
    for (const command of COMMANDS.filter(({ commands }) => commands.length === 0)) {
      const options = command.options.map(({ long }) => long);
      const name = command.name();
      assert.equal(options.includes("--uri"), !MAKE_THEIR_OWN.has(name), commandPath(command));
      assert.equal(options.includes("--json"), !SILENT.has(name), commandPath(command));
    }
  });
});

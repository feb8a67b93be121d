import { fileURLToPath } from "node:url";
import { type Command, command, commandPath, parserStatus } from "./commander.ts";
import { brokerCommand } from "./commands/broker.ts";
import { configCommand } from "./commands/config.ts";
import { dmesgCommand } from "./commands/dmesg.ts";
import { eventCommand } from "./commands/event.ts";
import { execCommand } from "./commands/exec.ts";
import { getattrCommand } from "./commands/getattr.ts";
import { keygenCommand } from "./commands/keygen.ts";
import { loggerCommand } from "./commands/logger.ts";
import { lsattrCommand } from "./commands/lsattr.ts";
import { moduleCommand } from "./commands/module.ts";
import { moduleExecCommand } from "./commands/module-exec.ts";
import { pingCommand } from "./commands/ping.ts";
import { proxyCommand } from "./commands/proxy.ts";
import { relayCommand } from "./commands/relay.ts";
import { rpcCommand } from "./commands/rpc.ts";
import { setattrCommand } from "./commands/setattr.ts";
import { startCommand } from "./commands/start.ts";
import { uptimeCommand } from "./commands/uptime.ts";
import { uriCommand } from "./commands/uri.ts";
import { versionCommand } from "./commands/version.ts";
import { ExitStatus } from "./exit-status.ts";
import { report } from "./failure.ts";
import { packageVersion } from "./package-version.ts";

const HELP = `
Exit status:
  0 done, 1 the request failed, 2 wrong usage, 124 no response in time;
  'start' and 'proxy' exit with the status of their command.

Completion of words by the shell: source <(fluxbus complete bash), or zsh.`;

/** The whole command line of `fluxbus`. */
export function fluxbusProgram(): Command {
  return command("fluxbus")
    .description("The Flux message bus: brokers, requests and events from the command line")
    .version(packageVersion(), "-V, --version", "print the version of this package")
    .option("--exec-path", "print the folder whose flux-broker can stand in for flux-core's")
    .enablePositionalOptions()
    .addHelpText("after", HELP)
    .addCommand(startCommand())
    .addCommand(brokerCommand())
    .addCommand(eventCommand())
    .addCommand(pingCommand())
    .addCommand(rpcCommand())
    .addCommand(getattrCommand())
    .addCommand(setattrCommand())
    .addCommand(lsattrCommand())
    .addCommand(configCommand())
    .addCommand(loggerCommand())
    .addCommand(dmesgCommand())
    .addCommand(moduleCommand())
    .addCommand(moduleExecCommand())
    .addCommand(execCommand())
    .addCommand(uptimeCommand())
    .addCommand(keygenCommand())
    .addCommand(uriCommand())
    .addCommand(proxyCommand())
    .addCommand(relayCommand())
    .addCommand(versionCommand());
}

/** Runs `fluxbus` with the words of a command line; resolves to the exit status. */
export async function run(words: readonly string[]): Promise<number> {
  const program = fluxbusProgram();
  let acting = program;
  program.hook("preAction", (_program, action) => {
    acting = action;
  });
  try {
    if (words[0] === "--exec-path" && words.length === 1) {
      process.stdout.write(`${fileURLToPath(new URL("../../libexec", import.meta.url))}\n`);
      return ExitStatus.OK;
    }
    if (words[0] === "complete") {
      const { addCompletion, completionScript } = await import("./completion.ts");
      const script = words.length === 2 ? completionScript(words[1]) : undefined;
      if (script !== undefined) {
        process.stdout.write(script);
        return ExitStatus.OK;
      }
      await addCompletion(program, words);
    }
    await program.parseAsync(words, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : ExitStatus.OK;
  } catch (thrown) {
    return parserStatus(thrown) ?? report(thrown, commandPath(acting), acting.opts()["json"] === true);
  }
}

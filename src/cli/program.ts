import { fileURLToPath } from "node:url";
import { ignoreErrorsOf } from "../system/index.ts";
import { type Command, command, commandPath, parserStatus } from "./commander.ts";
import { ExitStatus } from "./exit-status.ts";
import { outputFailed, report } from "./failure.ts";
import { packageVersion } from "./package-version.ts";

const HELP = `
Exit status:
  0 done, 1 the request failed, 2 wrong usage, 124 no response in time;
  'start' and 'proxy' exit with the status of their command.

Completion of words by the shell: source <(fluxbus complete bash), or zsh.`;

/** The commands, in the order of the help. Each is loaded when it is used: that is most of the time a short one takes. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import("./commands/start.ts")).startCommand(),
  broker: async () => (await import("./commands/broker.ts")).brokerCommand(),
  event: async () => (await import("./commands/event.ts")).eventCommand(),
  ping: async () => (await import("./commands/ping.ts")).pingCommand(),
  rpc: async () => (await import("./commands/rpc.ts")).rpcCommand(),
  getattr: async () => (await import("./commands/getattr.ts")).getattrCommand(),
  setattr: async () => (await import("./commands/setattr.ts")).setattrCommand(),
  lsattr: async () => (await import("./commands/lsattr.ts")).lsattrCommand(),
  config: async () => (await import("./commands/config.ts")).configCommand(),
  logger: async () => (await import("./commands/logger.ts")).loggerCommand(),
  dmesg: async () => (await import("./commands/dmesg.ts")).dmesgCommand(),
  module: async () => (await import("./commands/module.ts")).moduleCommand(),
  "module-exec": async () => (await import("./commands/module-exec.ts")).moduleExecCommand(),
  exec: async () => (await import("./commands/exec.ts")).execCommand(),
  overlay: async () => (await import("./commands/overlay.ts")).overlayCommand(),
  uptime: async () => (await import("./commands/uptime.ts")).uptimeCommand(),
  keygen: async () => (await import("./commands/keygen.ts")).keygenCommand(),
  uri: async () => (await import("./commands/uri.ts")).uriCommand(),
  proxy: async () => (await import("./commands/proxy.ts")).proxyCommand(),
  relay: async () => (await import("./commands/relay.ts")).relayCommand(),
  version: async () => (await import("./commands/version.ts")).versionCommand(),
};

/** Commands that others depend on while they run: they go on when nobody takes their output. */
const DAEMONS: ReadonlySet<string> = new Set(["start", "broker", "proxy", "module-exec"]);

/** The command line of `fluxbus`: all of it, or the part that begins with the command `name`. */
export async function fluxbusProgram(name = ""): Promise<Command> {
  const program = command("fluxbus")
    .description("The Flux message bus: brokers, requests and events from the command line")
    .version(packageVersion(), "-V, --version", "print the version of this package")
    .option("--exec-path", "print the folder whose flux-broker can stand in for flux-core's")
    .enablePositionalOptions()
    .addHelpText("after", HELP);
  const names = Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
  for (const made of await Promise.all(names.map((each) => COMMANDS[each]!()))) program.addCommand(made);
  return program;
}

/** Runs `fluxbus` with the words of a command line; resolves to the exit status. */
export async function run(words: readonly string[]): Promise<number> {
  const program = await fluxbusProgram(words[0]);
  let acting = program;
  const wantsJson = (): boolean => acting.opts()["json"] === true;
  ignoreErrorsOf(process.stderr);
  process.stdout.on("error", (error) => {
    const status = outputFailed(error, commandPath(acting), {
      json: wantsJson(),
      goesOn: DAEMONS.has(acting.name()),
    });
    if (status !== undefined) process.exit(status);
  });
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
    return parserStatus(thrown) ?? report(thrown, commandPath(acting), wantsJson());
  }
}

import { constants } from "node:os";
import { type Command, command } from "../commander.ts";
import { usageError } from "../failure.ts";
import { addInstanceOptions, type InstanceFlags, instanceWords } from "../instance-options.ts";
import { warn } from "../output.ts";
import { SignalRelay } from "../signal-relay.ts";

const HELP = `
COMMAND runs with FLUX_URI set; one word that is no file is a line for the shell, none is the shell itself.
Exit status: that of COMMAND; 128 + N when signal N ended it, 127 when it was not found.`;

/** `fluxbus start [-- COMMAND...]`: a broker for as long as a command runs. Source: flux-start(1). */
export function startCommand(): Command {
  return addInstanceOptions(command("start"))
    .description("start an instance and run a command in it")
    .argument("[command...]", "command to run (default: $SHELL)")
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(async (words: string[], flags: InstanceFlags) => {
      process.exitCode = await runInInstance(words, flags);
    });
}

async function runInInstance(words: readonly string[], flags: InstanceFlags): Promise<number> {
  if (words[0] === "") throw usageError("the command is empty");
  const [{ BrokerProcess }, { commandLine, Program }] = await Promise.all([
    import("../broker-process.ts"),
    import("../../instance/index.ts"),
  ]);
  const signals = new SignalRelay();
  try {
    await using broker = await BrokerProcess.start(instanceWords(flags), signals.early);
    if (signals.first !== undefined) return statusOf(signals.first);
    const line = commandLine(words, process.env);
    const program = new Program(line, { env: { ...process.env, FLUX_URI: broker.uri } });
    signals.to((signal) => program.signal(signal));
    const lost = broker.exit.then(() => "broker" as const);
    if ((await Promise.race([program.exit, lost])) === "broker") {
      warn("fluxbus start: the broker has ended before the command");
    }
    const { status, error } = await program.exit;
    if (error !== undefined) warn(`fluxbus start: ${line.file}: ${error.message}`);
    return status;
  } catch (error) {
    if (signals.first !== undefined) return statusOf(signals.first);
    throw error;
  } finally {
    signals.close();
  }
}

function statusOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

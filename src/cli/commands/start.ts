import { constants } from "node:os";
import { type Command, command } from "../commander.ts";
import { usageError } from "../failure.ts";
import { addInstanceOptions, type InstanceFlags, instanceWords } from "../instance-options.ts";
import { warn } from "../output.ts";
import { SignalRelay } from "../signal-relay.ts";
import { addTestOptions, checkTestFlags, pmiMapping, type TestFlags } from "../test-options.ts";

const HELP = `
COMMAND runs with FLUX_URI set; one word that is no file is a line for the shell, none is the shell itself.
Exit status: that of COMMAND; 128 + N when signal N ended it, 127 when it was not found.`;

type StartFlags = InstanceFlags & TestFlags;

/** Brokers for as long as the command runs. */
interface RunningInstance extends AsyncDisposable {
  /** What clients of rank 0 connect to. */
  readonly uri: string;
  /** Resolves when rank 0 is over. */
  readonly exit: Promise<void>;
}

/** `fluxbus start [-- COMMAND...]`: an instance for as long as a command runs. Source: flux-start(1). */
export function startCommand(): Command {
  return addInstanceOptions(addTestOptions(command("start")))
    .description("start an instance and run a command in it")
    .argument("[command...]", "command to run (default: $SHELL)")
    .passThroughOptions()
    .addHelpText("after", HELP)
    .action(async (words: string[], flags: StartFlags) => {
      if (words[0] === "") throw usageError("the command is empty");
      checkTestFlags(flags);
      process.exitCode = await runInInstance(words, flags);
    });
}

async function runInInstance(words: readonly string[], flags: StartFlags): Promise<number> {
  const signals = new SignalRelay();
  try {
    await using instance = await startInstance(flags, signals.early);
    if (signals.first !== undefined) return statusOf(signals.first);
    const { commandLine, Program } = await import("../../instance/index.ts");
    const line = commandLine(words, process.env);
    const program = new Program(line, { env: { ...process.env, FLUX_URI: instance.uri } });
    signals.to((signal) => program.signal(signal));
    const lost = instance.exit.then(() => "instance" as const);
    if ((await Promise.race([program.exit, lost])) === "instance") {
      say("the broker has ended before the command");
    }
    const { status, error } = await program.exit;
    if (error !== undefined) say(`${line.file}: ${error.message}`);
    return status;
  } catch (error) {
    if (signals.first !== undefined) return statusOf(signals.first);
    throw error;
  } finally {
    signals.close();
  }
}

async function startInstance(flags: StartFlags, signal: AbortSignal): Promise<RunningInstance> {
  const { testSize, inProcess, testHosts: hosts, verbose = 0 } = flags;
  if (testSize === undefined || inProcess === true) {
    const { BrokerProcess, STOP_RANKS_MS } = await import("../broker-process.ts");
    const words = instanceWords(flags);
    return testSize === undefined
      ? await BrokerProcess.start([...words, "--boot=single"], signal)
      : await BrokerProcess.start([...words, `--size=${testSize}`], signal, STOP_RANKS_MS);
  }
  const { RankProcesses } = await import("../rank-processes.ts");
  const mapping = pmiMapping(flags, testSize);
  return await RankProcesses.start({ size: testSize, flags, hosts, mapping, verbose, signal, warn: say });
}

function say(text: string): void {
  warn(`fluxbus start: ${text}`);
}

function statusOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}

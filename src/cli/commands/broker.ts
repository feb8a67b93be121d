import { type Command, command, Option } from "../commander.ts";
import { addInstanceOptions, type InstanceFlags, instanceOptions } from "../instance-options.ts";
import { print, printJson } from "../output.ts";

interface BrokerFlags extends InstanceFlags {
  readonly printUri?: true;
  readonly json?: true;
  readonly exitOnEof?: true;
  readonly announce?: true;
}

/** Signals that end a broker in good order. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** `fluxbus broker`: a broker in the foreground, until SIGTERM, SIGINT or SIGHUP. */
export function brokerCommand(): Command {
  return addInstanceOptions(command("broker"))
    .description("run a broker in the foreground: rank 0 of an instance of size 1")
    .option("--print-uri", "print the URI for clients when the broker is ready")
    .option("--json", 'print {"uri", "pid", "rundir", "rundirMade"} as one line when the broker is ready')
    .option("--exit-on-eof", "stop when standard input ends")
    .addOption(new Option("--announce", "as --json, but errors stay text").hideHelp())
    .action(async (flags: BrokerFlags) => {
      const [{ Instance }, { openConfig }] = await Promise.all([
        import("../../instance/index.ts"),
        import("../../config/index.ts"),
      ]);
      const path = flags.configPath ?? process.env["FLUX_CONF_DIR"];
      const config = await openConfig({ path, updates: flags.conf });
      using stop = new StopRequest(flags.exitOnEof === true);
      await using instance = await Instance.start({ ...instanceOptions(flags), config });
      const { uri, rundir } = instance;
      if (flags.json || flags.announce) {
        printJson({ uri, pid: process.pid, rundir: rundir.path, rundirMade: rundir.made });
      } else if (flags.printUri) print(uri);
      await stop.requested;
    });
}

/** Waits for the word to stop: a signal, or the end of standard input. */
class StopRequest implements Disposable {
  readonly requested: Promise<void>;
  readonly #readsInput: boolean;

  constructor(exitOnEof: boolean) {
    this.#readsInput = exitOnEof;
    this.requested = new Promise((resolve) => {
      for (const signal of STOP_SIGNALS) process.once(signal, () => resolve());
      if (exitOnEof) process.stdin.once("end", resolve).once("error", resolve).resume();
    });
  }

  /** Standard input keeps the process no longer. */
  [Symbol.dispose](): void {
    if (this.#readsInput) process.stdin.destroy();
  }
}

import type { ConfigStore } from "../../config/index.ts";
import type { InProcessInstance, Instance } from "../../instance/index.ts";
import { positiveArgument } from "../arguments.ts";
import { BOOT_METHODS, type BootMethod, defaultBootMethod } from "../boot-method.ts";
import { type Command, command, Option } from "../commander.ts";
import { usageError } from "../failure.ts";
import { addInstanceOptions, type InstanceFlags, instanceOptions } from "../instance-options.ts";
import { print, printJson } from "../output.ts";
import { StopRequest } from "../stop-request.ts";

interface BrokerFlags extends InstanceFlags {
  readonly boot?: BootMethod;
  readonly size?: number;
  readonly printUri?: true;
  readonly json?: true;
  readonly exitOnEof?: true;
  readonly announce?: true;
}

/** `fluxbus broker`: a broker in the foreground, until it is told to stop or its instance ends. */
export function brokerCommand(): Command {
  return addInstanceOptions(command("broker"))
    .description("run a broker in the foreground: an instance by itself, or a rank of one")
    .addOption(
      new Option("--boot <METHOD>", "how it learns its rank: config, simple (PMI), or single: alone")
        .choices([...BOOT_METHODS])
        .default(undefined, "config or simple where there is a table [bootstrap] or PMI_FD, else single"),
    )
    .option("--size <N>", "run N ranks, all in this process", positiveArgument)
    .option("--print-uri", "print the URI for clients when the broker is ready")
    .option("--json", 'print {"uri", "pid", "rundir", "rundirMade"} as one line when the broker is ready')
    .option("--exit-on-eof", "stop when standard input ends")
    .addOption(new Option("--announce", "as --json, but errors stay text").hideHelp())
    .action(async (flags: BrokerFlags) => {
      if (flags.size !== undefined && flags.boot !== undefined)
        throw usageError("--size goes without --boot");
      process.exitCode = await runBroker(flags);
    });
}

async function runBroker(flags: BrokerFlags): Promise<number> {
  const { openConfig } = await import("../../config/index.ts");
  const path = flags.configPath ?? process.env["FLUX_CONF_DIR"];
  const config = await openConfig({ path, updates: flags.conf });
  using stop = new StopRequest(flags.exitOnEof === true);
  await using instance = await startInstance(flags, config);
  const { uri, rundir } = instance;
  if (flags.json || flags.announce) {
    printJson({ uri, pid: process.pid, rundir: rundir.path, rundirMade: rundir.made });
  } else if (flags.printUri) print(uri);
  void stop.requested.then(() => instance.stop());
  return await instance.exit;
}

async function startInstance(flags: BrokerFlags, config: ConfigStore): Promise<Instance | InProcessInstance> {
  const { InProcessInstance, Instance } = await import("../../instance/index.ts");
  const options = { ...instanceOptions(flags), config };
  if (flags.size !== undefined) {
    const instance = await InProcessInstance.start({ ...options, size: flags.size });
    await instance.running();
    return instance;
  }
  const asked = flags.boot ?? options.attributes["broker.boot-method"];
  const method = asked ?? defaultBootMethod(config.current, process.env);
  if (method === "single") return await Instance.start(options);
  const attributes = { ...options.attributes, "broker.boot-method": method };
  return await Instance.start({ ...options, attributes, boot: "environment" });
}

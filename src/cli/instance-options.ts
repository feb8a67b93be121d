import type { InstanceOptions } from "../instance/index.ts";
import { positiveArgument } from "./arguments.ts";
import { argumentParser, type Command, InvalidArgumentError, Option } from "./commander.ts";
import { SEVERITIES } from "./severities.ts";

/** Options of `fluxbus broker`, which `fluxbus start` passes on. */
export interface InstanceFlags {
  readonly rundir?: string;
  readonly socket?: string;
  readonly topology?: string;
  readonly setattr?: Readonly<Record<string, string>>;
  readonly configPath?: string;
  readonly conf?: readonly string[];
  readonly logLevel?: number;
  readonly logStderrLevel?: number;
  readonly logRingSize?: number;
  readonly allowGuests?: true;
  readonly allowRootOwner?: true;
  readonly clientQueue?: number;
  readonly slowClient?: "disconnect" | "drop-events";
  readonly maxFrame?: number;
  readonly guestMemory?: number;
  readonly guestsMemory?: number;
  readonly guestConnections?: number;
  readonly guestsConnections?: number;
}

const severityArgument = argumentParser(
  (text) => {
    const index = (SEVERITIES as readonly string[]).indexOf(text);
    if (index >= 0) return index;
    return /^[0-7]$/.test(text) ? Number(text) : undefined;
  },
  `0 to 7 or one of ${SEVERITIES.join(", ")}`,
);

/** Adds the options of a broker to a command. */
export function addInstanceOptions(command: Command): Command {
  return command
    .option("--rundir <DIR>", "run directory (default: a new one in $TMPDIR, removed at exit)")
    .option("--socket <PATH>", "socket for clients of rank 0 (default: local-0 in the run directory)")
    .option("--topology <SCHEME>", "form of the tree: kary:K, mincrit[:K] or binomial (default: kary:32)")
    .option("-S, --setattr <NAME=VALUE>", "set a broker attribute; may be repeated", collectAttribute)
    .option(
      "-c, --config-path <PATH>",
      "configuration: a file or a directory (default: $FLUX_CONF_DIR, or none)",
    )
    .option(
      "--conf <VALUE>",
      "more configuration: NAME=VALUE, a file, or TOML or JSON text; may be repeated",
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option("--log-level <LEVEL>", "least severe level the log keeps (default: debug)", severityArgument)
    .option(
      "--log-stderr-level <LEVEL>",
      "least severe level printed on stderr (default: err)",
      severityArgument,
    )
    .option("--log-ring-size <N>", "records the log keeps (default: 1024)", positiveArgument)
    .option("--allow-guests", "let other users in, as guests")
    .option("--allow-root-owner", "let root in as the owner")
    .option(
      "--client-queue <BYTES>",
      "most bytes queued for a client that does not read (default: 128 MiB)",
      positiveArgument,
    )
    .addOption(
      new Option("--slow-client <POLICY>", "what a client with a full queue gets when an event comes")
        .choices(["disconnect", "drop-events"])
        .default(undefined, "disconnect"),
    )
    .option("--max-frame <BYTES>", "largest message taken (default: 128 MiB)", positiveArgument)
    .option(
      "--guest-memory <BYTES>",
      "most bytes the broker keeps for one guest (default: 192 MiB)",
      positiveArgument,
    )
    .option(
      "--guests-memory <BYTES>",
      "most bytes the broker keeps for all guests (default: 384 MiB)",
      positiveArgument,
    )
    .option("--guest-connections <N>", "most connections of one guest (default: 128)", positiveArgument)
    .option(
      "--guests-connections <N>",
      "most connections of all guests (default: half of the descriptors)",
      positiveArgument,
    );
}

/** The words that give `flags` to another process. */
export function instanceWords(flags: InstanceFlags): string[] {
  const named: [name: string, value: string | number | true | undefined][] = [
    ["--rundir", flags.rundir],
    ["--socket", flags.socket],
    ["--topology", flags.topology],
    ["--config-path", flags.configPath],
    ["--log-level", flags.logLevel],
    ["--log-stderr-level", flags.logStderrLevel],
    ["--log-ring-size", flags.logRingSize],
    ["--allow-guests", flags.allowGuests],
    ["--allow-root-owner", flags.allowRootOwner],
    ["--client-queue", flags.clientQueue],
    ["--slow-client", flags.slowClient],
    ["--max-frame", flags.maxFrame],
    ["--guest-memory", flags.guestMemory],
    ["--guests-memory", flags.guestsMemory],
    ["--guest-connections", flags.guestConnections],
    ["--guests-connections", flags.guestsConnections],
  ];
  const words = named
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => (value === true ? name : `${name}=${value}`));
  const attributes = Object.entries(flags.setattr ?? {}).map(([name, value]) => `--setattr=${name}=${value}`);
  return [...words, ...attributes, ...(flags.conf ?? []).map((value) => `--conf=${value}`)];
}

/** Options of an instance, with attributes by name. */
export type NamedInstanceOptions = Omit<InstanceOptions, "attributes"> & {
  readonly attributes: Readonly<Record<string, string>>;
};

/** What the flags mean for an instance. */
export function instanceOptions(flags: InstanceFlags): NamedInstanceOptions {
  const named: [name: string, value: string | number | undefined][] = [
    ["rundir", flags.rundir],
    ["tbon.topo", flags.topology],
    ["log-level", flags.logLevel],
    ["log-stderr-level", flags.logStderrLevel],
    ["log-ring-size", flags.logRingSize],
  ];
  const attributes = { ...flags.setattr };
  for (const [name, value] of named) if (value !== undefined) attributes[name] = String(value);
  return {
    attributes,
    socketPath: flags.socket,
    allowGuests: flags.allowGuests,
    allowRootOwner: flags.allowRootOwner,
    clientQueueBytes: flags.clientQueue,
    slowClient: flags.slowClient,
    maxFrameBytes: flags.maxFrame,
    guestBytes: flags.guestMemory,
    guestsBytes: flags.guestsMemory,
    guestConnections: flags.guestConnections,
    guestsConnections: flags.guestsConnections,
  };
}

function collectAttribute(
  text: string,
  before: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const mark = text.indexOf("=");
  if (mark < 1) throw new InvalidArgumentError("Expected NAME=VALUE.");
  return { ...before, [text.slice(0, mark)]: text.slice(mark + 1) };
}

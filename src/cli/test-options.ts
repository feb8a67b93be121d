import { decodeHostlist } from "../base/index.ts";
import { positiveArgument } from "./arguments.ts";
import { argumentParser, type Command, Option } from "./commander.ts";
import { usageError } from "./failure.ts";

/** Options of `fluxbus start` for instances of several ranks. */
export interface TestFlags {
  readonly testSize?: number;
  readonly inProcess?: true;
  readonly testHosts?: readonly string[];
  readonly testPmiClique?: keyof typeof CLIQUES;
  readonly verbose?: number;
}

const hostsArgument = argumentParser((text) => decodeHostlist(text), "a list of hosts: node[0-3], or a,b,c");

/** Modes of --test-pmi-clique: which rank is on which node, as PMI tells it. */
const CLIQUES = {
  single: (size: number) => `(vector,(0,1,${size}))`,
  "per-broker": (size: number) => `(vector,(0,${size},1))`,
  none: () => undefined,
} as const;

/** Adds the options of a test instance to a command. */
export function addTestOptions(command: Command): Command {
  return command
    .option("-s, --test-size <N>", "start N ranks on this host", positiveArgument)
    .option("--in-process", "with --test-size: all ranks in one process instead of one each")
    .option("--test-hosts <HOSTLIST>", "names of the ranks' hosts, for a table [bootstrap]", hostsArgument)
    .addOption(
      new Option("--test-pmi-clique <MODE>", "which ranks are told that they share a node")
        .choices(Object.keys(CLIQUES))
        .default(undefined, "single"),
    )
    .option(
      "-v, --verbose",
      "show the command of each rank; repeated, what they say over PMI",
      (_text: string, before: number = 0) => before + 1,
    );
}

/** @throws Failure of usage for options that don't go together. */
export function checkTestFlags({ testSize, inProcess, testHosts, testPmiClique }: TestFlags): void {
  const named = { "--test-hosts": testHosts, "--test-pmi-clique": testPmiClique };
  for (const [name, value] of Object.entries({ ...named, "--in-process": inProcess })) {
    if (value !== undefined && testSize === undefined) throw usageError(`${name} needs --test-size`);
  }
  for (const [name, value] of Object.entries(named)) {
    if (value !== undefined && inProcess === true) throw usageError(`${name} is for ranks as processes`);
  }
  if (testHosts !== undefined && testHosts.length !== testSize) {
    throw usageError(`--test-hosts names ${testHosts.length} hosts for ${testSize} ranks`);
  }
}

/** Which rank is on which node, as PMI tells it; undefined tells nothing. */
export function pmiMapping({ testPmiClique = "single" }: TestFlags, size: number): string | undefined {
  return CLIQUES[testPmiClique](size);
}

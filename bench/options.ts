import { parseArgs } from "node:util";

/** What the command line of the benchmark says. */
export interface Options {
  readonly json: boolean;
  /** Scenarios whose name contains one of these; all when empty. */
  readonly only: readonly string[];
  readonly runs: number;
  /** Length of each run. */
  readonly seconds: number;
  /** Another Flux broker to run the same client work against. */
  readonly peer: string | undefined;
  readonly nats: boolean;
  /** Scenario to profile instead of measuring. */
  readonly profile: string | undefined;
  /** Folder with the compiled package, when it is not dist. */
  readonly dist: string | undefined;
  readonly help: boolean;
}

export const USAGE = `usage: npm run bench -- [options]
  --json           print the whole result, with all runs, as JSON
  --only NAME,...  only the parts whose name contains NAME: scenarios, subscriptions, event-log, memory, tree
  --runs N         runs of each scenario and system, default 5
  --seconds S      length of a run, default 1
  --peer URI       measure another Flux broker too
  --nats           measure nats-server too, when it is installed
  --dist FOLDER    measure the compiled package there: another version, or a copy
  --profile NAME   profile a scenario (or all) instead: where client, broker and service spend their time
`;

/** Throws a TypeError for an option that is unknown or makes no sense. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      json: { type: "boolean", default: false },
      only: { type: "string", multiple: true, default: [] },
      runs: { type: "string", default: "5" },
      seconds: { type: "string", default: "1" },
      peer: { type: "string" },
      nats: { type: "boolean", default: false },
      profile: { type: "string" },
      dist: { type: "string" },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  const runs = positive("--runs", values.runs);
  if (!Number.isInteger(runs)) throw new TypeError("--runs: not a whole number");
  return {
    json: values.json,
    only: values.only.flatMap((names) => names.split(",")).filter((name) => name !== ""),
    runs,
    seconds: positive("--seconds", values.seconds),
    peer: values.peer,
    nats: values.nats,
    profile: values.profile,
    dist: values.dist,
    help: values.help,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new TypeError(`${option}: '${text}' is no number above 0`);
  return value;
}

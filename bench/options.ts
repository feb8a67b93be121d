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
  /** A built package to measure instead of this checkout: its root or its dist folder. */
  readonly dist: string | undefined;
  /** A built package to compare with: its root or its dist folder. */
  readonly against: string | undefined;
  /** With `against`: no further rounds start after so many minutes. */
  readonly minutes: number;
  readonly help: boolean;
}

export const USAGE = `usage: npm run bench -- [options]
  --json           print the whole result, with all runs, as JSON
  --only NAME,...  only the parts whose name contains NAME: scenarios, subscriptions, event-log, memory, tree
  --runs N         runs of each scenario and system, default 5
  --seconds S      length of a run, default 1
  --peer URI       measure another Flux broker too
  --nats           measure nats-server too, when it is installed
  --dist FOLDER    measure the built package there instead: its root folder or its dist
  --against DIST   compare with another built package, its root folder or its dist: both are measured
                   in turns; exit status 1 when a ratio is worse
  --minutes M      with --against: longest time for all, default 38
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
      against: { type: "string" },
      minutes: { type: "string", default: "38" },
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
    against: values.against,
    minutes: positive("--minutes", values.minutes),
    help: values.help,
  };
}

function positive(option: string, text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isFinite(value)))
    throw new TypeError(`${option}: '${text}' is no number above 0`);
  return value;
}

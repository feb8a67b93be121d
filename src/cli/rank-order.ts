import { type InstanceFlags, instanceOptions, type NamedInstanceOptions } from "./instance-options.ts";

/** What a rank of a test instance is told by who starts it, as JSON. All else it learns from PMI. */
export interface RankOrder {
  readonly options: NamedInstanceOptions;
  readonly configPath?: string | undefined;
  /** Values of `--conf`. */
  readonly conf?: readonly string[] | undefined;
}

/** What a rank says on its standard output, as one line of JSON: where rank 0 is once the instance runs, or why the rank can't start. */
export type RankWord =
  | { readonly uri: string }
  | { readonly error: { readonly errno: number; readonly message: string } };

/** What is the same for all ranks of a test instance, or known of each. */
export interface RankPlaces {
  readonly rundir: string;
  /** True when the run directory was made for the instance: rank 0 removes it, even if who made it is gone. */
  readonly rundirMade: boolean;
  /** Names of their hosts; default that of this host, for all. */
  readonly hosts?: readonly string[] | undefined;
}

/** The order for a rank, by the flags of all. A socket's path, which one rank only can have, is that of rank 0. */
export function rankOrder(rank: number, flags: InstanceFlags, places: RankPlaces): RankOrder {
  const { attributes, socketPath, ...options } = instanceOptions({ ...flags, rundir: places.rundir });
  const set: Record<string, string> = { ...attributes };
  if (rank === 0) set["rundir-cleanup"] ??= places.rundirMade ? "1" : "0";
  else {
    set["rundir-cleanup"] = "0";
    delete set["local-uri"];
  }
  const host = places.hosts?.[rank];
  if (host !== undefined) set["hostname"] = host;
  return {
    options: { ...options, attributes: set, socketPath: rank === 0 ? socketPath : undefined },
    configPath: flags.configPath,
    conf: flags.conf,
  };
}

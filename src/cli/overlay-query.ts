import { decodeIdset } from "../base/index.ts";
import type { Flux } from "../client/index.ts";
import { durationArgument } from "./arguments.ts";
import { type Command, Option } from "./commander.ts";
import { about, usageError } from "./failure.ts";
import type { HostMap } from "./host-map.ts";
import type { OverlayTopology } from "./overlay-topology.ts";

/** What the commands about the tree know of an instance before they ask anything else. */
export interface OverlayPlan {
  readonly hosts: HostMap;
  readonly topology: OverlayTopology;
}

/** Longest wait for a broker in milliseconds, and instances so large that it grows with them. */
const TIMEOUT_MS = 500;
const LARGE = 2048;

/** Most brokers asked at a time. */
export const ASKED_MAX = 512;

/** `--timeout`: undefined when it was not given. */
export function timeoutOption(): Option {
  return new Option(
    "-t, --timeout <DURATION>",
    "longest wait for a broker, 0 for any length (default: 500ms)",
  ).argParser(durationArgument);
}

/** The timeout of a request in milliseconds; undefined for none. */
export async function timeoutOf(flux: Flux, asked: number | undefined): Promise<number | undefined> {
  if (asked !== undefined) return asked > 0 && Number.isFinite(asked) ? asked : undefined;
  const size = await about("size", flux.size());
  return size > LARGE ? (TIMEOUT_MS * size) / 2000 : TIMEOUT_MS;
}

/** Reads the hosts and the topology of the instance. */
export async function readPlan(flux: Flux, timeoutMs?: number): Promise<OverlayPlan> {
  const [{ HostMap }, { OverlayTopology }] = await Promise.all([
    import("./host-map.ts"),
    import("./overlay-topology.ts"),
  ]);
  const [hosts, topology] = await Promise.all([
    about("hostlist", HostMap.read(flux)),
    about("overlay.topology", OverlayTopology.read(flux, { timeoutMs })),
  ]);
  return { hosts, topology };
}

/** Adds `-H TARGET`, which may be given more than once. */
export function withHighlight(command: Command): Command {
  return command.addOption(
    new Option("-H, --highlight <TARGET>", "mark these ranks or hosts and what is above them")
      .default([], "none")
      .argParser((target: string, targets: string[]) => [...targets, target]),
  );
}

/** The ranks that `-H` marks: those it names and their ancestors. @throws Failure when it names what is not there. */
export function highlighted({ hosts, topology }: OverlayPlan, targets: readonly string[]): Set<number> {
  const complain = (text: string) => (error: Error) => usageError(`--highlight: ${text}${error.message}`);
  const ranks = targets.flatMap(
    (target) =>
      decodeIdset(target) ?? rethrow(() => [...hosts.lookup(target).ranks], complain(`${target}: `)),
  );
  return rethrow(() => topology.withAncestors(ranks), complain(""));
}

/** The value of `work`; what it throws becomes a wrong usage. */
export function asUsage<T>(work: () => T): T {
  return rethrow(work, ({ message }) => usageError(message));
}

function rethrow<T>(work: () => T, change: (error: Error) => Error): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof Error ? change(error) : error;
  }
}

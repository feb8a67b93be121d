import { formatDuration } from "../base/index.ts";
import type { Colors } from "./colors.ts";
import type { HostMap } from "./host-map.ts";
import { failureText } from "./overlay-errors.ts";
import type { WalkedNode } from "./overlay-walk.ts";

export interface StatusLineOptions {
  readonly hosts: Pick<HostMap, "hostOf">;
  /** 1: time in the status; 2: round trips too. */
  readonly verbose: number;
  /** Ranks that stand out. */
  readonly highlight: ReadonlySet<number>;
  readonly colors: Colors;
}

/** A rank and its host as both are printed; `<<` marks one that stands out where there are no colours. */
export function nameLine(
  rank: number,
  { hosts, highlight, colors }: Omit<StatusLineOptions, "verbose">,
): string {
  const name = `${rank} ${hosts.hostOf(rank)}`;
  if (!highlight.has(rank)) return name;
  return colors.isColorSupported ? colors.bold(colors.blue(name)) : `<<${name}>>`;
}

/** The status of a node without its name: `full for 2.5s (0.4 ms)`. */
export function statusWords(node: WalkedNode, { verbose, colors }: StatusLineOptions): string {
  const { duration = 0, error = "", failure, ms } = node;
  const since = verbose > 0 && duration > 0 ? ` for ${formatDuration(duration * 1000)}` : "";
  const trip = verbose > 1 && ms !== undefined ? ` (${ms.toFixed(3)} ms)` : "";
  if (failure !== undefined) return `${colors.red(failureText(failure))}${trip}`;
  return `${paint(node, colors)}${since}${error === "" ? "" : ` ${error}`}${trip}`;
}

/** A line as `flux overlay status` has it: `2 node2: lost lost connection`. Source: flux-overlay(1). */
export function statusLine(node: WalkedNode, options: StatusLineOptions): string {
  return `${nameLine(node.rank, options)}: ${statusWords(node, options)}`;
}

/** A node and those below for JSON: `{rank, host, status, duration?, error?, failure?, ghost?, children}`, durations in seconds. */
export function describeNode(
  { rank, status, duration, error, failure, ghost, children }: WalkedNode,
  hosts: Pick<HostMap, "hostOf">,
): object {
  return {
    rank,
    host: hosts.hostOf(rank),
    status,
    duration: duration === undefined ? undefined : Number(duration.toFixed(6)),
    error,
    failure: failure === undefined ? undefined : failureText(failure),
    ghost,
    children: children.map((child) => describeNode(child, hosts)),
  };
}

function paint({ status, ghost }: WalkedNode, colors: Colors): string {
  if (ghost) return colors.gray(status);
  if (status === "lost") return colors.red(status);
  return status === "offline" ? colors.yellow(status) : status;
}

import type { Topology } from "../../src/overlay/index.ts";
import type { Random } from "./message-fuzz.ts";

export const FAULT_ROLES = ["leaf", "router", "root"] as const;
export type FaultRole = (typeof FAULT_ROLES)[number];

/** What is done to a broker: `stop` is followed by SIGCONT, in `stop-kill` it is killed while it is stopped. */
export type FaultKind = "kill" | "stop" | "stop-kill";

export interface Fault {
  readonly role: FaultRole;
  readonly rank: number;
  readonly kind: FaultKind;
  /** A stopped broker stays so until its parent calls it torpid. */
  readonly torpid: boolean;
}

/** The roles' shares: the root's faults take the longest, and nobody who could leak outlives its death. */
const SHARES: readonly FaultRole[] = ["leaf", "leaf", "leaf", "leaf", "router", "router", "router", "root"];
const KINDS: readonly FaultKind[] = ["kill", "kill", "kill", "stop", "stop", "stop", "stop-kill"];
/** One in so many of those stopped stays until it is torpid, which takes seconds. */
const TORPID_SHARE = 5;

/** The next fault at random, among the given roles; the same ones for the same numbers. */
export function chooseFault(
  topology: Topology,
  random: Random,
  roles: readonly FaultRole[] = FAULT_ROLES,
): Fault {
  const shares = SHARES.filter((role) => roles.includes(role));
  const role = pick(shares, random);
  const rank = pick(ranksOf(topology, role), random);
  const kind = pick(KINDS, random);
  return { role, rank, kind, torpid: random(TORPID_SHARE) === 0 && kind === "stop" && role !== "root" };
}

/** One of the items. */
export function pick<T>(items: readonly T[], random: Random): T {
  return items[random(items.length)]!;
}

function ranksOf(topology: Topology, role: FaultRole): number[] {
  if (role === "root") return [0];
  const ranks = Array.from({ length: topology.size - 1 }, (_, i) => i + 1);
  return ranks.filter((rank) => topology.descendants(rank) > 0 === (role === "router"));
}

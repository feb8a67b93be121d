/** States of the subtree below and including a broker, by their numbers on the wire. Source: children.h in flux-core. */
export const SUBTREE_STATUS = ["unknown", "full", "partial", "degraded", "lost", "offline"] as const;

/**
 * `full`: all ranks are there. `partial`: some have not come yet or have left in order. `degraded`: some were lost. These three are online.
 * `lost`: the connection broke. `offline`: never came, or left in order.
 */
export type SubtreeStatus = (typeof SUBTREE_STATUS)[number];

/** The status of a number on the wire; `unknown` for numbers that are none. */
export function statusOf(number: number): SubtreeStatus {
  return SUBTREE_STATUS[number] ?? "unknown";
}

export function statusNumber(status: SubtreeStatus): number {
  return SUBTREE_STATUS.indexOf(status);
}

/** True when the root of the subtree is connected. */
export function isOnline(status: SubtreeStatus): boolean {
  return status === "full" || status === "partial" || status === "degraded";
}

/** The status of a broker whose children have these: a loss outweighs an absence. */
export function combineStatus(children: Iterable<SubtreeStatus>): SubtreeStatus {
  let combined: SubtreeStatus = "full";
  for (const status of children) {
    if (status === "degraded" || status === "lost") return "degraded";
    if (status === "partial" || status === "offline") combined = "partial";
  }
  return combined;
}

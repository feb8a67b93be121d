import { type FluxError, strerror } from "../base/index.ts";
import type { OverlayTopology } from "./overlay-topology.ts";
import type { WalkedNode } from "./overlay-walk.ts";

/** Ranks that are missing for the same reason. */
export interface OverlayError {
  readonly error: string;
  /** Ascending. */
  readonly ranks: readonly number[];
}

/**
 * Why ranks are missing, by reasons, that of the lowest rank first. What is behind a lost broker has lost its parent; a broker that is offline is
 * mentioned only when somebody said why. Source: flux-overlay(1), errors.
 */
export function overlayErrors(root: WalkedNode, topology: OverlayTopology): OverlayError[] {
  const ranksOf = new Map<string, Set<number>>();
  const add = (error: string, ranks: readonly number[]): void => {
    const known = ranksOf.get(error) ?? new Set();
    for (const rank of ranks) known.add(rank);
    if (known.size > 0) ranksOf.set(error, known);
  };
  const open: WalkedNode[] = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const { rank, status, error = "", failure, children } = node;
    if (failure !== undefined || status === "lost") {
      add(failure === undefined ? error || "unknown error" : failureText(failure), [rank]);
      add("lost parent", topology.ranksBelow(rank));
    } else if (status === "offline") {
      if (error !== "") add(error, [rank]);
    } else open.push(...children);
  }
  return [...ranksOf]
    .map(([error, ranks]) => ({ error, ranks: [...ranks].sort((a, b) => a - b) }))
    .sort((a, b) => a.ranks[0]! - b.ranks[0]!);
}

/** Why a broker did not answer, as flux(1) says it. */
export function failureText(failure: FluxError): string {
  return failure.code === "ETIMEDOUT" ? strerror(failure.errno) : failure.message;
}

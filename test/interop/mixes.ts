import { existsSync } from "node:fs";
import type { Flux } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import type { BrokerKind } from "../helpers/broker-processes.ts";
import { runFlux } from "../helpers/run-flux.ts";
import { until } from "../helpers/until.ts";

/** An instance of brokers of both kinds: a chain in which each rank is the parent of the next. */
export interface Mix {
  readonly name: string;
  /** Whose broker is which rank. */
  readonly kinds: readonly BrokerKind[];
}

export const MIXES: readonly Mix[] = [
  { name: "a fluxbus leaf under flux-core", kinds: ["flux-core", "fluxbus"] },
  { name: "a flux-core leaf under fluxbus", kinds: ["fluxbus", "flux-core"] },
  { name: "fluxbus between flux-core", kinds: ["flux-core", "fluxbus", "flux-core"] },
  { name: "flux-core between fluxbus", kinds: ["fluxbus", "flux-core", "fluxbus"] },
];

/** The scheme of their trees. */
export const CHAIN = "kary:1";

/** Longest wait of one step, in milliseconds: for a machine that has much else to do. */
export const STEP_MS = 30_000;

/** Longest life of a broker, in milliseconds. */
export const RUN_MS = 300_000;

/** What rank 0 says on stderr of what the tests do. */
const EXPECTED = [
  / overlay\.err\[\d\]: fake\d \(rank \d\) failed$/,
  / broker\.err\[0\]: dead to Flux: fake\d \(rank \d\)$/,
  / mix\.err\[\d\]: of \d$/,
];

/** The lines of a broker's stderr that the tests don't bring about. */
export function unexpected(stderr: string): string {
  const lines = stderr.split("\n").filter((line) => !EXPECTED.some((pattern) => pattern.test(line)));
  return lines.join("\n");
}

/** A handle of each rank, in their order. */
export type Handles = () => readonly Flux[];

/** A handle of the rank with this socket, once it is there. */
export async function connectRank(socket: string): Promise<Flux> {
  await until(() => existsSync(socket), `${socket} is there`, STEP_MS);
  return connect(`local://${socket}`, { env: {} });
}

/** Resolves when the rank of a handle is in the state `run`. */
export async function runs(flux: Flux): Promise<void> {
  await flux.rpc("state-machine.wait", {}, { timeoutMs: STEP_MS });
}

/** Calls `check` for each pair of ranks, of one rank with itself too, all at once. */
export async function forAllPairs(
  handles: readonly Flux[],
  check: (flux: Flux, from: number, to: number) => Promise<void>,
): Promise<void> {
  await Promise.all(handles.flatMap((flux, from) => handles.map((_, to) => check(flux, from, to))));
}

/** What flux-core's `flux overlay status` prints, asked at a rank. */
export function overlayStatus(flux: Flux): Promise<string> {
  return runFlux(["overlay", "status", "--timeout=0"], { FLUX_URI: flux.uri });
}

/** What that is for a chain of hosts, with these words for each rank. */
export function chainStatus(words: readonly string[]): string {
  const stem = (rank: number): string => (rank === 0 ? "" : `${"   ".repeat(rank - 1)}└─ `);
  return words.map((word, rank) => `${stem(rank)}${rank} fake${rank}: ${word}`).join("\n");
}

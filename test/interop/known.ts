/** The cases of flux-core's scripts that are known to fail. `npm run interop -- --write` makes the tables of docs/interop.md from it. */
import type { KnownFailure } from "./runner/verdict.ts";

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  { script: "t0001-basic", cases: "95", where: "one-rank", reason: "expects an instance of two ranks" },
  {
    script: "t0002-request",
    cases: "4, 8, 15, 17-19",
    where: "one-rank",
    reason: "calls a service of rank 1",
  },
  {
    script: "t0007-ping",
    cases: "7-9, 21-23",
    where: "one-rank",
    reason: "pings rank 1, or pings from there",
  },
  { script: "t1107-heartbeat", cases: "21-23", where: "one-rank", reason: "runs commands on rank 1" },
  { script: "lua/t0001-send-recv", cases: "0, 19", where: "one-rank", reason: "pings rank 1, and gives up" },
  { script: "lua/t0002-rpc", cases: "0, 5, 12, 13", where: "one-rank", reason: "pings rank 1, and gives up" },
];

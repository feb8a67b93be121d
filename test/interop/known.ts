/** The cases of flux-core's scripts that are known to fail. `npm run interop -- --write` makes the tables of docs/interop.md from it. */
import type { KnownFailure } from "./runner/verdict.ts";

export const KNOWN_FAILURES: readonly KnownFailure[] = [
  {
    script: "t3309-system-reconnect",
    cases: "3",
    where: "fluxbus",
    reason:
      "wants a request that waits in kvs-watch to be lost with the broker; here modules of flux-core are processes, and who waits for one hears of its end (EHOSTUNREACH)",
  },
];

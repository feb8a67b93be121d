/** The cases of flux-core's scripts that are known to fail. `npm run interop -- --write` makes the tables of docs/interop.md from it. */
import type { KnownFailure } from "./runner/verdict.ts";

export const KNOWN_FAILURES: readonly KnownFailure[] = [];

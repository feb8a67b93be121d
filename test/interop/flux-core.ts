import { spawnSync } from "node:child_process";

const found = spawnSync("flux", ["version"], { encoding: "utf8" });

/** Why the tests with a real flux-core are skipped, for the option `skip` of a test; false when `flux` is on PATH. */
export const NO_FLUX: string | false = found.error === undefined ? false : "flux is not on PATH";

/** Options of a test that needs a real flux-core. */
export const WITH_FLUX = { skip: NO_FLUX, timeout: 300_000 };

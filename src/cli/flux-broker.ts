import { enableCompileCache } from "./compile-cache.ts";
import { loadAtOnce } from "./load-at-once.ts";

enableCompileCache(process.env);
const { runFluxBroker } = await loadAtOnce("flux-broker-run", () => import("./flux-broker-run.ts"));
process.exitCode = await runFluxBroker(process.argv.slice(2));

import { enableCompileCache } from "./compile-cache.ts";
import { loadAtOnce } from "./load-at-once.ts";

enableCompileCache(process.env);
const { runRank } = await loadAtOnce("rank-run", () => import("./rank-run.ts"));
process.exitCode = await runRank(process.argv[2]!);

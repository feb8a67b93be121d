#!/usr/bin/env node
import { enableCompileCache } from "./compile-cache.ts";
import { loadAtOnce } from "./load-at-once.ts";

enableCompileCache(process.env);
const { run } = await loadAtOnce("program", () => import("./program.ts"));
const status = await run(process.argv.slice(2));
if (status !== 0) process.exitCode = status;

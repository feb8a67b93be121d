#!/usr/bin/env node
import { exitQuietlyOnBrokenPipe } from "./output.ts";
import { run } from "./program.ts";

exitQuietlyOnBrokenPipe();
const status = await run(process.argv.slice(2));
if (status !== 0) process.exitCode = status;

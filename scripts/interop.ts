/**
 * Runs flux-core's own test scripts with fluxbus in place of its broker, and compares with what docs/interop.md says.
 * FLUX_BUILD_DIR names a built tree of flux-core, FLUX_SOURCE_DIR its sources if they are elsewhere. Both are only read.
 */
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { writeDocs } from "../test/interop/docs.ts";
import { KNOWN_FAILURES } from "../test/interop/known.ts";
import { runScript } from "../test/interop/runner/run-script.ts";
import { leaveLogs, makeScratch, type Scratch } from "../test/interop/runner/scratch.ts";
import { DEFAULT_SCRIPTS, findScripts, type Script } from "../test/interop/runner/scripts.ts";
import { sizeEnvironment } from "../test/interop/runner/sizes.ts";
import { heading, lines, summary } from "../test/interop/runner/table.ts";
import { type Broker, judge, type Verdict } from "../test/interop/runner/verdict.ts";

const USAGE = `Usage: npm run interop -- [options] [script...]
  --size N             scripts start at most N brokers; 0: as many as they want (default 0)
  --broker NAME        fluxbus, or flux for flux-core's own (default fluxbus)
  --timeout SECONDS    time limit of each script (default 300)
  -j, --jobs N         scripts at a time (default 1)
  --debug              scripts keep their trash directories and broker logs
  --write              write docs/interop.md; for fluxbus, and scripts of their own size
  --list               name the scripts there are
A script is named as t0008-attr, python/t0001-handle, lua/t0002-rpc, or by the beginning of that.
FLUX_BUILD_DIR names a built tree of flux-core, FLUX_SOURCE_DIR its sources if they are elsewhere.`;

const ROOT = resolve(import.meta.dirname, "..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: "string", default: "0" },
    broker: { type: "string", default: "fluxbus" },
    timeout: { type: "string", default: "300" },
    jobs: { type: "string", short: "j", default: "1" },
    debug: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

function fail(message: string): never {
  console.error(`interop: ${message}`);
  process.exit(2);
}

function number(option: "size" | "timeout" | "jobs", least: number): number {
  const value = Number(values[option]);
  if (!Number.isInteger(value) || value < least) fail(`--${option} wants a whole number from ${least}`);
  return value;
}

function environment(build: string, source: string, scratch: Scratch): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (!/^(?:FLUX_|PMI|SLURM|npm_|NODE_OPTIONS|LUA_|PYTHON|SHARNESS|TEST_)/.test(name)) env[name] = value;
  }
  return {
    ...env,
    ...sizeEnvironment(size),
    ...(broker === "fluxbus" ? { FLUX_EXEC_PATH_PREPEND: scratch.libexec } : {}),
    FLUX_BUILD_DIR: build,
    FLUX_SOURCE_DIR: source,
    PATH: `${join(build, "src/cmd")}:${process.env["PATH"]}:${dirname(process.execPath)}`,
    TMPDIR: scratch.tmp,
    PYTHONDONTWRITEBYTECODE: "1",
  };
}

async function runAll(scripts: readonly Script[], scratch: Scratch): Promise<Verdict[]> {
  const flux = join(build, "src/cmd/flux");
  const python = execFileSync(flux, ["python", "-c", "import sys; print(sys.executable)"], {
    encoding: "utf8",
  }).trim();
  const env = environment(build, source, scratch);
  const verdicts: Verdict[] = [];
  const queue = [...scripts];
  const worker = async (): Promise<void> => {
    for (let script = queue.shift(); script !== undefined && !ended.signal.aborted; script = queue.shift()) {
      const { debug } = values;
      const result = await runScript(script, {
        ...{ scratch, source, build, python, debug, timeoutMs, env },
        signal: ended.signal,
      });
      const verdict = judge(result, KNOWN_FAILURES, broker);
      verdicts.push(verdict);
      console.log(lines(verdict));
    }
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  const order = scripts.map(({ name }) => name);
  return verdicts.sort((a, b) => order.indexOf(a.result.script) - order.indexOf(b.result.script));
}

if (values.help) {
  console.log(USAGE);
  process.exit(0);
}
const size = number("size", 0) || undefined;
const timeoutMs = number("timeout", 1) * 1000;
const jobs = number("jobs", 1);
if (values.broker !== "flux" && values.broker !== "fluxbus") fail(`no broker is named ${values.broker}`);
const broker: Broker = values.broker;
if (values.write && (broker === "flux" || size !== undefined)) fail("--write is for fluxbus, without --size");
const build = resolve(process.env["FLUX_BUILD_DIR"] ?? fail("FLUX_BUILD_DIR names no build of flux-core"));
const source = resolve(process.env["FLUX_SOURCE_DIR"] ?? build);
const needed = [join(build, "src/cmd/flux"), join(source, "t/sharness.sh")];
if (broker === "fluxbus") needed.push(join(ROOT, "libexec/flux-broker"));
for (const path of needed) {
  try {
    accessSync(path, path.endsWith("flux") || path.endsWith("flux-broker") ? constants.X_OK : constants.R_OK);
  } catch {
    fail(`there is no ${path}`);
  }
}

const ended = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.abort());
const scratch = makeScratch({ source, build, packageRoot: broker === "fluxbus" ? ROOT : undefined, size });
const words = positionals.length === 0 ? DEFAULT_SCRIPTS : positionals;
let status = 1;
try {
  if (values.list) {
    for (const { name } of scratch.scripts) console.log(name);
    status = 0;
  } else {
    const scripts = [...new Set(words.flatMap((word) => findScripts(scratch.scripts, word)))];
    console.log(`logs: ${scratch.logs}\n${heading()}`);
    const verdicts = await runAll(scripts, scratch);
    console.log(summary(verdicts));
    if (values.write) writeDocs(verdicts, KNOWN_FAILURES);
    status = verdicts.length === scripts.length && verdicts.every(({ asKnown }) => asKnown) ? 0 : 1;
  }
} finally {
  if (!values.debug) leaveLogs(scratch);
}
process.exitCode = status;

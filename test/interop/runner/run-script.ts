/** Runs one script with a time limit and tells how its cases ended. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { appendFileSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { endProcesses, MARK } from "./processes.ts";
import type { Scratch } from "./scratch.ts";
import { commandOf, type Script } from "./scripts.ts";
import { type Case, parseTap } from "./tap.ts";

export interface ScriptResult {
  readonly script: string;
  /** The cases in order. Number 0 is the script as a whole: there only if it failed as such. */
  readonly cases: readonly Case[];
  readonly skipAll: string | undefined;
  readonly seconds: number;
  readonly logFile: string;
  /** Processes that outlived the script by two seconds, and were ended. */
  readonly leftOver: readonly string[];
}

export interface RunOptions {
  readonly scratch: Scratch;
  readonly source: string;
  readonly build: string;
  readonly python: string;
  readonly debug: boolean;
  readonly timeoutMs: number;
  readonly env: NodeJS.ProcessEnv;
  /** Ends the script as the time limit does. */
  readonly signal: AbortSignal;
}

export async function runScript(script: Script, options: RunOptions): Promise<ScriptResult> {
  const { scratch } = options;
  const { command, args, env } = commandOf(script, { ...options, t: scratch.t });
  const log = join(scratch.logs, `${script.name}.log`);
  mkdirSync(dirname(log), { recursive: true });
  const [out, err] = [`${log}.out`, `${log}.err`];
  // Sharness writes what its cases print to this file, and removes it when all pass: it removes the link, and the log stays.
  if (script.kind === "sharness") symlinkSync(log, join(scratch.t, `${basename(script.name)}.output`));
  const [outFd, errFd] = [openSync(out, "w"), openSync(err, "w")];
  const mark = randomUUID();
  const started = Date.now();
  const child = spawn(command, args, {
    cwd: scratch.t,
    env: { ...options.env, ...env, [MARK]: mark },
    detached: true,
    stdio: ["ignore", outFd, errFd],
  });
  closeSync(outFd);
  closeSync(errFd);
  let stopping: Promise<unknown> | undefined;
  const stop = (): void => {
    stopping ??= endProcesses(mark, child.pid ?? -1, 0);
  };
  const limit = setTimeout(stop, options.timeoutMs);
  options.signal.addEventListener("abort", stop);
  const status = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? String(code)));
  });
  clearTimeout(limit);
  options.signal.removeEventListener("abort", stop);
  await stopping;
  const left = stopping === undefined ? await endProcesses(mark, child.pid ?? -1, 2_000) : [];
  const tap = parseTap(readFileSync(out, "utf8"));
  for (const part of [out, err]) {
    appendFileSync(log, `\n======== ${part === out ? "stdout" : "stderr"} ========\n`);
    appendFileSync(log, readFileSync(part));
    rmSync(part);
  }
  const whole = wholeFailure(tap, status, stopping === undefined ? undefined : (Date.now() - started) / 1000);
  return {
    script: script.name,
    cases: whole === undefined ? tap.cases : [{ number: 0, name: whole, outcome: "not ok" }, ...tap.cases],
    skipAll: tap.skipAll,
    seconds: (Date.now() - started) / 1000,
    logFile: log,
    leftOver: left.map(({ pid, command: words }) => `${pid} ${words}`),
  };
}

/** Why the script as a whole failed, apart from its cases. */
function wholeFailure(
  tap: ReturnType<typeof parseTap>,
  status: string,
  stoppedAfter: number | undefined,
): string | undefined {
  const after = `after case ${tap.cases.length}`;
  if (stoppedAfter !== undefined)
    return `stopped after ${stoppedAfter.toFixed(0)} s and ${tap.cases.length} cases`;
  if (tap.bailOut !== undefined) return `bailed out ${after}: ${tap.bailOut}`;
  if (tap.plan === undefined) return `ended without a plan ${after}, exit status ${status}`;
  if (tap.plan !== tap.cases.length)
    return `planned ${tap.plan} cases, ended ${after}, exit status ${status}`;
  const failed = tap.cases.some(({ outcome }) => outcome === "not ok" || outcome === "missing");
  return status !== "0" && !failed ? `exit status ${status} though every case passed` : undefined;
}

import assert from "node:assert/strict";
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../helpers/until.ts";

const ROOT = join(import.meta.dirname, "../..");

/**
 * The package as it is installed, for all tests of this process: compiled in a folder of its own, with what it finds beside `dist`. A process of
 * it starts in a quarter of the time of one from the source.
 */
const PACKAGE = mkdtempSync(join(tmpdir(), "fluxbus-cli-"));
// Not a hook of the tests: those of a root suite may run as soon as no test is waiting, and more files come.
process.once("exit", () => rmSync(PACKAGE, { recursive: true, force: true }));
const compiler = spawnSync(
  join(ROOT, "node_modules/.bin/tsc"),
  ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", join(PACKAGE, "dist")],
  { encoding: "utf8" },
);
// Its scripts look for `dist` from where they really are.
cpSync(join(ROOT, "libexec"), join(PACKAGE, "libexec"), { recursive: true });
for (const name of ["node_modules", "completions", "package.json"]) {
  symlinkSync(join(ROOT, name), join(PACKAGE, name));
}

/** The program that `fluxbus` is. */
export const MAIN = join(PACKAGE, "dist/cli/main.js");
assert(existsSync(MAIN), `${compiler.stdout}${compiler.stderr}`);

/** The program that stands in for flux-core's `flux-broker`. */
export const FLUX_BROKER = join(PACKAGE, "dist/cli/flux-broker.js");

/** Longest run of a process, in milliseconds; then it is killed, and its test fails by its status. */
const RUN_MS = 20_000;

/** How a process ended, and what it wrote. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunOptions {
  /** FLUX_URI of the process; without one it has none. */
  readonly uri?: string;
  /** Standard input; without one it is empty. `"open"` stays open. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** What runs instead of `fluxbus`: a script of the package. */
  readonly script?: string;
  /** What runs instead of Node with a script. */
  readonly command?: string;
  /** Longest run in milliseconds, when it is not the usual one. */
  readonly runMs?: number;
}

/** A `fluxbus` process that is running. */
export class CliProcess {
  readonly child: ChildProcessWithoutNullStreams;
  readonly outcome: Promise<Outcome>;
  stdout = "";
  stderr = "";

  constructor(words: readonly string[], options: RunOptions = {}) {
    const { FLUX_URI: _uri, NO_COLOR: _no, FORCE_COLOR: _force, ...inherited } = process.env;
    const own = { TZ: "UTC", SHELL: "/bin/sh", XDG_CACHE_HOME: join(PACKAGE, "cache") };
    const env = { ...inherited, ...own, ...options.env };
    const { command } = options;
    const [file, ...args] =
      command === undefined ? [process.execPath, options.script ?? MAIN, ...words] : [command, ...words];
    this.child = spawn(file!, args, {
      env: options.uri === undefined ? env : { ...env, FLUX_URI: options.uri },
    });
    this.child.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    this.child.stdin.on("error", () => {});
    this.child.stdin.end(options.input ?? "");
    this.outcome = this.#wait(options.runMs ?? RUN_MS);
  }

  /** Resolves when it has written so much to stdout that `pattern` matches. */
  async wrote(pattern: RegExp): Promise<void> {
    await until(() => pattern.test(this.stdout) || this.ended, `${pattern} in ${this.stdout}`, RUN_MS);
  }

  get ended(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Sends a signal and resolves to how it ended. */
  end(signal: NodeJS.Signals): Promise<Outcome> {
    this.child.kill(signal);
    return this.outcome;
  }

  async #wait(runMs: number): Promise<Outcome> {
    const timer = setTimeout(() => this.child.kill("SIGKILL"), runMs);
    const [status, signal] = (await once(this.child, "close")) as [number | null, NodeJS.Signals | null];
    clearTimeout(timer);
    return { stdout: this.stdout, stderr: this.stderr, status, signal };
  }
}

/** Runs `fluxbus` with the words and waits for its end. */
export function fluxbus(words: readonly string[], options?: RunOptions): Promise<Outcome> {
  return new CliProcess(words, options).outcome;
}

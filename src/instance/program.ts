import type { ChildProcess } from "node:child_process";
import { accessSync, closeSync, constants, openSync, readFileSync, readSync, statSync } from "node:fs";
import { constants as os } from "node:os";
import { basename } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { FluxError } from "../base/index.ts";
import type { Environment } from "../connect/index.ts";
import { spawnProcess } from "../system/index.ts";

/** Status of a program that could not be executed, and of one that was not found. Source: sh(1), flux-broker(1). */
const NOT_EXECUTABLE = 126;
const NOT_FOUND = 127;
const SIGNALLED = 128;

/** A program and its arguments. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
}

/**
 * What to run for the words of a command line: no word is the user's shell; one word is a file to execute if there is one, otherwise a line
 * for the shell; more words are a program and its arguments. Source: flux-start(1).
 */
export function commandLine(words: readonly string[], env: Environment): CommandLine {
  const [file, ...args] = words;
  if (file === undefined) return { file: shellOf(env), args: [] };
  if (args.length > 0 || isExecutable(file)) return { file, args };
  return shellLine(file, env);
}

/** True when this process leads its process group, as one does that a job's shell or setsid(1) has started. */
export function leadsGroup(): boolean {
  try {
    process.kill(-process.pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A line for the user's shell. */
export function shellLine(line: string, env: Environment): CommandLine {
  return { file: shellOf(env), args: ["-c", line] };
}

/** True for the words that start a shell for somebody at a terminal: none, or one of the login shells by name or path. */
export function isInteractiveShell(words: readonly string[]): boolean {
  const [word, ...rest] = words;
  if (word === undefined) return true;
  if (rest.length > 0) return false;
  return loginShells().some((shell) => shell === word || basename(shell) === word);
}

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv;
  /**
   * Takes each line the program writes, and whether to stderr; it then has no input and leads a process group of its own. Without it the program shares
   * input, output and process group with this process.
   */
  readonly onLine?: ((line: string, stderr: boolean) => void) | undefined;
  /** True makes it the leader of a process group, which signals go to. */
  readonly ownGroup?: boolean | undefined;
}

/** How a program ended: its exit status, 128 + N when signal N ended it, 127 when it was not found, 126 when it could not be executed. */
export interface ProgramExit {
  readonly status: number;
  /** The signal that ended it. */
  readonly signal?: NodeJS.Signals;
  /** Why it never ran. */
  readonly error?: FluxError;
}

/** A program run for an instance. Ends by itself; `exit` resolves when it is over and what it wrote was taken. */
export class Program {
  readonly exit: Promise<ProgramExit>;
  readonly #child: ChildProcess | undefined;
  readonly #group: boolean;

  constructor(command: CommandLine, options: ProgramOptions) {
    const { env, onLine } = options;
    this.#group = options.ownGroup ?? onLine !== undefined;
    if (!hasFormat(command.file)) {
      const error = new FluxError("ENOEXEC", "Exec format error");
      this.exit = Promise.resolve({ status: NOT_EXECUTABLE, error });
      return;
    }
    const stdio = onLine === undefined ? "inherit" : (["ignore", "pipe", "pipe"] as const);
    const child = spawnProcess(command.file, command.args, {
      env,
      detached: this.#group,
      stdio: typeof stdio === "string" ? stdio : [...stdio],
    });
    this.#child = child;
    const read = [readLines(child.stdout, false, onLine), readLines(child.stderr, true, onLine)];
    this.exit = exitOf(child).then(async (exit) => {
      // What a background process holds open is not waited for.
      if (exit.error === undefined) await Promise.race([Promise.all(read), pipesIdle(child)]);
      return exit;
    });
  }

  /** Sends it a signal, or to its process group if it leads one; nothing happens when it is over. */
  signal(name: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(this.#group ? -pid : pid, name);
    } catch {
      // It ended in this moment.
    }
  }
}

/** Longest wait for output behind the end of a program whose pipes others hold open, in milliseconds. */
const LAST_OUTPUT_MS = 100;

function pipesIdle(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      child.stdout?.destroy();
      child.stderr?.destroy();
      resolve();
    }, LAST_OUTPUT_MS);
    timer.unref();
  });
}

function exitOf(child: ChildProcess): Promise<ProgramExit> {
  return new Promise((resolve) => {
    child.once("error", (thrown) => {
      const { code, errno } = FluxError.from(thrown);
      const error = new FluxError(errno, undefined, { cause: thrown });
      resolve({ status: code === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE, error });
    });
    child.once("exit", (code, signal) => {
      if (signal === null) resolve({ status: code ?? 1 });
      else resolve({ status: SIGNALLED + os.signals[signal], signal });
    });
  });
}

async function readLines(
  stream: Readable | null | undefined,
  stderr: boolean,
  onLine: ProgramOptions["onLine"],
): Promise<void> {
  // A process for which there are no descriptors has no streams either.
  if (stream === null || stream === undefined || onLine === undefined) return;
  stream.on("error", () => {});
  for await (const line of createInterface({ input: stream })) onLine(line, stderr);
}

/** The user's shell; bash where none is named, as for a broker that systemd starts: scripts for flux-core count on it. */
export function shellOf(env: Environment): string {
  return env["SHELL"] || "/bin/bash";
}

function loginShells(): string[] {
  try {
    const lines = readFileSync("/etc/shells", "utf8").split("\n");
    return lines.map((line) => line.trim()).filter((line) => line.startsWith("/"));
  } catch {
    return ["/bin/sh", "/bin/csh"];
  }
}

function isExecutable(file: string): boolean {
  if (/\s/.test(file)) return false;
  try {
    accessSync(file, constants.X_OK | constants.R_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

/**
 * False for a text without an interpreter line: execve(2) refuses it, where a library call would give it to a shell unasked. Files that are looked up in PATH are
 * not looked at.
 */
function hasFormat(file: string): boolean {
  if (!file.includes("/")) return true;
  const head = new Uint8Array(128);
  try {
    const fd = openSync(file, "r");
    try {
      const length = readSync(fd, head);
      return (head[0] === 0x23 && head[1] === 0x21) || head.subarray(0, length).includes(0);
    } finally {
      closeSync(fd);
    }
  } catch {
    return true; // whoever executes it says what is wrong
  }
}

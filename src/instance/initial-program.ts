import { type ChildProcess, spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as os } from "node:os";
import { FluxError } from "../base/index.ts";
import type { Environment } from "../connect/index.ts";

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
  const shell = env["SHELL"] || "/bin/sh";
  const [file, ...args] = words;
  if (file === undefined) return { file: shell, args: [] };
  if (args.length > 0 || isExecutable(file)) return { file, args };
  return { file: shell, args: ["-c", file] };
}

/**
 * The program an instance is there for. It shares the terminal and the process group of this process.
 *
 * Ends by itself; `exit` resolves to its status as a shell gives it.
 */
export class InitialProgram {
  readonly #child: ChildProcess;
  /**
   * Resolves when the program is over: its exit status, 128 + N when signal N ended it, 127 when it was not found, 126 when it could not be
   * executed; `error` says why it never ran.
   */
  readonly exit: Promise<{ readonly status: number; readonly error?: FluxError }>;

  /** Starts the program in `env`. */
  constructor(command: CommandLine, env: NodeJS.ProcessEnv) {
    this.#child = spawn(command.file, command.args, { env, stdio: "inherit" });
    this.exit = new Promise((resolve) => {
      this.#child.once("error", (thrown) => {
        const { code, errno } = FluxError.from(thrown);
        const error = new FluxError(errno, undefined, { cause: thrown });
        resolve({ status: code === "ENOENT" ? NOT_FOUND : NOT_EXECUTABLE, error });
      });
      this.#child.once("exit", (code, signal) => {
        resolve({ status: signal === null ? (code ?? 1) : SIGNALLED + os.signals[signal] });
      });
    });
  }

  /** Sends it a signal; nothing happens when it is over. */
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { createInterface } from "node:readline";
import { FluxError } from "../base/index.ts";
import { Failure } from "./failure.ts";

/** What a broker says when it is ready. */
interface Ready {
  readonly uri: string;
  readonly rundir: string;
  readonly rundirMade: boolean;
}

/** Longest wait for a broker to end, in milliseconds; then it is killed. The ranks of an instance end one after the other. */
const STOP_MS = 5000;
export const STOP_RANKS_MS = 20_000;

/**
 * A `fluxbus broker` as a process of its own. It leads its own process group, so that Ctrl-C on the terminal is for the command only; and it
 * stops when its standard input ends, which happens at the latest when this process ends, whatever ended it.
 */
export class BrokerProcess implements AsyncDisposable {
  readonly uri: string;
  /** Resolves when the process is over. */
  readonly exit: Promise<void>;
  readonly #child: ChildProcess;
  readonly #ready: Ready;
  readonly #stopMs: number;

  private constructor(child: ChildProcess, exit: Promise<void>, ready: Ready, stopMs: number) {
    this.#child = child;
    this.#ready = ready;
    this.#stopMs = stopMs;
    this.uri = ready.uri;
    this.exit = exit;
  }

  /**
   * Starts a broker with the words of `fluxbus broker` and waits until it takes clients. Its stderr is that of this process. `stopMs` is the longest
   * wait for its end, in milliseconds.
   * @throws Failure when it ends before it is ready: it has said why.
   */
  static async start(
    words: readonly string[],
    signal: AbortSignal,
    stopMs = STOP_MS,
  ): Promise<BrokerProcess> {
    const own = [...process.execArgv, process.argv[1]!];
    const args = [...own, "broker", "--announce", "--exit-on-eof", ...words];
    const child = spawn(process.execPath, args, { detached: true, stdio: ["pipe", "pipe", "inherit"] });
    child.stdin.on("error", () => {});
    const exit = once(child, "exit").then(() => {});
    const abort = (): void => {
      child.stdin.end();
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      const lines = createInterface({ input: child.stdout });
      for await (const line of lines) {
        return new BrokerProcess(child, exit, JSON.parse(line) as Ready, stopMs);
      }
    } finally {
      signal.removeEventListener("abort", abort);
    }
    await exit;
    throw new Failure(undefined, new FluxError("ECONNREFUSED", "the broker did not start"));
  }

  /** True while the process runs. */
  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends the broker and what it leaves behind. */
  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), this.#stopMs);
    if (this.running) await this.exit;
    clearTimeout(timer);
    // One that was killed had no time to.
    if (this.#ready.rundirMade) await rm(this.#ready.rundir, { recursive: true, force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

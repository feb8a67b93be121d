import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { FluxError } from "../base/index.ts";
import { type FolderIdentity, folderIdentity, removeTree, spawnProcess } from "../system/index.ts";
import { Failure } from "./failure.ts";

/** What a broker says when it is ready. */
interface Ready {
  readonly uri: string;
  readonly rundir: string;
  readonly rundirMade: boolean;
}

/** A run directory that the broker removes at its end. */
interface OwnRundir {
  readonly path: string;
  readonly identity: FolderIdentity;
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
  /** The run directory that goes with the broker; undefined when it stays. */
  readonly #rundir: OwnRundir | undefined;
  readonly #stopMs: number;

  private constructor(
    child: ChildProcess,
    exit: Promise<void>,
    uri: string,
    rundir: OwnRundir | undefined,
    stopMs: number,
  ) {
    this.#child = child;
    this.#rundir = rundir;
    this.#stopMs = stopMs;
    this.uri = uri;
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
    const stdio = ["pipe", "pipe", "inherit"] as const;
    const child = spawnProcess(process.execPath, args, { detached: true, stdio: [...stdio] });
    child.stdin?.on("error", () => {});
    const exit = once(child, "exit").then(() => {});
    const abort = (): void => {
      child.stdin?.end();
    };
    signal.addEventListener("abort", abort, { once: true });
    try {
      const lines = createInterface({ input: child.stdout! });
      for await (const line of lines) {
        const { uri, rundir: path, rundirMade } = JSON.parse(line) as Ready;
        const identity = rundirMade ? await folderIdentity(path).catch(() => undefined) : undefined;
        return new BrokerProcess(child, exit, uri, identity && { path, identity }, stopMs);
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
    const rundir = this.#rundir;
    if (rundir !== undefined) await removeTree(rundir.path, rundir.identity);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

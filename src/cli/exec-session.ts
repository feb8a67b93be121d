import { encodeIdset } from "../base/index.ts";
import { RemoteGroup, type RemoteProcess, type RemoteProcessEvents } from "../rexec/index.ts";
import { ExitStatus } from "./exit-status.ts";
import { warn } from "./output.ts";

export interface ExecSessionOptions {
  /** What runs, for messages. */
  readonly name: string;
  /** With a pid or label: SIGINT leaves the process alone and names it so. */
  readonly detaches: string | undefined;
  /** Lines of output begin with their rank. */
  readonly labels: boolean;
  /** Standard input is sent. */
  readonly input: boolean;
  readonly verbose: boolean;
  readonly quiet: boolean;
}

/** Signals that are passed on. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/** Two SIGINT in this time, in milliseconds, behind a first one end the session. */
const INTERRUPT_MS = 1000;

/** Processes on ranks and the terminal in front of them: their output, its input, its signals. Source: flux-exec(1). */
export class ExecSession {
  readonly #options: ExecSessionOptions;
  readonly #start = performance.now();
  /** Resolves to the exit status when the user leaves before the processes have ended. */
  readonly #leaves: Promise<number>;
  #left = false;
  #group: RemoteGroup | undefined;
  #leave!: (status: number) => void;
  #interrupts = 0;
  #lastInterrupt = 0;
  #inputEnded = false;

  constructor(options: ExecSessionOptions) {
    this.#options = options;
    this.#leaves = new Promise((resolve) => {
      this.#leave = (status) => {
        this.#left = true;
        resolve(status);
      };
    });
  }

  /** Runs a process on each of the ranks, as `start` makes it; resolves to the exit status. */
  async run(
    ranks: readonly number[],
    start: (rank: number, events: RemoteProcessEvents) => RemoteProcess,
  ): Promise<number> {
    const { name, input, verbose, quiet } = this.#options;
    if (verbose) this.#say(`Starting ${name} on ${encodeIdset(ranks, { brackets: true })}`);
    const group = new RemoteGroup(
      ranks,
      {
        output: (rank, stream, data) => this.#output(rank, stream, data),
        failed: (rank, error) => {
          if (!this.#left) warn(`fluxbus exec: Error: rank ${rank}: ${name}: ${error.message}`);
        },
        room: () => this.#pump(),
      },
      start,
    );
    this.#group = group;
    if (verbose) this.#say("Sent all requests");
    const handlers = Object.entries(SIGNALS).map(
      ([signal, signum]) => [signal, () => this.#signal(signum)] as const,
    );
    for (const [signal, handler] of handlers) process.on(signal, handler);
    if (input) {
      process.stdin.on("readable", this.#pump);
      process.stdin.on("end", this.#finish).on("error", this.#finish);
    } else group.close();
    try {
      const status = await Promise.race([group.done.then(() => undefined), this.#leaves]);
      if (status !== undefined) return status;
    } finally {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      if (input) process.stdin.destroy();
    }
    if (verbose) this.#say(`${ranks.length} tasks complete with code ${group.exitStatus}`);
    if (!quiet) for (const line of group.summary) warn(line);
    return group.exitStatus;
  }

  #say(text: string): void {
    warn(`${(performance.now() - this.#start).toFixed(3)}ms: ${text}`);
  }

  #output(rank: number, stream: string, data: Uint8Array): void {
    const to = stream === "stderr" ? process.stderr : process.stdout;
    if (this.#options.labels) to.write(`${rank}: `);
    to.write(data);
  }

  /** Passes input on as far as all processes take it. */
  readonly #pump = (): void => {
    const group = this.#group;
    if (group === undefined || !this.#options.input || this.#inputEnded) return;
    // At its end, a read is what makes it known.
    if (process.stdin.readableLength === 0) process.stdin.read(0);
    for (;;) {
      const bytes = Math.min(group.room, process.stdin.readableLength);
      if (bytes === 0) return;
      const data = process.stdin.read(bytes) as Uint8Array | null;
      if (data === null) return;
      group.write(data);
    }
  };

  readonly #finish = (): void => {
    if (this.#inputEnded) return;
    this.#inputEnded = true;
    this.#group?.close();
  };

  #signal(signum: number): void {
    const { detaches, verbose } = this.#options;
    const group = this.#group;
    if (group === undefined) return;
    if (signum === SIGNALS.SIGINT) {
      if (detaches !== undefined) {
        warn(`detached; use 'flux sproc kill ${detaches}' to signal it`);
        this.#leave(ExitStatus.OK);
        return;
      }
      if (this.#interrupts >= 2 && performance.now() - this.#lastInterrupt < INTERRUPT_MS) {
        warn(`${encodeIdset(group.pending, { brackets: true })}: command still running at exit`);
        this.#leave(ExitStatus.FAILED);
        return;
      }
    }
    if (verbose) warn(`sending signal ${signum} to ${group.running} running processes`);
    group.kill(signum, (rank, error) => {
      if (verbose && !this.#left)
        warn(`failed to signal rank ${rank}: ${error instanceof Error ? error.message : String(error)}`);
    });
    if (signum !== SIGNALS.SIGINT) return;
    if (this.#interrupts > 0)
      warn(`interrupt (Ctrl+C) one more time within ${(INTERRUPT_MS / 1000).toFixed(2)} sec to exit`);
    this.#lastInterrupt = performance.now();
    this.#interrupts++;
  }
}

import { encodeIdset, type FluxError } from "../base/index.ts";
import type { RemoteProcess, RemoteProcessEvents } from "./remote-process.ts";
import { describeStatus, shellStatus } from "./wait-status.ts";

/** What the processes of a group tell. */
export interface RemoteGroupEvents {
  output(rank: number, stream: string, data: Uint8Array): void;
  failed(rank: number, error: FluxError): void;
  /** All have started or failed, or there is more room for input. */
  room(): void;
}

interface Member {
  readonly process: RemoteProcess;
  credit: number;
}

/** One command on several ranks: the same input for all, and one exit status. Source: flux-exec(1). */
export class RemoteGroup {
  /** Resolves when all are over. */
  readonly done: Promise<void>;
  /** The largest exit status so far, as a shell has it. */
  exitStatus = 0;
  readonly #ranks: Set<number>;
  readonly #events: RemoteGroupEvents;
  readonly #members = new Map<number, Member>();
  /** Those that may be written to. */
  readonly #active = new Set<Member>();
  /** Ranks by what became of their process, if that was no success. */
  readonly #outcomes = new Map<string, number[]>();
  #starting: number;
  #finish!: () => void;

  /** `start` makes the process of a rank with the events it is given. */
  constructor(
    ranks: readonly number[],
    events: RemoteGroupEvents,
    start: (rank: number, events: RemoteProcessEvents) => RemoteProcess,
  ) {
    this.#ranks = new Set(ranks);
    this.#starting = ranks.length;
    this.#events = events;
    this.done = new Promise((resolve) => {
      this.#finish = resolve;
    });
    for (const rank of ranks) {
      const member = { process: start(rank, this.#eventsOf(rank)), credit: 0 };
      this.#members.set(rank, member);
      this.#active.add(member);
    }
  }

  /** Ranks whose process is not over. */
  get pending(): number[] {
    return [...this.#ranks];
  }

  /** Processes that have started and not exited. */
  get running(): number {
    return this.#active.size - this.#starting;
  }

  /** True when no process takes input any more. */
  get deaf(): boolean {
    return this.#active.size === 0;
  }

  /** Bytes that may be written now: what fits into the fullest buffer. None before all have started. */
  get room(): number {
    if (this.#starting > 0 || this.#active.size === 0) return 0;
    return Math.min(...[...this.#active].map(({ credit }) => credit));
  }

  /** Lines that say on which ranks it was no success: `[0-3]: Exit 1`. */
  get summary(): string[] {
    return [...this.#outcomes].map(
      ([outcome, ranks]) => `${encodeIdset(ranks, { brackets: true })}: ${outcome}`,
    );
  }

  /** Sends input to all, `room` bytes at most. */
  write(data: Uint8Array): void {
    for (const member of this.#active) {
      member.credit -= data.length;
      member.process.write(data);
    }
  }

  /** Ends the input of all. */
  close(): void {
    for (const { process } of this.#active) process.close();
  }

  /** Sends a signal to those that run; `failed` hears of those it did not get to. */
  kill(signum: number, failed: (rank: number, error: unknown) => void): void {
    for (const [rank, { process }] of this.#members) {
      if (process.active) process.kill(signum).catch((error: unknown) => failed(rank, error));
    }
  }

  #eventsOf(rank: number): RemoteProcessEvents {
    let started = false;
    return {
      started: () => {
        started = true;
        this.#started();
      },
      output: (stream, data) => {
        if (data !== undefined) this.#events.output(rank, stream, data);
      },
      credit: (stream, bytes) => {
        if (stream !== "stdin") return;
        const member = this.#members.get(rank);
        if (member !== undefined) member.credit += bytes;
        this.#events.room();
      },
      exited: (status) => {
        this.#leave(rank);
        this.#note(shellStatus(status));
        if (status === 0) return;
        const outcome = describeStatus(status);
        const same = this.#outcomes.get(outcome);
        if (same === undefined) this.#outcomes.set(outcome, [rank]);
        else same.push(rank);
      },
      completed: () => this.#over(rank),
      failed: (error) => {
        if (!started) this.#started();
        this.#leave(rank);
        this.#note(failureStatus(error));
        this.#events.failed(rank, error);
        this.#over(rank);
      },
    };
  }

  #started(): void {
    this.#starting--;
    if (this.#starting === 0) this.#events.room();
  }

  /** One that is gone holds the others up no longer. */
  #leave(rank: number): void {
    const member = this.#members.get(rank);
    if (member !== undefined && this.#active.delete(member)) this.#events.room();
  }

  #note(status: number): void {
    if (status > this.exitStatus) this.exitStatus = status;
  }

  #over(rank: number): void {
    this.#ranks.delete(rank);
    if (this.#ranks.size === 0) this.#finish();
  }
}

/** What a shell makes of a command that did not run, and 68 (EX_NOHOST) for a rank that can't be reached. */
function failureStatus({ code }: FluxError): number {
  if (code === "EPERM" || code === "EACCES") return 126;
  if (code === "ENOENT") return 127;
  return code === "EHOSTUNREACH" ? 68 : 1;
}

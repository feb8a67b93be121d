import { formatDuration } from "../base/index.ts";
import type { LogLevel } from "../client/index.ts";
import { type BrokerState, nextState } from "./broker-state.ts";

export interface StateMachineOptions {
  /** What to do on entering a state; what comes of it is posted as an event. */
  readonly enter: (state: BrokerState) => void;
  readonly log: (level: LogLevel, text: string) => void;
  /** Milliseconds of a clock that only goes forward; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/**
 * The life of a broker: begins in `load-builtins`, ends in `exit`. Events move it; one that means nothing in a state is logged and ignored.
 * Events that are posted while another is at work wait their turn, so that watchers see every state.
 */
export class StateMachine {
  readonly #options: StateMachineOptions;
  readonly #now: () => number;
  readonly #events: string[] = [];
  readonly #watchers = new Set<(state: BrokerState) => void>();
  #state: BrokerState = "load-builtins";
  #since: number;
  #busy = false;
  #halted = false;

  constructor(options: StateMachineOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#since = this.#now();
  }

  get state(): BrokerState {
    return this.#state;
  }

  /** Milliseconds since the state was entered. */
  get durationMs(): number {
    return this.#now() - this.#since;
  }

  /** Enters the first state. */
  start(): void {
    this.#since = this.#now();
    this.#work(() => this.#enter());
  }

  /** Takes an event: see `nextState`. */
  post(event: string): void {
    if (this.#halted) return;
    this.#events.push(event);
    if (!this.#busy) this.#work(() => {});
  }

  /** Stays in its state from now on: events mean nothing any more. */
  halt(): void {
    this.#halted = true;
    this.#events.length = 0;
  }

  /** Calls `take` with each state that is entered from now on, until the returned function is called. */
  watch(take: (state: BrokerState) => void): () => void {
    this.#watchers.add(take);
    return () => this.#watchers.delete(take);
  }

  #work(first: () => void): void {
    this.#busy = true;
    try {
      first();
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) {
        this.#process(event);
      }
    } finally {
      this.#busy = false;
    }
  }

  #process(event: string): void {
    const next = nextState(this.#state, event);
    if (next === this.#state) {
      this.#options.log("debug", `${event}: ignored in ${this.#state}`);
      return;
    }
    this.#options.log("info", `${event}: ${this.#state}->${next} ${formatDuration(this.durationMs)}`);
    this.#since = this.#now();
    this.#state = next;
    this.#enter();
  }

  #enter(): void {
    const state = this.#state;
    this.#options.enter(state);
    for (const take of [...this.#watchers]) take(state);
  }
}

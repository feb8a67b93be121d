/** What a timer function gives. */
class VirtualTimer {
  readonly at: number;
  readonly order: number;
  call: (() => void) | undefined;

  constructor(at: number, order: number, call: () => void) {
    this.at = at;
    this.order = order;
    this.call = call;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/** Timers in the order they are due; those of one moment in the order they were set. */
class TimerHeap {
  readonly #timers: VirtualTimer[] = [];

  get size(): number {
    return this.#timers.length;
  }

  push(timer: VirtualTimer): void {
    const timers = this.#timers;
    let at = timers.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (isBefore(timers[above]!, timer)) break;
      timers[at] = timers[above]!;
      at = above;
    }
    timers[at] = timer;
  }

  shift(): VirtualTimer | undefined {
    const timers = this.#timers;
    const first = timers[0];
    const last = timers.pop();
    if (last === undefined || last === first) return first;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= timers.length) break;
      if (below + 1 < timers.length && isBefore(timers[below + 1]!, timers[below]!)) below++;
      if (isBefore(last, timers[below]!)) break;
      timers[at] = timers[below]!;
      at = below;
    }
    timers[at] = last;
    return first;
  }
}

function isBefore(a: VirtualTimer, b: VirtualTimer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** The system's own, also while others stand in their place. */
const system = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setImmediate: globalThis.setImmediate,
  clearImmediate: globalThis.clearImmediate,
  dateNow: Date.now,
  performanceNow: performance.now,
  random: Math.random,
};

/** When the system's event loop has gone round so often. */
async function afterTurns(count: number): Promise<void> {
  for (let i = 0; i < count; i++)
    await new Promise<void>((resolve) => {
      system.setImmediate(resolve);
    });
}

export interface VirtualTimeOptions {
  /** Milliseconds since 1970 at the beginning: whole. */
  readonly start: number;
  /** From 0 to below 1: what Math.random gives. */
  readonly random: () => number;
}

/**
 * An event loop whose time is its own: while something runs in it, timers, immediates, Date.now, performance.now and Math.random of this thread are its.
 * What is due runs in order, one at a time, with the microtasks and ticks of each before the next; when nothing is left to do at a moment, time jumps to the next
 * timer. So what does no IO runs the same way each time, and hours take no longer than their work. Nothing else may run in this thread meanwhile.
 */
export class VirtualTime {
  readonly #random: () => number;
  readonly #timers = new TimerHeap();
  #immediates: VirtualTimer[] = [];
  #nextImmediate = 0;
  #live = 0;
  #order = 0;
  #now: number;
  /** Tasks that were run. */
  turns = 0;

  constructor({ start, random }: VirtualTimeOptions) {
    this.#now = start;
    this.#random = random;
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#now;
  }

  /** Timers and immediates that are set. */
  get pending(): number {
    return this.#live;
  }

  /**
   * Runs `main` and all that comes of it, until its promise is settled; resolves or rejects as that. What is thrown outside of `main` rejects too, and so
   * does a promise that nothing is left to settle, or that is not settled after `maxTurns` tasks.
   */
  run<T>(main: () => Promise<T>, maxTurns = 10_000_000): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let over = false;
      const end = (settle: () => void): void => {
        if (over) return;
        over = true;
        this.#uninstall();
        // What is under way ends, and may fail now.
        void afterTurns(3).then(() => {
          process.off("uncaughtException", fail);
          process.off("unhandledRejection", fail);
          settle();
        });
      };
      const fail = (error: unknown): void => end(() => reject(error));
      const turn = (): void => {
        if (over) return;
        try {
          if (this.turns >= maxTurns) throw new Error(`not done after ${maxTurns} tasks`);
          this.#turn();
        } catch (error) {
          fail(error);
        }
        if (!over) system.setImmediate(turn);
      };
      process.on("uncaughtException", fail);
      process.on("unhandledRejection", fail);
      this.#install();
      main().then((value) => end(() => resolve(value)), fail);
      system.setImmediate(turn);
    });
  }

  /** Runs the next task. */
  #turn(): void {
    this.turns++;
    while (this.#nextImmediate < this.#immediates.length) {
      const task = this.#immediates[this.#nextImmediate++]!;
      if (this.#nextImmediate === this.#immediates.length) {
        this.#immediates = [];
        this.#nextImmediate = 0;
      }
      if (this.#fire(task)) return;
    }
    for (let timer = this.#timers.shift(); timer !== undefined; timer = this.#timers.shift()) {
      if (timer.call === undefined) continue;
      this.#now = Math.max(this.#now, timer.at);
      this.#fire(timer);
      return;
    }
    throw new Error("nothing is left to do, and it is not done");
  }

  #fire(task: VirtualTimer): boolean {
    const { call } = task;
    if (call === undefined) return false;
    task.call = undefined;
    this.#live--;
    call();
    return true;
  }

  #set(at: number, call: () => void): VirtualTimer {
    this.#live++;
    return new VirtualTimer(at, this.#order++, call);
  }

  readonly #clear = (timer: unknown): void => {
    if (!(timer instanceof VirtualTimer) || timer.call === undefined) return;
    timer.call = undefined;
    this.#live--;
  };

  #install(): void {
    const setTimeout = (call: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): VirtualTimer => {
      const timer = this.#set(this.#now + Math.max(1, Math.trunc(ms)), () => call(...args));
      this.#timers.push(timer);
      return timer;
    };
    const setImmediate = (call: (...args: unknown[]) => void, ...args: unknown[]): VirtualTimer => {
      const task = this.#set(this.#now, () => call(...args));
      this.#immediates.push(task);
      return task;
    };
    Object.assign(globalThis, {
      setTimeout,
      setImmediate,
      clearTimeout: this.#clear,
      clearImmediate: this.#clear,
    });
    Date.now = () => this.#now;
    performance.now = () => this.#now;
    Math.random = this.#random;
  }

  #uninstall(): void {
    const { setTimeout, clearTimeout, setImmediate, clearImmediate } = system;
    Object.assign(globalThis, { setTimeout, clearTimeout, setImmediate, clearImmediate });
    Date.now = system.dateNow;
    performance.now = system.performanceNow;
    Math.random = system.random;
  }
}

import type { LimitedLog } from "./transport-log.ts";

/** What the gate does to the sockets that listen. */
export interface Listening {
  /** New connections are dropped by the system, and tried again by their peers. */
  pause(): void;
  resume(): void;
  /** Closes the connections that were not accepted yet; returns how many. */
  flush(): number;
}

/** Descriptors that are given up for `flush`, when there are no others. */
export interface Reserve {
  release(): void;
  restore(): void;
}

export interface HandshakeGateOptions {
  /** Undefined where connections can't be held back: then they are only counted. */
  readonly listening: Listening | undefined;
  readonly reserve: Reserve | undefined;
  /** Most connections amid their handshake; at that many no more are accepted. */
  readonly most: number;
  /** Whether connections that wait to be accepted are closed at that bound: descriptors are few. */
  readonly flushes: boolean;
  /** A connection is amid its handshake for so long at most, in milliseconds. */
  readonly timeoutMs: number;
  readonly lines: LimitedLog;
  /** Milliseconds that only grow; default `performance.now`. */
  readonly now?: (() => number) | undefined;
}

/** At this part of the bound connections are accepted again. */
const RESUME_AT = 0.75;
/** How often it is looked whether that is so, in milliseconds. */
const LOOK_MS = 100;
/** After the system had no descriptor left nothing is accepted for so long, in milliseconds. */
const STARVED_MS = 1000;
/** What the end of a handshake may take to be told, in milliseconds. */
const TOLD_MS = 1000;

/**
 * Bounds the connections that are amid their handshake, which anybody can have who reaches the port: each costs a
 * descriptor, and a socket that finds none is tried again and again.
 *
 * It goes by the events of a socket, which do not tell connections apart. One that fails says so before it ends; another
 * end is taken for that of a handshake while there is one. So the count may be too low for a while, and is right again
 * when nobody has come for the time of a handshake.
 */
export class HandshakeGate {
  readonly #options: HandshakeGateOptions;
  readonly #now: () => number;
  #unfinished = 0;
  /** Connections that failed and are about to end. */
  #failed = 0;
  #lastAccept = Number.NEGATIVE_INFINITY;
  #starvedAt = Number.NEGATIVE_INFINITY;
  #paused = false;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** How often accepting was paused. */
  pauses = 0;
  /** Connections that were closed before they were accepted. */
  flushed = 0;

  constructor(options: HandshakeGateOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
  }

  get unfinished(): number {
    return this.#unfinished;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Takes an event of the socket that listens, by its type and the code of its error. */
  take(type: string, code?: unknown): void {
    switch (type) {
      case "accept":
        this.#lastAccept = this.#now();
        this.#unfinished++;
        if (this.#unfinished >= this.#options.most) this.#pause("connections are amid their handshake");
        break;
      case "handshake":
        this.#finish();
        break;
      case "disconnect":
        if (this.#failed > 0) this.#failed--;
        else this.#finish();
        break;
      case "accept:error":
        if (code === "EMFILE" || code === "ENFILE") this.#starve();
        break;
      default:
        if (!type.startsWith("handshake:error")) break;
        this.#failed++;
        this.#finish();
    }
  }

  /** Looks whether connections may come again. Called by its own timer; for tests. */
  look(): void {
    const { most, timeoutMs, reserve, lines } = this.#options;
    const now = this.#now();
    if (now - this.#lastAccept > timeoutMs + TOLD_MS) {
      this.#unfinished = 0;
      this.#failed = 0;
    }
    if (now - this.#starvedAt < STARVED_MS) this.#flush();
    else if (this.#paused && this.#unfinished <= most * RESUME_AT) {
      reserve?.restore();
      this.#paused = false;
      clearInterval(this.#timer);
      this.#options.listening?.resume();
      lines.note(
        `connections are accepted again: ${this.flushed} were closed so far unaccepted`,
        "resume",
        "info",
      );
    }
  }

  /** The sockets are about to be closed. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#options.reserve?.release();
  }

  #finish(): void {
    if (this.#unfinished > 0) this.#unfinished--;
  }

  #starve(): void {
    if (this.#options.listening === undefined) return;
    const first = this.#now() - this.#starvedAt >= STARVED_MS;
    this.#starvedAt = this.#now();
    this.#pause("connections are amid their handshake, and there are no descriptors left");
    if (first) this.#flush();
  }

  #pause(why: string): void {
    const { listening, flushes, lines } = this.#options;
    if (this.#paused || this.#closed || listening === undefined) return;
    this.#paused = true;
    this.pauses++;
    listening.pause();
    if (flushes) this.flushed += listening.flush();
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
    lines.note(`no connections are accepted for now: ${this.#unfinished} ${why}`, "pause", "warning");
  }

  /** What waits to be accepted is closed, with the descriptors of the reserve: else it would be tried without end. */
  #flush(): void {
    const { listening, reserve } = this.#options;
    reserve?.release();
    this.flushed += listening?.flush() ?? 0;
  }
}

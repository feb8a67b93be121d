import { type EventPosition, type EventRange, type Message, nextSeq } from "../message/index.ts";
import type { SeqRange } from "./event-batch.ts";
import { type Hole, Holes } from "./holes.ts";
import { SequenceLine } from "./sequence-line.ts";

/** What somebody who may have missed events answered. */
export interface RepairAnswer {
  /** Events of the range that was asked for, some or all, in any order; others do no harm. */
  readonly events: readonly Message[];
  /** Numbers of that range which nobody has any more. What is neither here nor in `events` is asked for again. */
  readonly gone: readonly SeqRange[];
}

/** Why events are lost: nobody has them; they did not come in time; rank 0 began a new run before they came. */
export type LostReason = "gone" | "late" | "restart";

/** The time of an intake. */
export interface IntakeClock {
  /** Milliseconds from any beginning; never goes back. */
  now(): number;
  /** Calls `run` once, `ms` from now; the returned function calls that off. */
  after(ms: number, run: () => void): () => void;
}

export interface IntakeLimits {
  /** Most events held back behind a gap: 8192. One beyond that is forgotten, and asked for like a missing one. */
  readonly heldEvents: number;
  /** Most bytes of them: 32 MiB. */
  readonly heldBytes: number;
  /** A gap is given up when for so many milliseconds nothing came of it or of those before it: 5000. */
  readonly repairMs: number;
  /** An answer may take so long, in milliseconds, before it is asked for again: 2000. */
  readonly askMs: number;
}

export const INTAKE_LIMITS: IntakeLimits = {
  heldEvents: 8192,
  heldBytes: 32 * 1024 * 1024,
  repairMs: 5000,
  askMs: 2000,
};

/** Waits between two attempts, in milliseconds: each twice the one before. */
const FIRST_RETRY_MS = 10;
const LAST_RETRY_MS = 640;

export interface EventIntakeOptions {
  readonly clock: IntakeClock;
  /** Asks for events of one epoch. The signal is aborted when the answer is of no use any more. */
  readonly ask: (range: EventRange, signal: AbortSignal) => Promise<RepairAnswer>;
  /** Takes the next event. It must not call the intake. */
  readonly deliver: (event: Message) => void;
  /** Hears of events that never come, in their place among those delivered. It must not call the intake. */
  readonly lost: (range: EventRange, reason: LostReason) => void;
  readonly limits?: Partial<IntakeLimits> | undefined;
}

export interface IntakeStats {
  /** Events that came because they were asked for. */
  readonly repaired: number;
  /** Bytes of their frames. */
  readonly bytes: number;
  /** Times it asked, and how many of those brought nothing. */
  readonly asked: number;
  readonly failed: number;
  /** Numbers given up. */
  readonly lost: number;
  /** Events that had come before. */
  readonly duplicates: number;
  /** Events that found no room behind a gap. */
  readonly overflows: number;
  /** Events held back now, and bytes of them. */
  readonly held: number;
  readonly heldBytes: number;
  /** Gaps that were closed, and how long that took, the longest and all together, in milliseconds. */
  readonly repairs: number;
  readonly repairMaxMs: number;
  readonly repairTotalMs: number;
}

/**
 * Makes of the events that reach a rank the events that it passes on: each once, in order, the missing ones asked for and put in their place, or
 * reported as lost there.
 *
 * Events behind a gap wait until it is closed or given up. One ask is on its way at a time. Pure but for its options: it holds no socket, and
 * its time is given.
 */
export class EventIntake implements Disposable {
  readonly #options: EventIntakeOptions;
  readonly #limits: IntakeLimits;
  readonly #held = new Map<number, Message>();
  readonly #holes: Holes;
  #line = new SequenceLine(0);
  /** False until it is known where to begin. */
  #begun = false;
  /** Place of the next event to pass on, and its number. */
  #next = 1;
  #nextSeq = -1;
  /** The last place it knows of; only while there are holes. */
  #target = 0;
  /** When an answer last brought the next event. */
  #gain = Number.NEGATIVE_INFINITY;
  #asking: AbortController | undefined;
  #failures = 0;
  #cancelAsk: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelDeadline: (() => void) | undefined;
  #stopped = false;
  #heldBytes = 0;
  readonly #counts = {
    repaired: 0,
    bytes: 0,
    asked: 0,
    failed: 0,
    lost: 0,
    duplicates: 0,
    overflows: 0,
    repairs: 0,
    repairMaxMs: 0,
    repairTotalMs: 0,
  };

  constructor(options: EventIntakeOptions) {
    this.#options = options;
    this.#limits = { ...INTAKE_LIMITS, ...options.limits };
    this.#holes = new Holes(this.#limits.repairMs / 8);
  }

  /** The last event passed on or given up; its epoch is 0 while that is not known. */
  get position(): EventPosition {
    return this.#line.position(this.#next - 1);
  }

  /** True while events are missing. */
  get repairing(): boolean {
    return this.#holes.length > 0;
  }

  get stats(): IntakeStats {
    return { ...this.#counts, held: this.#held.size, heldBytes: this.#heldBytes };
  }

  /** Takes an event as it comes. The first one ever is the first to be passed on, unless `baseline` or `expect` came before. */
  receive(event: Message): void {
    if (event.aux1 === this.#nextSeq && this.#holes.length === 0) {
      this.#advance();
      this.#options.deliver(event);
    } else this.#receiveOther(event);
  }

  /**
   * Says that events up to `position` exist. Those that have not come are asked for. If its epoch is another run of rank 0, what is missing of the
   * one before is lost, and the new one is wanted from its first event on.
   */
  expect(position: EventPosition): void {
    const { epoch, seq } = position;
    if (this.#stopped) return;
    if (!this.#begun) {
      this.baseline(position);
      return;
    }
    let place = seq === 0 ? 0 : this.#line.nearest(seq, this.#next);
    if (epoch !== 0 && !this.#line.named) this.#line.name(seq === 0 ? this.#next : place, epoch);
    else if (epoch !== 0 && epoch !== this.#line.position(seq === 0 ? this.#next - 1 : place).epoch) {
      this.#giveUpAll();
      this.baseline({ epoch, seq: 0 });
      place = seq;
    }
    if (place < this.#next || (this.#holes.length > 0 && place <= this.#target)) return;
    this.#missing(place);
    this.#pump();
  }

  /** Begins behind `position`: what is before it is not wanted, and what was held is forgotten. */
  baseline({ epoch, seq }: EventPosition): void {
    this.#abandon();
    this.#holes.clear();
    this.#held.clear();
    this.#heldBytes = 0;
    this.#begun = true;
    this.#line = new SequenceLine(epoch);
    this.#next = seq + 1;
    this.#nextSeq = nextSeq(seq);
  }

  /** Asks for nothing more, and passes nothing on. */
  stop(): void {
    this.#stopped = true;
    this.#abandon();
    this.#holes.clear();
    this.#held.clear();
    this.#heldBytes = 0;
    this.#nextSeq = -1;
  }

  [Symbol.dispose](): void {
    this.stop();
  }

  #advance(): void {
    this.#next++;
    this.#nextSeq = nextSeq(this.#nextSeq);
  }

  #receiveOther(event: Message): void {
    // One without a number has no place.
    if (this.#stopped || event.aux1 === 0) return;
    if (!this.#begun) this.baseline({ epoch: 0, seq: event.aux1 - 1 });
    const place = this.#line.nearest(event.aux1, this.#next);
    const known = this.#holes.length > 0 ? this.#target : this.#next - 1;
    if (place <= known) {
      if (!this.#holes.has(place)) this.#counts.duplicates++;
      else this.#fill(place, event);
    } else {
      if (place > known + 1) this.#missing(place - 1);
      if (this.#holes.length === 0) {
        this.#advance();
        this.#options.deliver(event);
      } else if (this.#hold(place, event)) this.#target = place;
      else this.#missing(place);
    }
    this.#pump();
  }

  /** Everything behind what is known, up to `last`, is missing. */
  #missing(last: number): void {
    const known = this.#holes.length > 0 ? this.#target : this.#next - 1;
    this.#holes.add(known + 1, last, this.#options.clock.now());
    this.#target = last;
  }

  /** Keeps an event until those before it are there; false when there is no room. */
  #hold(place: number, event: Message): boolean {
    const bytes = event.frameBytes();
    const { heldEvents, heldBytes } = this.#limits;
    if (this.#held.size >= heldEvents || this.#heldBytes + bytes > heldBytes) {
      this.#counts.overflows++;
      return false;
    }
    this.#held.set(place, event);
    this.#heldBytes += bytes;
    return true;
  }

  /** Puts an event where it is missing; false when there is no room for it. */
  #fill(place: number, event: Message): boolean {
    const next = place === this.#next;
    if (!next && !this.#hold(place, event)) return false;
    const hole = this.#holes.fill(place)!;
    if (hole.first === hole.last && hole.first === place) this.#closed(hole);
    if (next) {
      this.#advance();
      this.#options.deliver(event);
      this.#drain();
    }
    return true;
  }

  #closed({ since }: Hole): void {
    const took = this.#options.clock.now() - since;
    this.#counts.repairs++;
    this.#counts.repairTotalMs += took;
    this.#counts.repairMaxMs = Math.max(this.#counts.repairMaxMs, took);
  }

  /** Passes on what can be, and reports what is gone, up to the first event that may still come. */
  #drain(): void {
    for (;;) {
      const { head } = this.#holes;
      const stop = head?.first ?? this.#target + 1;
      while (this.#next < stop) {
        const event = this.#held.get(this.#next)!;
        this.#held.delete(this.#next);
        this.#heldBytes -= event.frameBytes();
        this.#advance();
        this.#options.deliver(event);
      }
      if (head === undefined || !head.gone) return;
      this.#giveUp("gone");
    }
  }

  /** The next events, the first hole, never come. */
  #giveUp(reason: LostReason): void {
    const { first, last } = this.#holes.shift()!;
    this.#counts.lost += last - first + 1;
    this.#next = last + 1;
    this.#nextSeq = this.#line.position(this.#next).seq;
    for (const range of this.#line.ranges(first, last)) this.#options.lost(range, reason);
  }

  #giveUpAll(): void {
    this.#drain();
    while (this.#holes.length > 0) {
      this.#giveUp("restart");
      this.#drain();
    }
  }

  /** Asks for what is missing, unless an answer or the time to ask again is awaited; sees that gaps are given up in time. */
  #pump(): void {
    const { clock } = this.#options;
    if (this.#holes.length === 0) {
      this.#abandon();
      return;
    }
    this.#cancelDeadline ??= clock.after(Math.max(0, this.#deadline() - clock.now()), () => this.#expire());
    if (this.#asking !== undefined || this.#cancelRetry !== undefined) return;
    const wanted = this.#holes.wanted();
    if (wanted === undefined) return;
    const { first } = wanted;
    const [range] = this.#line.ranges(first, wanted.last);
    const asking = new AbortController();
    this.#asking = asking;
    this.#counts.asked++;
    this.#cancelAsk = clock.after(this.#limits.askMs, () => this.#settle(asking, first, undefined));
    this.#ask(range!, asking.signal).then(
      (answer) => this.#settle(asking, first, answer),
      () => this.#settle(asking, first, undefined),
    );
  }

  async #ask(range: EventRange, signal: AbortSignal): Promise<RepairAnswer> {
    return await this.#options.ask(range, signal);
  }

  /** Takes the answer for what is missing from `first` on, or that there is none. */
  #settle(asking: AbortController, first: number, answer: RepairAnswer | undefined): void {
    if (asking !== this.#asking) return;
    this.#asking = undefined;
    this.#cancelAsk?.();
    this.#cancelAsk = undefined;
    if (answer === undefined) asking.abort();
    if (answer !== undefined && this.#take(first, answer)) this.#failures = 0;
    else {
      this.#counts.failed++;
      const wait = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
      this.#cancelRetry = this.#options.clock.after(wait, () => {
        this.#cancelRetry = undefined;
        this.#pump();
      });
    }
    this.#pump();
  }

  /** True when the answer brought something. */
  #take(first: number, { events, gone }: RepairAnswer): boolean {
    const { clock } = this.#options;
    const before = this.#next;
    let brought = 0;
    for (const event of events) {
      const place = this.#line.nearest(event.aux1, first);
      if (!this.#holes.has(place) || !this.#fill(place, event)) continue;
      brought++;
      this.#counts.repaired++;
      this.#counts.bytes += event.frameBytes();
    }
    for (const [from, to] of gone) {
      const start = this.#line.nearest(from, first);
      brought += this.#holes.markGone(start, start + to - from);
    }
    this.#drain();
    if (this.#next > before) this.#gain = clock.now();
    return brought > 0;
  }

  /** When the first hole is given up. */
  #deadline(): number {
    return Math.max(this.#holes.head!.since, this.#gain) + this.#limits.repairMs;
  }

  #expire(): void {
    this.#cancelDeadline = undefined;
    const now = this.#options.clock.now();
    while (this.#holes.length > 0 && this.#deadline() <= now) {
      this.#giveUp("late");
      this.#drain();
    }
    this.#pump();
  }

  /** Calls off what is under way. */
  #abandon(): void {
    this.#asking?.abort();
    this.#asking = undefined;
    this.#cancelAsk?.();
    this.#cancelRetry?.();
    this.#cancelDeadline?.();
    this.#cancelAsk = undefined;
    this.#cancelRetry = undefined;
    this.#cancelDeadline = undefined;
    this.#failures = 0;
  }
}

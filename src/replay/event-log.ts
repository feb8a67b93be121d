import { FluxError } from "../base/index.ts";
import type { Since } from "../client/index.ts";
import {
  type DiskLog,
  type EventBatch,
  EventHistory,
  EventRing,
  type EventSpan,
  emptyBatch,
  type ReadOptions,
  RING_LIMITS,
  type RingLimits,
} from "../event-log/index.ts";
import type { JsonObject } from "../json/index.ts";
import {
  comparePositions,
  type EventPosition,
  type EventRange,
  LAST_SEQ,
  type Message,
} from "../message/index.ts";
import { type EventFollower, EventFollowers } from "./event-followers.ts";
import type { ReplaySource } from "./replay-methods.ts";

/** Events that this rank no longer has, or never had: where others keep them. */
export interface OlderEvents {
  resolve(since: Since): Promise<EventPosition>;
  read(after: EventPosition, options: ReadOptions): Promise<EventBatch>;
}

/** Time, as an event log sees it. */
export interface EventClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `call` once after `ms` milliseconds, unless the returned function is called before. */
  after(ms: number, call: () => void): () => void;
}

export interface EventLogOptions {
  readonly rank: number;
  /** What the ring keeps at most. */
  readonly ring?: Partial<RingLimits> | undefined;
  /** The log on disk; for rank 0. It stays its owner's. */
  readonly disk?: DiskLog | undefined;
  /** Whether an event is confirmed only once it is on disk. */
  readonly sync?: boolean | undefined;
  readonly clock?: EventClock | undefined;
  /** The event before the first it will get, without a disk; default: a new run, from number 1 on. */
  readonly after?: EventPosition | undefined;
  /** Runs a call at the end of the turn of the event loop. */
  readonly schedule: (call: () => void) => void;
  /** Called before what `append` returned so far may be written over. */
  readonly leaving?: (() => void) | undefined;
}

const SYSTEM_CLOCK: EventClock = {
  now: () => Date.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** A reader that follows hears how far it is complete after this time at the latest, when it has moved on, in milliseconds. */
const MARK_MS = 1000;

/** How often it is looked for events that are too old: so many times within the limit of their age, and after a minute at the latest. */
const EXPIRIES_IN_AGE = 10;
const LONGEST_EXPIRY_MS = 60_000;

/**
 * The events of this rank that can be given again, in the order they were delivered: what `event.replay` and `event.stat` speak of.
 *
 * Rank 0 names the epoch; the others learn it. Owner: the broker, which appends each event as it delivers it.
 */
export class EventLog implements ReplaySource {
  /** Where to look for what is not here; set by who joins the broker to the tree. */
  older: OlderEvents | undefined;
  /** Counters of the repair of gaps, for event.stat. */
  repairs: () => JsonObject | null = () => null;
  readonly #ring: EventRing;
  readonly #history: EventHistory;
  readonly #disk: DiskLog | undefined;
  readonly #sync: boolean;
  readonly #clock: EventClock;
  readonly #schedule: EventLogOptions["schedule"];
  readonly #followers: EventFollowers;
  #cancelExpiry: (() => void) | undefined;
  /** When the first event of this turn of the event loop came; 0 when none has. */
  #turn = 0;
  /** Those who wait hear of all events of a turn at once. */
  readonly #endTurn = (): void => {
    this.#turn = 0;
    this.#followers.endTurn();
  };

  constructor(options: EventLogOptions) {
    const { rank, disk, sync = false, clock = SYSTEM_CLOCK, schedule, leaving } = options;
    const limits = { ...RING_LIMITS, ...options.ring };
    const start = disk?.last ?? options.after ?? { epoch: clock.now(), seq: 0 };
    const after = rank === 0 ? { after: start } : {};
    this.#ring = new EventRing({ limits, leaving, ...after });
    this.#history = new EventHistory(this.#ring, disk);
    this.#disk = disk;
    this.#sync = sync && disk !== undefined;
    this.#clock = clock;
    this.#schedule = schedule;
    this.#followers = new EventFollowers({
      last: () => this.#ring.last,
      after: (ms, call) => clock.after(ms, call),
      markMs: MARK_MS,
    });
    const ageMs = Math.min(limits.ageMs, disk?.limits.ageMs ?? Number.POSITIVE_INFINITY);
    if (Number.isFinite(ageMs))
      this.#expireEvery(Math.min(LONGEST_EXPIRY_MS, Math.ceil(ageMs / EXPIRIES_IN_AGE)));
  }

  /** The latest event; its epoch is 0 as long as that is not known. */
  get last(): EventPosition {
    return this.#ring.last;
  }

  /** Adds a numbered event. Where it stands as a frame, if it does, is told in an object that changes with the log; see the option `leaving`. */
  append(event: Message): EventSpan | undefined {
    // The clock is a system call away, and events come by the hundred in a turn.
    if (this.#turn === 0) this.#beginTurn();
    const span = this.#followers.size === 0 ? this.#ring.append(event) : this.#appendForFollowers(event);
    if (this.#disk !== undefined) this.#disk.append(event, this.#turn, span);
    return span;
  }

  #appendForFollowers(event: Message): EventSpan | undefined {
    const before = this.#ring.last;
    const span = this.#ring.append(event);
    const { epoch } = this.#ring;
    // Events that are left out are lost, which all are told of, as they are of a new epoch.
    if (epoch !== before.epoch || event.aux1 !== before.seq + 1) this.#followers.changed();
    else this.#followers.appended(event.topic ?? "", before);
    return span;
  }

  /** Notes that events will never come. */
  lose(range: EventRange): void {
    this.#ring.lose(range);
    this.#followers.changed();
    if (this.#turn === 0) this.#beginTurn();
  }

  /**
   * Somebody above knows the latest event. What comes first here is the one behind it, unless others have come before; then those are given the name of
   * its epoch, if they had none: of the one before or after it when 32 bits ended in between.
   */
  begin(latest: EventPosition): void {
    const ring = this.#ring;
    if (ring.epoch !== 0) return;
    if (ring.isAnywhere) ring.restart(latest);
    else if (latest.epoch !== 0) {
      const ahead = latest.seq - ring.last.seq;
      const turns = ahead > LAST_SEQ / 2 ? 1 : ahead < -LAST_SEQ / 2 ? -1 : 0;
      ring.rollover(latest.epoch + turns);
    }
    this.#followers.changed();
    if (this.#turn === 0) this.#beginTurn();
  }

  /** Resolves when all events so far may be confirmed; undefined when they may be at once. Rejects when the disk has failed. */
  confirmed(): Promise<void> | undefined {
    return this.#sync ? this.#disk!.flushed() : undefined;
  }

  async resolve(since: Since): Promise<EventPosition> {
    const own = sinceHere(since);
    const { older } = this;
    if (older === undefined) return await this.#history.resolve(own);
    // What is older than the ring, or not here yet, others know.
    const isOld = own === "begin" || (typeof own === "object" && "time" in own);
    if (this.#ring.epoch === 0 || isOld) return await this.#elsewhere(older, own);
    try {
      return await this.#history.resolve(own);
    } catch (error) {
      if (FluxError.from(error).code !== "EINVAL") throw error;
      return await older.resolve(own);
    }
  }

  /** Asks the others, and itself when none of them keeps events. */
  async #elsewhere(older: OlderEvents, since: Since): Promise<EventPosition> {
    try {
      return await older.resolve(since);
    } catch (error) {
      if (FluxError.from(error).code !== "ENOSYS") throw error;
      return await this.#history.resolve(since as Parameters<EventHistory["resolve"]>[0]);
    }
  }

  read(after: EventPosition, options: ReadOptions): EventBatch | Promise<EventBatch> {
    const { older } = this;
    if (older === undefined) return this.#history.read(after, options);
    // Rank 0 has begun an epoch that has not come here yet.
    if (this.#isAhead(after) && after.epoch !== this.#ring.epoch) return emptyBatch(after);
    if (this.#isAhead(after) || this.#knows(after)) return this.#history.read(after, options);
    return this.#readElsewhere(older, after, options);
  }

  async #readElsewhere(older: OlderEvents, after: EventPosition, options: ReadOptions): Promise<EventBatch> {
    const { epoch, seq } = this.#ring.first;
    const through = after.epoch === epoch ? seq - 1 : Number.POSITIVE_INFINITY;
    try {
      return await older.read(after, { ...options, through: Math.min(through, options.through ?? through) });
    } catch (error) {
      if (FluxError.from(error).code !== "ENOSYS") throw error;
      return await this.#history.read(after, options);
    }
  }

  wait(follower: EventFollower, owes: boolean): void {
    this.#followers.wait(follower, owes);
  }

  forget(follower: EventFollower): void {
    this.#followers.delete(follower);
  }

  /** Readers that wait for events. */
  get followers(): number {
    return this.#followers.size;
  }

  stat(): JsonObject {
    const { epoch, seq } = this.last;
    const { first } = this.#history;
    // Nothing is left of an epoch that came to the end of 32 bits.
    const oldest = first.seq > LAST_SEQ ? { epoch: first.epoch + 1, seq: 1 } : first;
    const disk = this.#disk?.stats;
    return {
      epoch,
      last: seq,
      first: { ...oldest },
      sync: this.#sync,
      ring: { ...this.#ring.stats },
      disk: disk === undefined ? null : { ...disk },
      repair: this.repairs(),
    };
  }

  /** Wakes no more readers, and forgets no more events for their age. */
  stop(): void {
    this.#cancelExpiry?.();
    this.#followers.stop();
  }

  /** Events go with their age, also when none come that would push them out. */
  #expireEvery(ms: number): void {
    this.#cancelExpiry = this.#clock.after(ms, () => {
      this.#ring.expire(this.#clock.now());
      void this.#disk?.expire();
      this.#expireEvery(ms);
    });
  }

  /** True when what comes behind a position can be told here. As long as the epoch is not known, nobody can say of an epoch whether it is this one. */
  #knows(after: EventPosition): boolean {
    return (this.#ring.epoch !== 0 || after.epoch === 0) && this.#history.covers(after);
  }

  /** True for a position that this rank has not come to yet. */
  #isAhead(after: EventPosition): boolean {
    return this.#ring.epoch !== 0 && comparePositions(after, this.#ring.last) > 0;
  }

  #beginTurn(): void {
    this.#turn = this.#clock.now();
    this.#ring.clock(this.#turn);
    this.#schedule(this.#endTurn);
  }
}

/** A position in an epoch that is not known is one in the present epoch. */
function sinceHere(since: Since): Exclude<Since, { time: unknown }> | { readonly time: number } {
  if (typeof since === "string") return since;
  if ("time" in since) return { time: Number(since.time) };
  return "epoch" in since && since.epoch === 0 ? { seq: since.seq } : since;
}

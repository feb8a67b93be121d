import { WorkQueue } from "../base/index.ts";
import { comparePositions, type EventPosition, PrefixTable } from "../message/index.ts";

/** A reader of an event log that has read all there is for it, and waits for more. */
export interface EventFollower {
  /** Its events have topics that begin with this. */
  readonly prefix: string;
  /** All events up to here it has read, or they are not for it. It is moved on over events that others have looked at. */
  at: EventPosition;
  /** True from when it waits until it is to be woken: only then is `at` moved. */
  isIdle: boolean;
  /** There may be something for it behind `at`; one that reads already looks again. */
  wake(): void;
  /** All is told of it that came for it: now it may be told of `at`. */
  mark(): void;
}

export interface EventFollowersOptions {
  /** The latest event of the log. */
  readonly last: () => EventPosition;
  /** Calls `call` once after `ms` milliseconds, unless the returned function is called before. */
  readonly after: (ms: number, call: () => void) => () => void;
  /** How often followers learn how far they are complete while events come that are not for them, in milliseconds. */
  readonly markMs: number;
}

/**
 * Those who wait for events of a log. An event is compared with their prefixes once; those it is for are woken at the end of the turn of the event
 * loop, many of them in several turns. While no events come nothing runs.
 */
export class EventFollowers {
  readonly #options: EventFollowersOptions;
  readonly #byPrefix = new PrefixTable<EventFollower>();
  readonly #all = new Set<EventFollower>();
  /** Followers that are not where the log is, although nothing more is there for them: they look again at each mark. */
  readonly #elsewhere = new Set<EventFollower>();
  /** Those for whom events came in this turn, and where the log was before the first of them. */
  readonly #due = new Map<ReadonlySet<EventFollower>, EventPosition>();
  /** Topic of the latest event: most often the next one is of the same. */
  #topic: string | undefined;
  /** Something came in this turn that everybody has to look at. */
  #isForAll = false;
  /** Everybody up to here has been woken for what came. */
  #settled: EventPosition;
  #cancelMark: (() => void) | undefined;
  #isStopped = false;
  readonly #waking = new WorkQueue<EventFollower>((follower) => {
    if (this.#all.has(follower)) follower.wake();
  });
  readonly #marking = new WorkQueue<EventFollower>((follower) => this.#mark(follower));

  constructor(options: EventFollowersOptions) {
    this.#options = options;
    this.#settled = options.last();
  }

  get size(): number {
    return this.#all.size;
  }

  /** A reader has read all there is for it: it waits, for the first time or again. `owes` is true when it is not told of its `at` yet. */
  wait(follower: EventFollower, owes: boolean): void {
    follower.isIdle = true;
    if (!this.#all.has(follower)) {
      this.#all.add(follower);
      this.#byPrefix.add(follower.prefix, follower);
      this.#topic = undefined;
    }
    const isHere = comparePositions(follower.at, this.#options.last()) === 0;
    if (isHere) this.#elsewhere.delete(follower);
    else this.#elsewhere.add(follower);
    if (!isHere || owes) this.#markLater();
  }

  delete(follower: EventFollower): void {
    if (!this.#all.delete(follower)) return;
    this.#byPrefix.delete(follower.prefix, follower);
    this.#elsewhere.delete(follower);
  }

  /** An event is appended behind `before`, which was the latest one. */
  appended(topic: string, before: EventPosition): void {
    if (topic === this.#topic) return;
    this.#topic = topic;
    this.#byPrefix.match(topic, (followers) => {
      if (!this.#due.has(followers)) this.#due.set(followers, before);
    });
  }

  /** Events were lost, or their epoch changed. */
  changed(): void {
    this.#isForAll = true;
  }

  /** The turn is over: wakes those for whom something came in it. */
  endTurn(): void {
    this.#topic = undefined;
    this.#settled = this.#options.last();
    if (this.#all.size === 0) {
      this.#due.clear();
      this.#isForAll = false;
      return;
    }
    const due = [...this.#due];
    this.#due.clear();
    if (this.#isForAll) {
      this.#isForAll = false;
      this.#wake(this.#all);
    } else {
      // All of them stand where the events begin before any of them reads.
      for (const [followers, before] of due) for (const follower of followers) this.#moveOn(follower, before);
      for (const [followers] of due) this.#wake(followers);
    }
    this.#markLater();
  }

  /** Wakes nobody any more. */
  stop(): void {
    this.#cancelMark?.();
    this.#isStopped = true;
  }

  #wake(followers: Iterable<EventFollower>): void {
    const idle: EventFollower[] = [];
    for (const follower of followers) {
      if (follower.isIdle) idle.push(follower);
      else follower.wake();
      follower.isIdle = false;
    }
    this.#waking.add(idle);
  }

  /** The events up to `position` are not for a follower, unless it is to be woken. */
  #moveOn(follower: EventFollower, position: EventPosition): void {
    if (!follower.isIdle || this.#elsewhere.has(follower)) return;
    if (comparePositions(position, follower.at) > 0) follower.at = position;
  }

  #markLater(): void {
    if (this.#isStopped) return;
    this.#cancelMark ??= this.#options.after(this.#options.markMs, () => {
      this.#cancelMark = undefined;
      this.#marking.add([...this.#all]);
      if (this.#elsewhere.size > 0) this.#markLater();
    });
  }

  #mark(follower: EventFollower): void {
    if (!follower.isIdle || !this.#all.has(follower)) return;
    if (this.#elsewhere.has(follower)) {
      follower.isIdle = false;
      follower.wake();
      return;
    }
    this.#moveOn(follower, this.#settled);
    follower.mark();
  }
}

import assert from "node:assert/strict";
import { comparePositions, type EventPosition, formatPosition } from "../../src/message/index.ts";

/** An event as somebody saw it: who published it says by `id` which one it is. */
export interface Sighting extends EventPosition {
  readonly id: string;
}

/** What a reader of the log was told, from its beginning on. */
export interface LogReading {
  readonly events: readonly Sighting[];
  /** Epochs of which it was said that nobody knows how they ended, with the last number that is known. */
  readonly openEnds: readonly EventPosition[];
  /** Ranges that are lost, as text. */
  readonly lost: readonly string[];
}

/** All that was seen of the events of one folder while the broker that writes it was killed again and again. */
export class CrashRecord {
  /** Events whose publishers were told that they are published. */
  readonly confirmed: Sighting[] = [];
  /** Events that came to a subscription without a memory. */
  readonly live: Sighting[] = [];
  /** Epochs of the runs that were killed. */
  readonly killed: number[] = [];

  /**
   * Checks what the log gives: each confirmed event once, with its number, nothing twice, nothing left out between two.
   * @throws AssertionError saying what is wrong.
   */
  checkLog({ events, openEnds, lost }: LogReading): void {
    assert.deepEqual(lost, [], "ranges that are lost");
    const found = new Map<string, string>();
    const last = new Map<number, number>();
    let before: EventPosition | undefined;
    for (const event of events) {
      const position = formatPosition(event);
      assert(before === undefined || comparePositions(before, event) < 0, `order at ${position}`);
      assert.equal(event.seq, (last.get(event.epoch) ?? 0) + 1, `what is before ${position}`);
      assert(!found.has(event.id), `${event.id} is there twice: ${found.get(event.id)}, ${position}`);
      found.set(event.id, position);
      last.set(event.epoch, event.seq);
      before = event;
    }
    for (const { id, ...position } of this.confirmed)
      assert.equal(found.get(id), formatPosition(position), `${id}, which was confirmed`);
    assert.deepEqual(
      openEnds,
      this.killed.map((epoch) => ({ epoch, seq: last.get(epoch) ?? 0 })),
      "epochs whose end nobody knows",
    );
  }

  /**
   * Checks what a subscriber with a memory saw, who was there all the time, against the log: the same, and behind the end of an epoch maybe events that were
   * never confirmed. What others saw and it did not is marked.
   */
  checkFollower(seen: LogReading, log: LogReading): void {
    assert.deepEqual(seen.lost, [], "ranges that are lost to the subscriber");
    const last = new Map(log.openEnds.map(({ epoch, seq }) => [epoch, seq]));
    const isBehind = ({ epoch, seq }: EventPosition): boolean =>
      seq > (last.get(epoch) ?? Number.POSITIVE_INFINITY);
    assert.deepEqual(
      seen.events.filter((event) => !isBehind(event)),
      log.events,
    );
    const confirmed = new Set(this.confirmed.map(({ id }) => id));
    for (const { id } of seen.events.filter(isBehind)) assert(!confirmed.has(id), `${id} is not in the log`);
    const marks = new Map(seen.openEnds.map(({ epoch, seq }) => [epoch, seq]));
    const ids = new Set(seen.events.map(({ id }) => id));
    for (const ghost of this.live.filter(({ id }) => !ids.has(id))) {
      const mark = marks.get(ghost.epoch);
      assert(mark !== undefined && mark < ghost.seq, `nothing tells of ${formatPosition(ghost)}`);
    }
    assert.deepEqual([...marks.keys()], this.killed, "each end that nobody knows is told once");
  }

  /** Events that somebody saw and nobody will see again. */
  ghosts(log: LogReading): number {
    const ids = new Set(log.events.map(({ id }) => id));
    return this.live.filter(({ id }) => !ids.has(id)).length;
  }
}

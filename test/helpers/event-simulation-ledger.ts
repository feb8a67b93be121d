import type { Event, EventMark } from "../../src/client/index.ts";
import { type EventPosition, formatPosition } from "../../src/message/index.ts";
import { type EventRecord, idOf, isFor, type Reader } from "./event-simulation-record.ts";

export interface LedgerOptions {
  readonly record: EventRecord;
  readonly reader: Reader;
  /** Where it begins. */
  readonly start: EventPosition;
  /** Whether an event is lost for good, as far as its rank may know. */
  readonly isGone: (position: EventPosition) => boolean;
  /** Hears of what is wrong. */
  readonly fault: (text: string) => void;
}

/** What a subscriber was given, against what rank 0 recorded: each event it asked for, once, in order, or a mark in its place. */
export class EventLedger {
  readonly #options: LedgerOptions;
  /** All up to here is accounted for; beyond any number behind a mark that tells of an unknown end. */
  #at: EventPosition;
  events = 0;
  losses = 0;

  constructor(options: LedgerOptions) {
    this.#options = options;
    this.#at = options.start;
  }

  get position(): EventPosition {
    return this.#at;
  }

  take(item: Event | EventMark): void {
    if (item.kind === "complete") this.#reach(item.position, "a mark");
    else if (item.kind === "event") this.#takeEvent(item);
    else this.#takeLost(item);
  }

  /** Nothing else is to come. */
  finish(): void {
    this.#reach(this.#options.record.last, "the end");
  }

  #takeEvent(event: Event): void {
    const { record, reader, fault } = this.#options;
    const { epoch, seq } = event.position;
    if (!this.#reach({ epoch, seq: seq - 1 }, `event ${formatPosition(event.position)}`)) return;
    this.#at = { epoch, seq };
    this.events++;
    const published = record.at({ epoch, seq });
    const id = idOf(event.message);
    if (published === undefined) fault(`got ${formatPosition({ epoch, seq })}, which never was`);
    else if (published.id !== id || published.topic !== event.topic)
      fault(`got ${id} as ${formatPosition({ epoch, seq })}, which is ${published.id}`);
    else if (published.secret !== event.private || published.userid !== event.userid)
      fault(`got ${id} of ${published.userid} as one of ${event.userid}, or not as private as it is`);
    else if (!isFor(reader, published)) fault(`got ${id}, which is not for it`);
  }

  #takeLost({ lost }: EventMark & { readonly kind: "lost" }): void {
    const { record, isGone, fault } = this.#options;
    const { epoch, first, last } = lost;
    if (!this.#reach({ epoch, seq: first - 1 }, `lost ${first}-${last}`)) return;
    this.losses++;
    if (last === undefined) {
      if (!isGone({ epoch, seq: record.lastOf(epoch) ?? 0 }))
        fault(`the end of epoch ${epoch} is unknown, which goes on`);
      this.#at = { epoch, seq: Number.POSITIVE_INFINITY };
      return;
    }
    const end = record.lastOf(epoch);
    if (end === undefined || last > end || last < first)
      fault(`lost ${first} to ${last} of epoch ${epoch}, which ends at ${end}`);
    for (const { seq, id } of record.between(epoch, first - 1, last)) {
      if (isGone({ epoch, seq })) continue;
      fault(`${id}, ${formatPosition({ epoch, seq })}, is told to be lost, and is not`);
      break;
    }
    this.#at = { epoch, seq: last };
  }

  /** Nothing that is wanted may be between here and `to`. False when `to` lies behind. */
  #reach(to: EventPosition, who: string): boolean {
    const { record, fault } = this.#options;
    const { epoch, seq } = this.#at;
    if (to.epoch < epoch || (to.epoch === epoch && to.seq < seq)) {
      fault(`${who} comes behind ${formatPosition(this.#at)}`);
      return false;
    }
    if (to.epoch === 0 && epoch !== 0) fault(`${who} has no epoch`);
    if (to.epoch === epoch) this.#pass(epoch, seq, to.seq, who);
    else {
      // Behind an unknown end nothing is known up to the epoch that is told.
      const isUnknown = seq === Number.POSITIVE_INFINITY;
      if (!isUnknown) {
        this.#pass(epoch, seq, Number.POSITIVE_INFINITY, who);
        for (const between of record.epochs(epoch, to.epoch - 1))
          this.#pass(between, 0, Number.POSITIVE_INFINITY, who);
      }
      this.#pass(to.epoch, 0, to.seq, who);
    }
    this.#at = to;
    const last = record.lastOf(to.epoch);
    if (last === undefined || to.seq > last) fault(`${who} is beyond ${last}, the last of epoch ${to.epoch}`);
    return true;
  }

  #pass(epoch: number, after: number, last: number, who: string): void {
    const { record, reader, fault } = this.#options;
    const missed = record.between(epoch, after, last).find((event) => isFor(reader, event));
    if (missed === undefined) return;
    fault(`${who} comes before ${missed.id}, ${formatPosition(missed)}`);
  }
}

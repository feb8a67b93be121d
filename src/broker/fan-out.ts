import { concatBytes } from "../base/index.ts";
import type { EventSpan } from "../event-log/index.ts";
import type { ClientConnection } from "./client-connection.ts";

/** A batch is queued when it holds this much, or at the end of the turn. */
const BATCH_BYTES = 16 * 1024;

/** Encoded events, one behind the other in `bytes[start, end)`. */
export interface Events {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  /** Number of the first of them. */
  readonly first: number;
  /** True when the bytes never change from now on, so that many may hold them. */
  readonly lasting: boolean;
}

export type DeliverEvents = (client: ClientConnection, events: Events) => void;

/**
 * Events for the same clients that stand one behind the other in memory: each client gets them in one piece. A client is in one batch at a time, and
 * whatever else is to be sent to it flushes that batch first, so that nothing overtakes an event.
 */
export class FanOut {
  readonly #deliver: DeliverEvents;
  readonly #schedule: (flush: () => void) => void;
  readonly #batches = new Map<ReadonlySet<ClientConnection>, Batch>();
  /** The batch of the latest event: most often the next one's too. */
  #latest: Batch | undefined;
  /** Batches that got events since the last flush. */
  readonly #open: Batch[] = [];
  readonly #flushOpen = (): void => {
    for (const batch of this.#open) {
      batch.isOpen = false;
      batch.flush();
    }
    this.#open.length = 0;
  };

  constructor(deliver: DeliverEvents, schedule: (flush: () => void) => void) {
    this.#deliver = deliver;
    this.#schedule = schedule;
  }

  /** Adds event number `seq` for `clients`. What stands at `span` stays there until `flush`. */
  add(clients: ReadonlySet<ClientConnection>, span: EventSpan, seq: number): void {
    const batch = this.#latest?.clients === clients ? this.#latest : this.#batchOf(clients);
    if (!batch.isOpen) {
      batch.isOpen = true;
      if (this.#open.push(batch) === 1) this.#schedule(this.#flushOpen);
    }
    batch.add(span, seq);
  }

  /** Queues what all batches hold: before the memory of the events is used for others. */
  flush(): void {
    this.#flushOpen();
  }

  /** As `flush`, before anybody comes to or leaves a set of clients. */
  reset(): void {
    this.#flushOpen();
    this.#batches.clear();
    this.#latest = undefined;
  }

  #batchOf(clients: ReadonlySet<ClientConnection>): Batch {
    let batch = this.#batches.get(clients);
    if (batch === undefined) {
      batch = new Batch(clients, this.#deliver);
      this.#batches.set(clients, batch);
    }
    this.#latest = batch;
    return batch;
  }
}

class Batch {
  readonly clients: ReadonlySet<ClientConnection>;
  isOpen = false;
  readonly #deliver: DeliverEvents;
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #count = 0;
  #first = 0;

  constructor(clients: ReadonlySet<ClientConnection>, deliver: DeliverEvents) {
    this.clients = clients;
    this.#deliver = deliver;
  }

  add({ bytes, start, end }: EventSpan, seq: number): void {
    if (this.#count > 0 && (bytes !== this.#bytes || start !== this.#end)) this.flush();
    if (this.#count === 0) {
      for (const client of this.clients) client.joinBatch(this.flush);
      this.#bytes = bytes;
      this.#start = start;
      this.#first = seq;
    }
    this.#end = end;
    this.#count++;
    if (end - this.#start >= BATCH_BYTES) this.flush();
  }

  /** Gives what it holds to the clients. */
  readonly flush = (): void => {
    if (this.#count === 0) return;
    const events = this.#take();
    // A client that is given its events may be closed for it, and leave.
    for (const client of this.clients) client.leaveBatch(this.flush);
    for (const client of this.clients) this.#deliver(client, events);
  };

  /** What it holds; for several clients in memory of its very size, which a slow one may keep for long after the others. */
  #take(): Events {
    const count = this.#count;
    const first = this.#first;
    const bytes = this.#bytes!;
    this.#count = 0;
    this.#bytes = undefined;
    if (this.clients.size === 1)
      return { bytes, start: this.#start, end: this.#end, count, first, lasting: false };
    const own = concatBytes([bytes.subarray(this.#start, this.#end)]);
    return { bytes: own, start: 0, end: own.length, count, first, lasting: true };
  }
}

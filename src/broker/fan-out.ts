import { concatBytes } from "../base/index.ts";
import type { EventSpan } from "../event-log/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { EventTap } from "./event-tap.ts";

/** A batch is queued when it holds this much, or at the end of the turn. */
export const BATCH_BYTES = 16 * 1024;

/** Encoded events, one behind the other in `bytes[start, end)`. */
export interface EventRun {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly count: number;
  /** Number of the first of them. */
  readonly first: number;
  /** True when the bytes never change from now on, so that many may hold them. */
  readonly lasting: boolean;
}

export type DeliverRun = (client: ClientConnection, run: EventRun) => void;

/**
 * Events for the same clients that stand one behind the other in memory: each client gets them in one piece. A client is in one batch at a time, and
 * whatever else is to be sent to it flushes that batch first, so that nothing overtakes an event. The broker itself, behind an EventTap, gets its
 * events at once.
 *
 * To deliver may end the connection of a client, so that its subscriptions go, and `reset` comes in the middle of any call.
 */
export class FanOut {
  readonly #deliver: DeliverRun;
  readonly #schedule: (flush: () => void) => void;
  readonly #batches = new Map<ReadonlySet<ClientConnection>, Batch>();
  /** The batch of the latest event: most often the next one's too. */
  #latest: Batch | undefined;
  /** Batches that got events since the last flush. */
  #open: Batch[] = [];

  constructor(deliver: DeliverRun, schedule: (flush: () => void) => void) {
    this.#deliver = deliver;
    this.#schedule = schedule;
  }

  /** Adds event number `seq` for `clients`. What stands at `span` stays there until `flush`. */
  add(clients: ReadonlySet<ClientConnection>, span: EventSpan, seq: number): void {
    const batch = this.#latest?.clients === clients ? this.#latest : this.#batchOf(clients);
    batch.add(span, seq);
    // Only now: what had to be flushed first may have reset all.
    if (!batch.isOpen) {
      batch.isOpen = true;
      if (this.#open.push(batch) === 1) this.#schedule(this.flush);
    }
    if (batch.isTapped) this.flush();
  }

  /** Queues what all batches hold: at the end of a turn, and before the memory of the events is used for others. */
  readonly flush = (): void => {
    const open = this.#open;
    if (open.length === 0) return;
    this.#open = [];
    for (const batch of open) {
      batch.isOpen = false;
      batch.flush();
    }
  };

  /** As `flush`, before anybody comes to or leaves a set of clients. */
  reset(): void {
    this.flush();
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
  /** One of the clients is the broker itself. */
  readonly isTapped: boolean;
  /** It is among the open batches, which are flushed with the turn. */
  isOpen = false;
  readonly #deliver: DeliverRun;
  #bytes: Uint8Array | undefined;
  #start = 0;
  #end = 0;
  #count = 0;
  #first = 0;

  constructor(clients: ReadonlySet<ClientConnection>, deliver: DeliverRun) {
    this.clients = clients;
    this.isTapped = [...clients].some(({ link }) => link instanceof EventTap);
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
    const run = this.#take();
    for (const client of this.clients) client.leaveBatch(this.flush);
    for (const client of this.clients) this.#deliver(client, run);
  };

  /** What it holds; for several clients in memory of its very size, which a slow one may keep for long after the others. */
  #take(): EventRun {
    const bytes = this.#bytes!;
    const [start, end, count, first] = [this.#start, this.#end, this.#count, this.#first];
    this.#count = 0;
    this.#bytes = undefined;
    if (this.clients.size === 1) return { bytes, start, end, count, first, lasting: false };
    const own = concatBytes([bytes.subarray(start, end)]);
    return { bytes: own, start: 0, end: own.length, count, first, lasting: true };
  }
}

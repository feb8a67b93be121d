import { ByteSink, concatBytes } from "../base/index.ts";
import type { Message } from "../message/index.ts";
import type { ClientConnection } from "./client-connection.ts";

/** A batch is written when it holds this much, or at the end of the turn. */
const BATCH_BYTES = 16 * 1024;

/** Sends a batch to a client: `count` encoded events, the first of which is number `first`. */
export type DeliverBatch = (
  client: ClientConnection,
  frames: Uint8Array,
  count: number,
  first: number,
) => void;

/**
 * Events for the same clients, one behind the other, encoded once for all of them and queued for each as one span. A client is in
 * one batch at a time, and whatever else is to be sent to it flushes that batch first, so that nothing overtakes an event.
 */
export class FanOut {
  readonly #deliver: DeliverBatch;
  readonly #schedule: (flush: () => void) => void;
  readonly #batches = new Map<ReadonlySet<ClientConnection>, Batch>();

  constructor(deliver: DeliverBatch, schedule: (flush: () => void) => void) {
    this.#deliver = deliver;
    this.#schedule = schedule;
  }

  /** Adds an event for `clients`, with `pushed` on its route stack. */
  add(clients: ReadonlySet<ClientConnection>, event: Message, pushed: Uint8Array, seq: number): void {
    let batch = this.#batches.get(clients);
    if (batch === undefined) {
      batch = new Batch(clients, seq, this.#deliver, () => this.#batches.delete(clients));
      this.#batches.set(clients, batch);
      this.#schedule(batch.flush);
    }
    batch.add(event, pushed);
  }

  /** Sends all batches: before anybody comes to or leaves a set of clients. */
  flush(): void {
    for (const batch of [...this.#batches.values()]) batch.flush();
  }
}

class Batch {
  readonly #clients: ReadonlySet<ClientConnection>;
  readonly #first: number;
  readonly #deliver: DeliverBatch;
  readonly #done: () => void;
  readonly #sink = new ByteSink();
  #count = 0;

  constructor(
    clients: ReadonlySet<ClientConnection>,
    first: number,
    deliver: DeliverBatch,
    done: () => void,
  ) {
    this.#clients = clients;
    this.#first = first;
    this.#deliver = deliver;
    this.#done = done;
    for (const client of clients) client.joinBatch(this.flush);
  }

  add(event: Message, pushed: Uint8Array): void {
    event.forwardTo(this.#sink, pushed, event.headStart);
    this.#count++;
    if (this.#sink.length >= BATCH_BYTES) this.flush();
  }

  /** Sends what it holds and is done with. */
  readonly flush = (): void => {
    if (this.#count === 0) return;
    const count = this.#count;
    this.#count = 0;
    this.#done();
    // In memory of its very size: a slow client may keep it for long after the others.
    const frames = concatBytes(this.#sink.take());
    const clients = [...this.#clients];
    for (const client of clients) client.leaveBatch(this.flush);
    for (const client of clients) this.#deliver(client, frames, count, this.#first);
  };
}

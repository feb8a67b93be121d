import type { LogLevel } from "../client/index.ts";
import { type Message, MessageFlag, maySeePrivate, PrefixTable } from "../message/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { FanOut } from "./fan-out.ts";
import type { SlowClients } from "./slow-clients.ts";

/** From so many subscribers on, events are batched for all of them. */
const FAN_OUT_CLIENTS = 4;

export interface EventDistributorOptions {
  readonly slow: SlowClients;
  readonly schedule: (flush: () => void) => void;
  readonly log: (level: LogLevel, text: string) => void;
  /** Counts events that were queued for clients. */
  readonly sent: (count: number) => void;
}

/** Gives numbered events to the clients that subscribed to a prefix of their topic: each event once to a client, in order. */
export class EventDistributor {
  readonly #subscriptions = new PrefixTable<ClientConnection>();
  readonly #options: EventDistributorOptions;
  readonly #fanOut: FanOut;

  constructor(options: EventDistributorOptions) {
    this.#options = options;
    this.#fanOut = new FanOut(
      (client, frames, count, first) => this.#giveBatch(client, frames, count, first),
      options.schedule,
    );
  }

  /** Adds a subscription of a client; it gets the events that come from now on. */
  subscribe(client: ClientConnection, prefix: string): void {
    this.#fanOut.flush();
    this.#subscriptions.add(prefix, client);
  }

  unsubscribe(client: ClientConnection, prefix: string): void {
    this.#fanOut.flush();
    this.#subscriptions.delete(prefix, client);
  }

  /** Queues the events that wait in batches. */
  flush(): void {
    this.#fanOut.flush();
  }

  /** Queues an event for its subscribers, with `pushed` on its route stack. */
  distribute(event: Message, pushed: Uint8Array): void {
    let only: ReadonlySet<ClientConnection> | undefined;
    let sets: ReadonlySet<ClientConnection>[] | undefined;
    this.#subscriptions.match(event.topic ?? "", (clients) => {
      if (only === undefined) only = clients;
      else if (sets === undefined) sets = [only, clients];
      else sets.push(clients);
    });
    if (only === undefined) return;
    const open = (event.flags & MessageFlag.PRIVATE) === 0;
    if (sets === undefined && open && only.size >= FAN_OUT_CLIENTS) {
      this.#fanOut.add(only, event, pushed, event.seq);
      return;
    }
    for (const clients of sets ?? [only]) {
      for (const client of clients) this.#give(client, event, pushed, open);
    }
  }

  #give(client: ClientConnection, event: Message, pushed: Uint8Array, open: boolean): void {
    const { seq } = event;
    if (client.lastEvent === seq) return;
    client.lastEvent = seq;
    if (!open && !maySeePrivate(client.credential, event)) {
      const text = `router: event > client=${client.uuid.slice(0, 5)}: Operation not permitted`;
      this.#options.log("err", text);
    } else if (client.hasRoom(event.frameBytes(pushed.length))) {
      this.#options.sent(1);
      client.forward(event, pushed, event.headStart);
    } else this.#options.slow.missEvents(client, 1, seq);
  }

  #giveBatch(client: ClientConnection, frames: Uint8Array, count: number, first: number): void {
    if (!client.hasRoom(frames.length)) {
      this.#options.slow.missEvents(client, count, first);
      return;
    }
    this.#options.sent(count);
    client.sendEvents(frames, count);
  }
}

import { EMPTY, SHARE_BYTES } from "../base/index.ts";
import type { LogLevel } from "../client/index.ts";
import { EventSheet, type EventSpan } from "../event-log/index.ts";
import { type Message, MessageFlag, maySeePrivate, PrefixTable } from "../message/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { type Events, FanOut } from "./fan-out.ts";
import type { SlowClients } from "./slow-clients.ts";

export interface EventDistributorOptions {
  readonly slow: SlowClients;
  readonly schedule: (flush: () => void) => void;
  readonly log: (level: LogLevel, text: string) => void;
  /** Counts events that are queued for clients; below 0 those that had no room after all. */
  readonly sent: (count: number) => void;
}

/**
 * Gives numbered events to the clients that subscribed to a prefix of their topic: each event once to a client, in order. An event is encoded once,
 * without a route stack, whoever gets it.
 */
export class EventDistributor {
  readonly #subscriptions = new PrefixTable<ClientConnection>();
  readonly #options: EventDistributorOptions;
  readonly #fanOut: FanOut;
  readonly #sheet = new EventSheet(() => this.flush());

  constructor(options: EventDistributorOptions) {
    this.#options = options;
    this.#fanOut = new FanOut((client, events) => this.#giveEvents(client, events), options.schedule);
  }

  /** Adds a subscription of a client; it gets the events that come from now on. */
  subscribe(client: ClientConnection, prefix: string): void {
    this.#fanOut.reset();
    this.#subscriptions.add(prefix, client);
  }

  unsubscribe(client: ClientConnection, prefix: string): void {
    this.#fanOut.reset();
    this.#subscriptions.delete(prefix, client);
  }

  /** Queues the events that wait in batches. */
  flush(): void {
    this.#fanOut.flush();
  }

  /** Queues an event for its subscribers. If it is encoded already it stands at `span` until `flush`. */
  distribute(event: Message, span: EventSpan | undefined): void {
    let only: ReadonlySet<ClientConnection> | undefined;
    let sets: ReadonlySet<ClientConnection>[] | undefined;
    this.#subscriptions.match(event.topic ?? "", (clients) => {
      if (only === undefined) only = clients;
      else if (sets === undefined) sets = [only, clients];
      else sets.push(clients);
    });
    if (only === undefined) return;
    // A large payload is passed on by reference, and not copied for each client.
    const isLarge = event.bodyEnd - event.bodyStart >= SHARE_BYTES;
    const isOpen = (event.flags & MessageFlag.PRIVATE) === 0;
    if (isLarge) this.#giveEach(sets ?? [only], event, undefined);
    else if (sets === undefined && isOpen) {
      this.#options.sent(only.size);
      this.#fanOut.add(only, span ?? this.#sheet.append(event), event.aux1);
    } else this.#giveEach(sets ?? [only], event, span ?? this.#sheet.append(event));
  }

  #giveEach(
    sets: readonly ReadonlySet<ClientConnection>[],
    event: Message,
    span: EventSpan | undefined,
  ): void {
    const bare = span === undefined ? event.withoutRoutes() : event;
    for (const clients of sets) for (const client of clients) this.#give(client, bare, span);
  }

  /** Queues an event for a client: the frame at `span`, or the message as it is. */
  #give(client: ClientConnection, event: Message, span: EventSpan | undefined): void {
    const { seq } = event;
    if (client.lastEvent === seq) return;
    client.lastEvent = seq;
    const isPrivate = (event.flags & MessageFlag.PRIVATE) !== 0;
    if (isPrivate && !maySeePrivate(client.credential, event)) {
      const text = `router: event > client=${client.uuid.slice(0, 5)}: Operation not permitted`;
      this.#options.log("err", text);
    } else if (!client.hasRoom(span === undefined ? event.frameBytes() : span.end - span.start))
      this.#options.slow.missEvents(client, 1, seq);
    else {
      this.#options.sent(1);
      if (span === undefined) client.forward(event, EMPTY, event.headStart);
      else client.sendCopy(span.bytes, span.start, span.end, 1);
    }
  }

  #giveEvents(client: ClientConnection, { bytes, start, end, count, first, lasting }: Events): void {
    if (!client.hasRoom(end - start)) {
      this.#options.sent(-count);
      this.#options.slow.missEvents(client, count, first);
    } else if (lasting) client.sendShared(bytes, count);
    else client.sendCopy(bytes, start, end, count);
  }
}

import { EMPTY, SHARE_BYTES } from "../base/index.ts";
import type { Log } from "../client/index.ts";
import { EventSheet, type EventSpan } from "../event-log/index.ts";
import { type Message, MessageFlag, maySeePrivate, PrefixTable } from "../message/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import { type EventRun, FanOut } from "./fan-out.ts";
import type { SlowClients } from "./slow-clients.ts";

/** Holds some batches, and any event that is not large. */
const SHEET_BYTES = 64 * 1024;
/** Longest topic that is remembered, in UTF-16 units. */
const LONGEST_TOPIC = 256;

/** Subscriptions of a client that is gone which are forgotten in one turn: some milliseconds. */
const LEAVING_AT_ONCE = 2000;

export interface EventDistributorOptions {
  readonly slow: SlowClients;
  readonly schedule: (flush: () => void) => void;
  readonly log: Log;
  /** Counts events that were queued for clients. */
  readonly sent: (count: number) => void;
}

/**
 * Gives numbered events to the clients that subscribed to a prefix of their topic: each event once to a client, in order. An event is encoded once
 * for all of them, without a route stack; only a large one is for each, but for its payload, which they share.
 */
export class EventDistributor {
  readonly #subscriptions = new PrefixTable<ClientConnection>();
  readonly #options: EventDistributorOptions;
  readonly #fanOut: FanOut;
  /** For events that are not encoded yet; made when one comes. */
  #sheet: EventSheet | undefined;
  /** Topic of the latest event, and who gets events of it: most often the next one is of the same. */
  #topic: string | undefined;
  #clients: readonly ReadonlySet<ClientConnection>[] = [];

  constructor(options: EventDistributorOptions) {
    this.#options = options;
    this.#fanOut = new FanOut((client, run) => this.#giveRun(client, run), options.schedule);
  }

  /** Adds a subscription of a client; it gets the events that come from now on. */
  subscribe(client: ClientConnection, prefix: string): void {
    this.#reset();
    this.#subscriptions.add(prefix, client);
  }

  unsubscribe(client: ClientConnection, prefix: string): void {
    this.#reset();
    this.#subscriptions.delete(prefix, client);
  }

  /** A client is gone: forgets its subscriptions, so many in a turn of the event loop that nobody has to wait for long. */
  leave(client: ClientConnection): void {
    const prefixes = [...client.subscriptions.keys()];
    client.subscriptions.clear();
    const forgetSome = (): void => {
      this.#reset();
      for (const prefix of prefixes.splice(-LEAVING_AT_ONCE)) this.#subscriptions.delete(prefix, client);
      if (prefixes.length > 0) setImmediate(forgetSome);
    };
    forgetSome();
  }

  /** Queues the events that wait in batches. */
  readonly flush = (): void => this.#fanOut.flush();

  /** Queues an event for its subscribers. If it is encoded already it stands at `span` until `flush`. */
  distribute(event: Message, span: EventSpan | undefined): void {
    const topic = event.topic ?? "";
    const sets = topic === this.#topic ? this.#clients : this.#match(topic);
    if (sets.length === 0) return;
    const isLarge = event.headEnd - event.topicPart + event.bodyEnd - event.bodyStart >= SHARE_BYTES;
    const isOpen = (event.flags & MessageFlag.PRIVATE) === 0;
    if (isLarge) this.#giveEach(sets, event.withoutRoutes(), undefined);
    else if (sets.length === 1 && isOpen) this.#fanOut.add(sets[0]!, span ?? this.#write(event), event.seq);
    else this.#giveEach(sets, event, span ?? this.#write(event));
  }

  #match(topic: string): readonly ReadonlySet<ClientConnection>[] {
    this.#topic = topic.length <= LONGEST_TOPIC ? topic : undefined;
    const sets: ReadonlySet<ClientConnection>[] = [];
    this.#subscriptions.match(topic, (clients) => sets.push(clients));
    this.#clients = sets;
    return sets;
  }

  /** Before anybody subscribes or unsubscribes. */
  #reset(): void {
    this.#fanOut.reset();
    this.#topic = undefined;
    this.#clients = [];
  }

  #write(event: Message): EventSpan {
    this.#sheet ??= new EventSheet(SHEET_BYTES, this.flush);
    return this.#sheet.append(event);
  }

  #giveEach(
    sets: readonly ReadonlySet<ClientConnection>[],
    event: Message,
    span: EventSpan | undefined,
  ): void {
    for (const clients of sets) for (const client of clients) this.#give(client, event, span);
  }

  /** Queues an event for a client: the frame at `span`, or the message as it is. */
  #give(client: ClientConnection, event: Message, span: EventSpan | undefined): void {
    const { seq } = event;
    if (client.lastEvent === seq || client.gone) return;
    client.lastEvent = seq;
    const isPrivate = (event.flags & MessageFlag.PRIVATE) !== 0;
    if (isPrivate && !maySeePrivate(client.credential, event)) {
      const text = `router: event > client=${client.uuid.slice(0, 5)}: Operation not permitted`;
      this.#options.log("err", text, { kind: "private event withheld", userid: client.credential.userid });
    } else if (!client.hasRoom(span === undefined ? event.frameBytes() : span.end - span.start))
      this.#options.slow.missEvents(client, 1, seq);
    else {
      this.#options.sent(1);
      if (span === undefined) client.forward(event, EMPTY, event.headStart);
      else client.sendCopy(span.bytes, span.start, span.end, 1);
    }
  }

  #giveRun(client: ClientConnection, { bytes, start, end, count, first, lasting }: EventRun): void {
    if (client.gone) return;
    if (!client.hasRoom(end - start)) {
      this.#options.slow.missEvents(client, count, first);
      return;
    }
    this.#options.sent(count);
    if (lasting) client.sendShared(bytes, count);
    else client.sendCopy(bytes, start, end, count);
  }
}

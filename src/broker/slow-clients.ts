import type { Log } from "../client/index.ts";
import type { ClientConnection } from "./client-connection.ts";

/**
 * What happens to a client whose queue is full when an event comes for it: its connection is closed, or it misses the event. Responses are never
 * dropped: a client without room for one is closed in either case. A request for a service without room fails with EAGAIN.
 */
export type SlowClientPolicy = "disconnect" | "drop-events";

/** What full queues have cost so far. */
export interface SlowCounters {
  /** Clients closed. */
  readonly disconnects: number;
  /** Events not delivered. */
  readonly droppedEvents: number;
  /** Requests answered with EAGAIN. */
  readonly refusedRequests: number;
}

/** Carries out the policy for clients whose queues are full, counts what that costs, and logs it. */
export class SlowClients {
  readonly #counters = { disconnects: 0, droppedEvents: 0, refusedRequests: 0 };
  readonly #policy: SlowClientPolicy;
  readonly #log: Log;

  constructor(policy: SlowClientPolicy, log: Log) {
    this.#policy = policy;
    this.#log = log;
  }

  get counters(): SlowCounters {
    return { ...this.#counters };
  }

  /** `count` events, the first of which is number `first`, have no room in the client's queue. */
  missEvents(client: ClientConnection, count: number, first: number): void {
    if (client.gone) return;
    if (this.#policy === "disconnect") {
      this.close(client);
      return;
    }
    this.#counters.droppedEvents += count;
    if (!client.missesEvents) {
      client.missesEvents = true;
      const text = `${nameOf(client)} does not keep up: events from ${first} on are dropped for it`;
      this.#log("warning", text, { kind: "client misses events", userid: client.credential.userid });
    }
    client.counters.dropped += count;
  }

  /** A request for a service of the client has no room in its queue. */
  missRequest(client: ClientConnection): void {
    client.counters.dropped++;
    this.#counters.refusedRequests++;
  }

  /** A guest sent a response that answers no request it was given. */
  dropForged(client: ClientConnection): void {
    client.counters.dropped++;
    if (client.forges) return;
    client.forges = true;
    this.#log("warning", `${nameOf(client)} answers requests it was not given: these responses are dropped`);
  }

  /** A guest holds more than it may, and this connection most of it: closes the connection. */
  closeOverdrawn(client: ClientConnection, why: string): void {
    if (client.gone) return;
    this.#counters.disconnects++;
    this.#log("warning", `${nameOf(client)} is closed: ${why}`);
    client.link.destroy();
  }

  /** Closes the client's connection; what is queued for it is lost. */
  close(client: ClientConnection): void {
    if (client.gone) return;
    this.#counters.disconnects++;
    const text = `${nameOf(client)} does not read: closed with ${client.link.queuedBytes} bytes queued`;
    this.#log("warning", text, { kind: "client closed", userid: client.credential.userid });
    client.link.destroy();
  }
}

export function nameOf({ uuid, pid }: ClientConnection): string {
  return `client=${uuid.slice(0, 5)}${pid === undefined ? "" : ` pid=${pid}`}`;
}

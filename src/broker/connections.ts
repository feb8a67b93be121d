import { randomUUID } from "node:crypto";
import type { Message } from "../message/index.ts";
import type { Accounts } from "./accounts.ts";
import { ClientConnection, type ClientConnectionOptions } from "./client-connection.ts";
import { type RouteIdentity, routeKey } from "./route-identity.ts";

/** A connection that gets an account, and a uuid unless it has one. */
export type NewConnection = Omit<ClientConnectionOptions, "uuid" | "identity" | "account" | "overdrawn"> & {
  readonly uuid?: string;
};

export interface ConnectionsOptions {
  readonly identity: RouteIdentity;
  readonly accounts: Accounts;
  /** Closes a connection whose guest holds too much. */
  readonly overdrawn: (client: ClientConnection, why: string) => void;
}

/** The connections of a broker, and how responses find them: by the route parts on top of their stacks. */
export class Connections {
  /** By the key of their route part. */
  readonly clients = new Map<number, ClientConnection>();
  /** Modules of the broker, which are no clients of its local connector: by their keys. */
  readonly modules = new Map<number, ClientConnection>();
  readonly #options: ConnectionsOptions;
  readonly #identity: RouteIdentity;
  /** The client that was found last: responses to one client often come in a row. */
  #latest: ClientConnection | undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.#identity = options.identity;
  }

  /** The client that was found last. */
  get latest(): ClientConnection | undefined {
    return this.#latest;
  }

  /** Opens a connection, under a uuid whose key no other has. */
  open(connection: NewConnection): ClientConnection {
    const { identity, accounts, overdrawn } = this.#options;
    const account = accounts.of(connection.credential);
    const fixed = { identity, account, overdrawn };
    let client: ClientConnection | undefined;
    while (client === undefined || this.clients.has(client.key) || this.modules.has(client.key)) {
      client?.share.close();
      client = new ClientConnection({ uuid: randomUUID(), ...connection, ...fixed });
    }
    (client.isModule ? this.modules : this.clients).set(client.key, client);
    return client;
  }

  /** Forgets a connection, and what was kept for it. Returns false when that has been done before. */
  close(client: ClientConnection): boolean {
    if (!(client.isModule ? this.modules : this.clients).delete(client.key)) return false;
    client.gone = true;
    client.share.close();
    this.#latest = undefined;
    return true;
  }

  /** The client whose route part is at `at`, which is negative when there is none. */
  clientAt(head: Uint8Array, at: number): ClientConnection | undefined {
    if (at < 0) return undefined;
    const latest = this.#latest;
    if (latest?.isAt(head, at) === true) return latest;
    const client = this.clients.get(routeKey(head, at));
    if (client?.isAt(head, at) !== true) return undefined;
    this.#latest = client;
    return client;
  }

  /** The module that the top of a message's route stack names. */
  moduleOf({ head, headStart, headEnd }: Message): ClientConnection | undefined {
    const at = this.#identity.modulePart(head, headStart, headEnd);
    const module = at < 0 ? undefined : this.modules.get(routeKey(head, at));
    return module?.isAt(head, at) === true ? module : undefined;
  }
}

import { FluxError, ownText } from "../base/index.ts";
import { checkJsonSize } from "../client/index.ts";
import { parseJson } from "../json/index.ts";
import { type Message, MessageFlag, Role, textPayload, USERID_UNKNOWN } from "../message/index.ts";
import { GUEST_SERVICES } from "./accounts.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { EventDistributor } from "./event-distributor.ts";
import type { Ingress } from "./ingress.ts";
import type { ServiceTable } from "./service-table.ts";

/** What a prefix or a service costs besides its name, and each UTF-16 unit of the name, in bytes. */
const ENTRY_BYTES = 384;
const NAME_UNIT_BYTES = 4;

/** Most prefixes a client may be subscribed to. */
export const MAX_SUBSCRIPTIONS = 65_536;

/** Most bytes, and most values, of the JSON in one of the requests below, whoever sends it. */
export const JSON_SIZE = { bytes: 65_536, values: 65_536 };

/**
 * The four requests a client's connector answers itself, whatever rank they name: event.subscribe and event.unsubscribe, counted by client and
 * prefix, and service.add and service.remove. Its responses bear no user and the role OWNER, and errors no text, as flux-core's do; but for those about limits that
 * flux-core does not have.
 */
export class ConnectorService<E> {
  readonly #services: ServiceTable<E | ClientConnection>;
  readonly #events: EventDistributor;
  readonly #ingress: Ingress;

  constructor(services: ServiceTable<E | ClientConnection>, events: EventDistributor, ingress: Ingress) {
    this.#ingress = ingress;
    this.#services = services;
    this.#events = events;
  }

  /** The response to a request that is the connector's, `"done"` when it wants none; undefined for any other request. */
  receive(client: ClientConnection, request: Message, topic: string): Message | "done" | undefined {
    const act = this.#method(topic);
    if (act === undefined) return undefined;
    let failure: FluxError | undefined;
    try {
      act(client, request);
    } catch (error) {
      failure = FluxError.from(error, "EPROTO");
    }
    if ((request.flags & MessageFlag.NORESPONSE) !== 0) return "done";
    // Of limits that flux-core does not have; its other errors have no text.
    const isLimit = failure?.code === "EMSGSIZE" || failure?.code === "EINVAL" || failure?.code === "ENOBUFS";
    const payload = isLimit && failure?.text !== undefined ? textPayload(failure.text) : undefined;
    const response = request.deriveResponse(failure?.errno ?? 0, payload);
    response.userid = USERID_UNKNOWN;
    response.rolemask = Role.OWNER;
    return response;
  }

  #method(topic: string): ((client: ClientConnection, request: Message) => void) | undefined {
    switch (topic) {
      case "event.subscribe":
        return (client, request) => this.#subscribe(client, textField(request, "topic"));
      case "event.unsubscribe":
        return (client, request) => this.#unsubscribe(client, textField(request, "topic"));
      case "service.add":
        return (client, request) => this.#addService(client, request);
      case "service.remove":
        return (client, request) => this.#removeService(client, textField(request, "service"));
      default:
        return undefined;
    }
  }

  #addService(client: ClientConnection, request: Message): void {
    const name = textField(request, "service");
    const { share } = client;
    const cost = costOf(name);
    if (!share.charge(cost)) throw new FluxError("ENOBUFS");
    if (!share.addService()) {
      share.release(cost);
      throw new FluxError("ENOBUFS", `a guest may have ${GUEST_SERVICES} services`);
    }
    try {
      this.#services.add(name, client, request);
    } catch (error) {
      share.removeService();
      share.release(cost);
      throw error;
    }
  }

  #removeService(client: ClientConnection, name: string): void {
    this.#services.remove(name, client);
    client.share.removeService();
    client.share.release(costOf(name));
  }

  #subscribe(client: ClientConnection, prefix: string): void {
    this.#ingress.checkText(prefix, "prefix");
    const count = client.subscriptions.get(prefix) ?? 0;
    if (count === 0 && client.subscriptions.size >= MAX_SUBSCRIPTIONS) throw new FluxError("ENOBUFS");
    if (count > 0) {
      client.subscriptions.set(prefix, count + 1);
      return;
    }
    if (!client.share.charge(costOf(prefix))) throw new FluxError("ENOBUFS");
    client.subscriptions.set(prefix, 1);
    this.#events.subscribe(client, prefix);
  }

  #unsubscribe(client: ClientConnection, prefix: string): void {
    const count = client.subscriptions.get(prefix);
    if (count === undefined) throw new FluxError("ENOENT");
    if (count > 1) {
      client.subscriptions.set(prefix, count - 1);
      return;
    }
    client.subscriptions.delete(prefix);
    client.share.release(costOf(prefix));
    this.#events.unsubscribe(client, prefix);
  }
}

function costOf(name: string): number {
  return ENTRY_BYTES + NAME_UNIT_BYTES * name.length;
}

/**
 * A text in the JSON object of a request, in memory of its own.
 * @throws FluxError EPROTO when it has none of that name, EMSGSIZE when its JSON has more than 64 KiB or 65,536 values.
 */
export function textField(request: Message, name: string): string {
  checkJsonSize(request, JSON_SIZE);
  const text = request.text;
  const body = text === undefined ? undefined : parseJson(text);
  const value =
    typeof body === "object" && body !== null && Object.hasOwn(body, name)
      ? (body as Record<string, unknown>)[name]
      : undefined;
  if (typeof value !== "string") throw new FluxError("EPROTO");
  return ownText(value);
}

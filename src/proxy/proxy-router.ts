import { randomUUID } from "node:crypto";
import { EMPTY, type ErrnoName, errno, FluxError, ownText } from "../base/index.ts";
import {
  CLIENT_QUEUE_BYTES,
  Disconnects,
  Ingress,
  NOT_TRACKED,
  Refusals,
  textField,
} from "../broker/index.ts";
import type { Flux, Log } from "../client/index.ts";
import type { FrameLink } from "../connector/index.ts";
import {
  afterRoutes,
  MATCHTAG_NONE,
  type Message,
  MessageFlag,
  MessageType,
  type Oversize,
  PrefixTable,
  Role,
  serviceOf,
  textPayload,
  topRoute,
  USERID_UNKNOWN,
} from "../message/index.ts";
import { ProxyClient, type SharedSubscription } from "./proxy-client.ts";
import { ProxyServices } from "./proxy-services.ts";
import { type Upstream, upstreamOf } from "./upstream.ts";

export interface ProxyRouterOptions {
  /** The connection to the broker; the router takes what the handle itself does not. */
  readonly flux: Flux;
  /** Keeps track of requests, for `suspend`. */
  readonly reconnects: boolean;
  /** Largest frame taken and sent, in bytes; default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  readonly log: Log;
}

/** The limits of an owner hold for all clients, which are programs of one user; the broker looks at each message again. */
const OWN = { userid: USERID_UNKNOWN, rolemask: Role.OWNER };

/**
 * Moves messages between the clients of a proxy and the one broker behind it. Requests go out with a route pushed; what clients subscribe to and
 * the services they have are kept here and asked for in the proxy's name. Credentials are the broker's affair: nothing is stamped. All goes by
 * the broker, also what one client here sends to another. Source: flux-core's librouter/router.c.
 */
export class ProxyRouter {
  readonly #options: ProxyRouterOptions;
  readonly #upstream: Upstream;
  readonly #services: ProxyServices;
  readonly #ingress: Ingress;
  readonly #refusals: Refusals;
  readonly #clients = new Map<string, ProxyClient>();
  readonly #subscribers = new PrefixTable<ProxyClient>();
  /** What waits for the next connection; undefined while there is one. */
  #held: { readonly messages: Message[]; bytes: number } | undefined;

  constructor(options: ProxyRouterOptions) {
    this.#options = options;
    this.#upstream = upstreamOf(options.flux, (message) => this.#deliver(message));
    this.#services = new ProxyServices(this.#upstream);
    this.#ingress = new Ingress({ maxFrameBytes: options.maxFrameBytes });
    this.#refusals = new Refusals(options.log);
  }

  /** A program has connected. */
  connect(link: FrameLink): void {
    const client = new ProxyClient(randomUUID(), link, new Disconnects(), this.#options.reconnects);
    this.#clients.set(client.uuid, client);
    link.start({
      message: (message) => this.#receive(client, message),
      oversized: (message, size) => this.#receive(client, message, size),
      frame: () => false,
      pause() {},
      closed: () => this.#disconnect(client),
    });
  }

  /** The connection is lost but will be made again: what is pending fails, what comes now waits. */
  suspend(): void {
    // Requests that waited already for this connection fail with the others.
    const kept = (this.#held?.messages ?? []).filter((message) => !isAwaited(message));
    this.#held = { messages: kept, bytes: kept.reduce((sum, message) => sum + message.frameBytes(), 0) };
    for (const client of this.#clients.values()) {
      for (const request of client.takePending())
        this.#answer(client, request, "ECONNRESET", "RPC aborted due to broker reconnect");
    }
  }

  /** A new connection stands, subscriptions with it: services are registered again, then what waited goes out. */
  async resume(): Promise<void> {
    for (const [name, error] of await this.#services.restore())
      this.#options.log("err", `service ${name} can't be registered again: ${error.message}`);
    const held = this.#held?.messages ?? [];
    this.#held = undefined;
    for (const message of held) this.#send(message);
  }

  /** Closes all clients; what is queued for them is written, within `lingerMs`. */
  async close(lingerMs: number): Promise<void> {
    await Promise.all([...this.#clients.values()].map(({ link }) => link.end(lingerMs)));
  }

  #receive(client: ProxyClient, message: Message, size?: Oversize): void {
    const { topic, type } = message;
    if (topic === undefined || client.gone) return;
    const error = this.#ingress.check(message, OWN, size);
    if (error !== undefined) this.#keepOut(client, message, error);
    else if (type === MessageType.REQUEST) this.#clientRequest(client, message, topic);
    else if (type !== MessageType.CONTROL && this.#send(message) !== undefined) client.link.destroy();
  }

  /** A message that may not pass: a request is answered with an error, a response becomes one, an event is dropped. */
  #keepOut(client: ProxyClient, message: Message, error: FluxError): void {
    const instead = this.#refusals.refuse(message, error);
    if (instead === undefined) return;
    if (message.type === MessageType.REQUEST) this.#giveAnswer(client, instead);
    else if (this.#send(instead) !== undefined) client.link.destroy();
  }

  #clientRequest(client: ProxyClient, request: Message, topic: string): void {
    const answer = this.#ownMethod(client, request, topic);
    if (answer !== undefined) {
      answer.then(
        () => this.#answer(client, request, undefined),
        (error: unknown) => this.#answer(client, request, FluxError.from(error, "EPROTO").errno),
      );
      return;
    }
    const problem = request.has(MessageFlag.NORESPONSE) ? undefined : client.disconnects.arm(request, topic);
    if (problem !== undefined) {
      this.#answer(client, request, errno[problem], NOT_TRACKED[problem]);
      return;
    }
    const failure = this.#send(request.withPushed(client.pushed));
    if (failure === undefined) client.track(request);
    else this.#answer(client, request, failure.errno, failure.text);
  }

  /** The four requests a proxy answers itself; undefined for any other. Their errors have no text, as those of flux-core's router. */
  #ownMethod(client: ProxyClient, request: Message, topic: string): Promise<void> | undefined {
    switch (topic) {
      case "event.subscribe":
        return this.#subscribe(client, request);
      case "event.unsubscribe":
        return this.#unsubscribe(client, request);
      case "service.add":
        return this.#addService(client, request);
      case "service.remove":
        return this.#removeService(client, request);
      default:
        return undefined;
    }
  }

  async #subscribe(client: ProxyClient, request: Message): Promise<void> {
    const prefix = textField(request, "topic");
    this.#ingress.checkText(prefix, "prefix");
    let shared = client.subscriptions.get(prefix);
    if (shared === undefined) {
      shared = { count: 0, events: this.#upstream.subscribe(prefix) };
      client.subscriptions.set(ownText(prefix), shared);
      this.#subscribers.add(prefix, client);
    }
    shared.count++;
    try {
      await shared.events.ready;
    } catch (error) {
      if (client.subscriptions.get(prefix) === shared) await this.#leave(client, prefix, shared);
      throw error;
    }
  }

  async #unsubscribe(client: ProxyClient, request: Message): Promise<void> {
    const prefix = textField(request, "topic");
    const shared = client.subscriptions.get(prefix);
    if (shared === undefined) throw new FluxError("ENOENT");
    await this.#leave(client, prefix, shared);
  }

  async #leave(client: ProxyClient, prefix: string, shared: SharedSubscription): Promise<void> {
    if (--shared.count > 0) return;
    client.subscriptions.delete(prefix);
    this.#subscribers.delete(prefix, client);
    await shared.events.close();
  }

  async #addService(client: ProxyClient, request: Message): Promise<void> {
    await this.#services.add(client, request, textField(request, "service"));
  }

  async #removeService(client: ProxyClient, request: Message): Promise<void> {
    await this.#services.remove(client, textField(request, "service"));
  }

  /** Sends a message to the broker, or keeps it for the next connection; returns why it does neither. */
  #send(message: Message): FluxError | undefined {
    const error = this.#ingress.checkSize(message);
    if (error !== undefined) return error;
    const bytes = message.frameBytes();
    const queued = this.#held?.bytes ?? this.#upstream.queuedBytes;
    if (queued > 0 && queued + bytes > CLIENT_QUEUE_BYTES)
      return new FluxError("EAGAIN", "the broker does not keep up with this proxy");
    if (this.#held !== undefined) {
      this.#held.messages.push(message);
      this.#held.bytes += bytes;
      return undefined;
    }
    try {
      this.#upstream.send(message);
    } catch (error) {
      // It is lost and will not be made again: the clients are about to be closed.
      if (!FluxError.is(error, "ECONNRESET")) throw error;
    }
    return undefined;
  }

  #answer(client: ProxyClient, request: Message, error: ErrnoName | number | undefined, text?: string): void {
    if (client.gone || request.has(MessageFlag.NORESPONSE)) return;
    const number = typeof error === "string" ? errno[error] : (error ?? 0);
    this.#giveAnswer(
      client,
      request.deriveResponse(number, text === undefined ? undefined : textPayload(text)),
    );
  }

  /** Gives a client a response of the proxy's own. */
  #giveAnswer(client: ProxyClient, response: Message): void {
    response.userid = USERID_UNKNOWN;
    response.rolemask = Role.OWNER;
    this.#give(client, response, response.headStart);
  }

  #deliver(message: Message): void {
    if (message.type === MessageType.RESPONSE) this.#response(message);
    else if (message.type === MessageType.EVENT) this.#event(message);
    else if (message.type === MessageType.REQUEST) this.#serviceRequest(message);
  }

  /** A response from the broker: the top of its routes names the client. */
  #response(response: Message): void {
    const uuid = topRoute(response);
    const client = uuid === undefined ? undefined : this.#clients.get(uuid);
    if (client === undefined) return;
    const headFrom = afterRoutes(response, 1);
    client.settle(response, headFrom);
    this.#give(client, response, headFrom);
  }

  #event(event: Message): void {
    const receivers = new Set<ProxyClient>();
    this.#subscribers.match(event.topic ?? "", (clients) => {
      for (const client of clients) receivers.add(client);
    });
    for (const client of receivers) this.#give(client, event, event.headStart);
  }

  /** A request for a service of a client. The bare name of a service is no topic for it. */
  #serviceRequest(request: Message): void {
    const topic = request.topic ?? "";
    const client = topic.includes(".") ? this.#services.get(serviceOf(topic)) : undefined;
    if (client !== undefined) this.#give(client, request, request.headStart);
    else if (!request.has(MessageFlag.NORESPONSE))
      this.#send(request.deriveResponse(errno.ENOSYS, undefined));
  }

  #give(client: ProxyClient, message: Message, headFrom: number): void {
    const { link } = client;
    if (link.queuedBytes > 0 && link.queuedBytes + message.frameBytes() > CLIENT_QUEUE_BYTES) {
      const text = `client=${client.uuid.slice(0, 5)} does not read: closed`;
      this.#options.log("warning", text, { kind: "client closed" });
      link.destroy();
    } else link.forward(message, EMPTY, headFrom);
  }

  #disconnect(client: ProxyClient): void {
    client.gone = true;
    this.#clients.delete(client.uuid);
    for (const request of client.disconnects.take()) this.#send(request.withPushed(client.pushed));
    this.#services.removeAll(client).catch(() => {});
    for (const [prefix, { events }] of client.subscriptions) {
      this.#subscribers.delete(prefix, client);
      events.close().catch(() => {});
    }
    client.subscriptions.clear();
  }
}

/** True for a request whose sender waits for a response. */
function isAwaited(message: Message): boolean {
  return (
    message.type === MessageType.REQUEST &&
    message.matchtag !== MATCHTAG_NONE &&
    !message.has(MessageFlag.NORESPONSE)
  );
}

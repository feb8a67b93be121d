import { EMPTY, type ErrnoName, errno, FluxError, SHARE_BYTES } from "../base/index.ts";
import {
  type FrameBytes,
  giveBack,
  isPlainResponse,
  type Message,
  MessageFlag,
  MessageType,
  type Oversize,
  Role,
  stampCredential,
  stampEncoded,
  textPayload,
} from "../message/index.ts";
import type { TypeCounters } from "../methods/index.ts";
import type { Accounts } from "./accounts.ts";
import { BuiltinService } from "./builtin-service.ts";
import type { ClientConnection } from "./client-connection.ts";
import { Connections, type NewConnection } from "./connections.ts";
import { ConnectorService } from "./connector-service.ts";
import { decideRequest, type RoutingView } from "./decide.ts";
import { EventDistributor } from "./event-distributor.ts";
import { EventService } from "./event-service.ts";
import { Ingress } from "./ingress.ts";
import { ALWAYS, type Endpoint, hasRoom, isCancel, NOT_TRACKED, type Origin, sentBy } from "./origin.ts";
import { Refusals } from "./refusals.ts";
import { ResponseRun } from "./response-run.ts";
import { ROUTE_PART_BYTES, type RouteIdentity, STACK_BYTES } from "./route-identity.ts";
import type { RouterOptions } from "./router-options.ts";
import { Sequencer } from "./sequencer.ts";
import { ServiceTable } from "./service-table.ts";
import { SlowClients } from "./slow-clients.ts";
import type { Uplink } from "./uplink.ts";

/** Moves messages between clients, the broker's own services and the tree: decides with `decideRequest`, acts here. */
export class Router implements RoutingView<Endpoint> {
  readonly rank: number;
  readonly services = new ServiceTable<Endpoint>();
  readonly connections: Connections;
  readonly sequencer: Sequencer;
  readonly rx: TypeCounters = { request: 0, response: 0, event: 0, control: 0 };
  readonly tx: TypeCounters = { request: 0, response: 0, event: 0, control: 0 };
  readonly slow: SlowClients;
  readonly accounts: Accounts;
  readonly refusals: Refusals;
  readonly ingress: Ingress;
  /** False as long as this broker has not joined its instance: clients are put off. */
  online = true;
  /** Requests from other ranks. */
  readonly #tree: Origin;
  #uplink: Uplink | undefined;
  readonly #options: RouterOptions;
  readonly #identity: RouteIdentity;
  readonly #connector: ConnectorService<Exclude<Endpoint, ClientConnection>>;
  readonly #events: EventDistributor;
  readonly #run: ResponseRun;

  constructor(options: RouterOptions) {
    this.rank = options.rank;
    this.#options = options;
    this.accounts = options.accounts;
    this.sequencer = new Sequencer(options.lastEvent);
    this.#identity = options.identity;
    this.#tree = { toBroker: EMPTY, toService: options.identity.brokerPart };
    this.slow = new SlowClients(options.slowClient, options.log);
    this.connections = new Connections({
      identity: options.identity,
      accounts: options.accounts,
      overdrawn: (client, why) => this.slow.closeOverdrawn(client, why),
    });
    this.refusals = new Refusals(options.log);
    this.ingress = new Ingress(options.limits);
    this.#events = new EventDistributor({
      slow: this.slow,
      schedule: options.schedule,
      log: options.log,
      sent: (count) => {
        this.tx.event += count;
      },
    });
    this.#run = new ResponseRun((count) => {
      this.tx.response += count;
    });
    this.#connector = new ConnectorService(this.services, this.#events, this.ingress);
  }

  provider(topic: string): Endpoint | undefined {
    return this.services.provider(topic);
  }

  /** Joins the tree: what this broker has no place for goes there. */
  attach(uplink: Uplink): void {
    this.#uplink = uplink;
  }

  /** A request from another rank, with the routes of its way here on its stack. */
  requestFromTree(request: Message): void {
    this.#run.send();
    const topic = request.topic;
    if (topic === undefined) return;
    this.rx.request++;
    this.#route(this.#tree, request, topic, isCancel(request, topic));
  }

  /** A numbered event from the parent. */
  eventFromTree(event: Message): void {
    this.#run.send();
    this.rx.event++;
    this.#events.distribute(event, this.#options.events?.append(event));
  }

  /** An event from another rank without a number, which rank 0 gives. */
  publishFromTree(event: Message): void {
    this.#run.send();
    this.rx.event++;
    const error = this.ingress.checkSize(event);
    if (error === undefined) this.publish(event);
    else this.refusals.refuse(event, error);
  }

  /** A new connection: from now on its messages may come. */
  connect(connection: NewConnection): ClientConnection {
    return this.connections.open(connection);
  }

  /** A connection is gone: tells the services it used, then forgets its services and subscriptions. */
  disconnect(client: ClientConnection): void {
    if (!this.connections.close(client)) return;
    for (const request of client.disconnects.take()) this.#route(client, request, request.topic!, true);
    this.services.removeAll(client);
    this.#events.leave(client);
  }

  /**
   * A message from a client: stamps its credentials and sends it on. One without a topic, and a control message, is dropped. One that came without
   * its payload, for it is over the limit, has a `size`.
   */
  receive(client: ClientConnection, message: Message, size?: Oversize): void {
    this.#run.send();
    if ((message.flags & MessageFlag.TOPIC) === 0 || client.gone) return;
    client.counters.received++;
    stampCredential(message, client.credential);
    const error = this.ingress.check(message, client.credential, size);
    if (error === undefined) this.#enter(client, message);
    else this.#keepOut(client, message, error);
  }

  #enter(client: ClientConnection, message: Message): void {
    if (message.type === MessageType.RESPONSE) this.#response(client, message);
    else if (message.type === MessageType.REQUEST) this.#request(client, message, message.topic!);
    else if (message.type === MessageType.EVENT) this.#sentEvent(client, message);
  }

  /** A message that may not pass: a request is answered with an error, a response becomes one, an event is dropped. */
  #keepOut(origin: Origin, message: Message, error: FluxError): void {
    const instead = this.refusals.refuse(message, error);
    if (instead === undefined) return;
    if (message.type === MessageType.RESPONSE) this.#enter(origin as ClientConnection, instead);
    else this.#answer(origin, instead);
  }

  /**
   * A message from a client as it stands in `frames` from `start` to `end`: sends it on if it is a response to a client that can go as it is, as
   * `receive` would. Returns false for any other. It waits with those behind it until `pause` or the next `receive`.
   */
  receiveFrame(client: ClientConnection, frames: FrameBytes, start: number, end: number): boolean {
    if (client.gone || client.forwarded !== undefined) return false;
    const last = this.connections.latest;
    let requester = last;
    let rest = start + STACK_BYTES;
    if (last === undefined || rest > end || !last.isRequesterAt(frames.words, start)) {
      const at = this.#identity.clientPart(frames.bytes, start, end);
      requester = this.connections.clientAt(frames.bytes, at);
      rest = at + ROUTE_PART_BYTES;
    }
    if (requester === undefined || end - start >= SHARE_BYTES) return false;
    if (!isPlainResponse(frames, rest, end)) return false;
    stampEncoded(frames, end, client.credential);
    if (!this.#run.add(requester, frames, rest, end)) return false;
    client.counters.received++;
    this.rx.response++;
    return true;
  }

  /** No more messages come for now: sends what `receiveFrame` holds. */
  pause(): void {
    this.#run.send();
  }

  /** A response from a client or from a service of this broker: to where the top of its route stack leads. */
  respond(response: Message): void {
    this.rx.response++;
    const at = this.#clientPart(response);
    const client = this.connections.clientAt(response.head, at);
    if (client !== undefined) this.#deliverResponse(client, response, at + ROUTE_PART_BYTES);
    else if (!this.#respondToModule(response)) this.#respondToTree(response);
  }

  /** A promise while much is queued for the client that sent `request`, as a service here got it, for when there is room again. */
  writable(request: Message): Promise<void> | undefined {
    const requester =
      this.connections.clientAt(request.head, this.#clientPart(request)) ??
      this.connections.moduleOf(request);
    return requester?.link.writable();
  }

  /**
   * Numbers an event and gives it to its subscribers.
   * @returns its sequence number.
   * @throws FluxError EMSGSIZE when its frame would be over the limit.
   */
  publish(event: Message): number {
    const error = this.ingress.checkSize(event);
    if (error !== undefined) throw error;
    const seq = this.sequencer.next();
    event.aux1 = seq;
    const span = this.#options.events?.append(event);
    this.#uplink?.toChildren(event);
    this.#events.distribute(event, span);
    return seq;
  }

  /** Gives `client` the events under a prefix, without its asking. */
  subscribe(client: ClientConnection, prefix: string): void {
    this.#events.subscribe(client, prefix);
  }

  /** Registers a service of the broker itself. Throws EEXIST when the name is taken. */
  addBuiltin(service: BuiltinService | EventService): void {
    this.services.add(service.name, service, { userid: this.#options.owner, rolemask: Role.OWNER });
  }

  /** Queues the responses and events that wait together. */
  flush(): void {
    this.#run.send();
    this.#events.flush();
  }

  #clientPart({ head, headStart, headEnd }: Message): number {
    return this.#identity.clientPart(head, headStart, headEnd);
  }

  #respondToModule(response: Message): boolean {
    const module = this.connections.moduleOf(response);
    if (module === undefined) return false;
    const at = this.#identity.modulePart(response.head, response.headStart, response.headEnd);
    this.#deliverResponse(module, response, at + ROUTE_PART_BYTES);
    return true;
  }

  /** A response that nobody here waits for: to the rank its request came from, if any. */
  #respondToTree(response: Message): void {
    if (this.#uplink === undefined || (response.flags & MessageFlag.ROUTE) === 0) return;
    if (this.#identity.isOwnPart(response.head, response.headStart)) response.popRoute();
    if (this.#uplink.respond(response)) this.tx.response++;
  }

  #request(client: ClientConnection, request: Message, topic: string): void {
    this.rx.request++;
    const answer = this.#connector.receive(client, request, topic);
    if (answer !== undefined) {
      if (answer !== "done") this.#deliverResponse(client, answer, answer.headStart);
      return;
    }
    if ((request.flags & MessageFlag.NORESPONSE) === 0) {
      const problem = client.disconnects.arm(request, topic);
      if (problem !== undefined) {
        this.#refuse(client, request, problem, NOT_TRACKED[problem]);
        return;
      }
    }
    if (!this.online && !client.isModule && !ALWAYS.has(topic)) {
      this.#refuse(client, request, "EAGAIN", "Upstream Flux broker is offline. Try again later.");
      return;
    }
    this.#route(client, request, topic, isCancel(request, topic));
  }

  #route(origin: Origin, request: Message, topic: string, must: boolean): void {
    const decision = decideRequest(request, topic, this);
    switch (decision.to) {
      case "service":
        this.#serve(decision.endpoint, origin, request, topic, must);
        return;
      case "rank":
        if (this.#isTooLarge(origin, request, origin.toBroker)) return;
        if (this.#uplink?.toRank(decision.rank, sentBy(origin, request)) === true) return;
        break;
      case "parent":
        if (this.#isTooLarge(origin, request, origin.toBroker)) return;
        if (this.#uplink?.toParent(sentBy(origin, request)) === true) return;
        break;
      case "requester":
        this.#refuse(origin, request, decision.code, decision.text);
        return;
    }
    this.#refuse(origin, request, "EHOSTUNREACH", undefined);
  }

  #serve(endpoint: Endpoint, origin: Origin, request: Message, topic: string, must: boolean): void {
    this.tx.request++;
    if (endpoint instanceof EventService) {
      if (topic !== "event.publish") endpoint.others.receive(request.withPushed(origin.toBroker));
      else {
        const response = endpoint.answer(request);
        if (response instanceof Promise) void this.#answerLate(origin, response);
        else {
          if (response !== undefined) this.#answer(origin, response);
          // The event has a payload of its own, decoded.
          giveBack(request);
        }
      }
    } else if (endpoint instanceof BuiltinService) {
      // What was published before has been sent by then, and counted.
      this.#events.flush();
      endpoint.receive(request.withPushed(origin.toBroker));
    } else if (!topic.includes(".")) this.#refuse(origin, request, "ENOSYS", undefined);
    else if (this.#isTooLarge(origin, request, origin.toService)) return;
    else if (must || hasRoom(endpoint, request, request.frameBytes(origin.toService.length))) {
      if (endpoint.remember(request, origin.toService))
        endpoint.forward(request, origin.toService, request.headStart, true);
      else this.#refuse(origin, request, "EAGAIN", `too many requests wait for the service of ${topic}`);
    } else {
      this.slow.missRequest(endpoint);
      this.#refuse(origin, request, "EAGAIN", `service of ${topic} does not keep up: its queue is full`);
    }
  }

  #refuse(origin: Origin, request: Message, code: ErrnoName, text: string | undefined): void {
    if ((request.flags & MessageFlag.NORESPONSE) !== 0) return;
    const payload = text === undefined ? undefined : textPayload(text);
    this.#answer(origin, request.deriveResponse(errno[code], payload));
  }

  /** As `#answer`. A client whose response can't be sent is closed, as one is by an error while it is read. */
  async #answerLate(origin: Origin, response: Promise<Message>): Promise<void> {
    try {
      this.#answer(origin, await response);
    } catch (error) {
      const client = origin === this.#tree ? undefined : (origin as ClientConnection);
      const cause = { kind: "response lost", userid: client?.credential.userid };
      this.#options.log("err", `a late response is lost: ${FluxError.from(error).message}`, cause);
      client?.link.destroy();
    }
  }

  /** A response of the broker's own, to a request as it came from `origin`. */
  #answer(origin: Origin, response: Message): void {
    response.userid = this.#options.owner;
    response.rolemask = Role.OWNER | Role.LOCAL;
    if (origin === this.#tree) this.respond(response);
    else this.#deliverResponse(origin as ClientConnection, response, response.headStart);
  }

  /** Refuses a client's request that is over the limit with `pushed` on its route stack; returns whether it is. */
  #isTooLarge(origin: Origin, request: Message, pushed: Uint8Array): boolean {
    // What passes from another rank to the next one is not limited: the rank it is for looks at it.
    const error = pushed.length === 0 ? undefined : this.ingress.checkSize(request, pushed.length);
    if (error !== undefined) this.#keepOut(origin, request, error);
    return error !== undefined;
  }

  #deliverResponse(client: ClientConnection, response: Message, headFrom: number): void {
    const error = this.ingress.checkSize(response, response.headStart - headFrom);
    if (error !== undefined) this.refusals.fail(response, error);
    if (client.hasRoom(response.frameBytes(response.headStart - headFrom))) {
      this.tx.response++;
      client.forward(response, EMPTY, headFrom, true);
    } else this.slow.close(client);
  }

  /** A response from a client: a guest's only if it answers a request that the guest was given. */
  #response(client: ClientConnection, response: Message): void {
    if (client.forwarded?.answers(response) === false) {
      this.accounts.noteForged();
      this.slow.dropForged(client);
    } else this.respond(response);
  }

  #sentEvent(client: ClientConnection, event: Message): void {
    this.rx.event++;
    if (this.rank === 0) this.publish(event);
    else if (this.#uplink?.toParent(event) !== true) {
      const text = `event ${event.topic} of client=${client.uuid.slice(0, 5)} is lost: no parent`;
      this.#options.log("err", text, { kind: "event lost", userid: client.credential.userid });
    }
  }
}

import { encodeUtf8, errno, FluxError, formatDuration } from "../base/index.ts";
import {
  decodeFrames,
  encodeFrames,
  Message,
  MessageFlag,
  MessageType,
  siblingTopic,
  textPayload,
} from "../message/index.ts";
import { type Child, Children } from "./children.ts";
import { ControlType, disconnectFrames, disconnectMessage } from "./control.ts";
import { decodeHello, GOODBYE, HELLO, type Hello, helloAnswer, refuseHello } from "./hello.ts";
import { clearLocal, type OverlayContext } from "./overlay-context.ts";
import { ANY_PEER } from "./overlay-trace.ts";
import { type SubtreeStatus, statusOf } from "./subtree-status.ts";
import type { ChildServer, Frames } from "./transport.ts";

/** What the side of the children needs of the rest of the overlay. */
export interface DownstreamPort {
  /** Takes a response that the overlay makes itself to where the top of its route stack leads. */
  answer(response: Message): void;
  /** Takes an event of a child on its way to rank 0. */
  publish(event: Message): void;
  /** The status of a child was set: what depends on it has to follow. */
  changed(child: Child): void;
}

/** The ranks right below this broker: what is sent to them, what comes from them, who is let in. Source: overlay.c, children.c in flux-core. */
export class Downstream {
  readonly children: Children;
  /** True when nobody is let in any more: this broker is about to leave. */
  spurning = false;
  readonly #context: OverlayContext;
  readonly #port: DownstreamPort;
  readonly #pushed: readonly Uint8Array[];
  #server: ChildServer | undefined;

  constructor(context: OverlayContext, port: DownstreamPort) {
    this.#context = context;
    this.#port = port;
    this.#pushed = [encodeUtf8(context.uuid)];
    this.children = new Children(context.topology.children(context.rank), context.now());
  }

  get server(): ChildServer | undefined {
    return this.#server;
  }

  /** From now on messages can be sent; those of children go to `receive`, and `unreachable` hears which don't arrive. */
  begin(server: ChildServer): void {
    this.#server = server;
  }

  /** Sends a request to a child on the way to its rank, and waits for the answer; false when the child is not online. */
  request(child: Child, request: Message): boolean {
    if (this.#server === undefined || !this.children.isOnline(child)) return false;
    this.#server.send(child.uuid, encodeFrames(request, 0, this.#pushed));
    child.sent.request(request);
    this.#context.trace.see("tx", child.rank, request);
    return true;
  }

  /** Sends a response to the child that the top of its route stack, `uuid`, names; false when none of that name is online. */
  respond(uuid: string, response: Message): boolean {
    const child = this.children.online(uuid);
    if (this.#server === undefined || child === undefined) return false;
    child.received.response(response);
    this.#server.send(uuid, encodeFrames(response, 1));
    this.#context.trace.see("tx", child.rank, response);
    return true;
  }

  /** Sends a numbered event to all children that are online. */
  multicast(event: Message): void {
    const server = this.#server;
    if (server === undefined || this.children.onlineCount === 0) return;
    const routed = (event.flags & MessageFlag.ROUTE) !== 0 && !event.atRequester;
    const frames = encodeFrames(event, routed ? event.routes!.length : 0);
    for (const { uuid } of this.children.onlineChildren()) server.send(uuid, frames);
    this.#context.trace.see("tx", ANY_PEER, event);
  }

  /** Makes a child leave, which is online. */
  disconnect(child: Child): void {
    this.#server?.send(child.uuid, disconnectFrames());
    this.#context.trace.see("tx", child.rank, disconnectMessage());
    this.#logLoss(child, "disconnected by request");
    this.setStatus(child, "lost", "administrative disconnect");
  }

  /** Some time has passed: notices who has been silent for `maxMs` and who is heard from again. */
  tick(maxMs: number): void {
    const { host } = this.#context;
    for (const { child, silenceMs } of this.children.updateTorpid(this.#context.now(), maxMs)) {
      const who = `broker on ${this.#context.hostOf(child.rank)} (rank ${child.rank})`;
      const silence = formatDuration(silenceMs);
      host.log(
        "err",
        child.torpid ? `${who} has been unresponsive for ${silence}` : `${who} is responsive now`,
      );
      this.#port.changed(child);
    }
  }

  /** A message that was sent to a peer does not reach it: the child is lost, if it was one. */
  unreachable(uuid: string): void {
    const child = this.children.online(uuid);
    if (child === undefined) return;
    this.#logLoss(child, "failed");
    this.setStatus(child, "lost", "lost connection");
  }

  /** A message of a peer. */
  receive(peer: string, frames: Frames): void {
    const context = this.#context;
    const child = this.children.online(peer);
    let message: Message;
    try {
      message = decodeFrames(frames, child?.identity ?? encodeUtf8(peer));
      if (!message.has(MessageFlag.ROUTE)) throw new FluxError("EPROTO");
    } catch {
      context.drop("downstream", undefined, peer, "malformed message");
      return;
    }
    clearLocal(message);
    if (child === undefined) {
      this.#fromStranger(peer, message);
      return;
    }
    child.lastSeen = context.now();
    switch (message.type) {
      case MessageType.CONTROL:
        this.#control(child, message);
        break;
      case MessageType.REQUEST:
        if (message.topic === GOODBYE) this.#goodbye(child, message);
        else this.#request(child, message);
        break;
      case MessageType.RESPONSE:
        this.#response(child, message);
        break;
      default:
        context.trace.see("rx", child.rank, message);
        this.#port.publish(message);
    }
  }

  /**
   * Sets the status of a child and the reason it is not online. One that leaves takes with it what waits for its answers, which fails, and what it
   * waits for itself: whoever serves that is told.
   */
  setStatus(child: Child, status: SubtreeStatus, reason = ""): void {
    child.error = reason;
    const change = this.children.setStatus(child, status, this.#context.now());
    if (change === "none") return;
    if (change === "left") {
      child.torpid = false;
      for (const request of child.sent.purge())
        this.#port.answer(this.#context.unreachable(request, undefined));
      for (const request of disconnectsOf(child.received.purge())) this.#context.host.request(request);
    }
    this.#port.changed(child);
  }

  #control(child: Child, message: Message): void {
    if (message.aux1 !== ControlType.STATUS) return;
    this.#context.trace.see("rx", child.rank, message);
    this.setStatus(child, statusOf(message.aux2));
  }

  #request(child: Child, request: Message): void {
    child.received.request(request);
    this.#context.trace.see("rx", child.rank, request);
    this.#context.host.request(request);
  }

  /** On its stack are the name of the child, and that of this broker, which the request had on its way down. */
  #response(child: Child, response: Message): void {
    response.popRoute();
    if (!response.atRequester) response.popRoute();
    child.sent.response(response);
    this.#context.trace.see("rx", child.rank, response);
    this.#context.host.response(response);
  }

  #goodbye(child: Child, request: Message): void {
    this.#reply(child.uuid, child.rank, request, 0, undefined);
    this.setStatus(child, "offline", "administrative shutdown");
  }

  /**
   * A message of nobody that is online: a newcomer's hello, or something of one that was given up here and does not know it, or that was a child
   * of the broker before this one. They are told to leave.
   */
  #fromStranger(peer: string, message: Message): void {
    const isHello = message.type === MessageType.REQUEST && message.topic === HELLO;
    const hello = isHello ? readHello(message) : undefined;
    this.#context.trace.see("rx", hello?.rank ?? ANY_PEER, message);
    if (!isHello || this.spurning) {
      this.#server?.send(peer, disconnectFrames());
      this.#context.trace.see("tx", ANY_PEER, disconnectMessage());
    } else if (hello === undefined) {
      this.#context.drop("downstream", message, peer, "malformed message");
      this.#reply(peer, ANY_PEER, message, errno.EPROTO, undefined);
    } else this.#hello(peer, message, hello);
  }

  #hello(peer: string, request: Message, hello: Hello): void {
    const context = this.#context;
    const child = this.children.byRank(hello.rank);
    const refusal = refuseHello(hello, request.rolemask, {
      rank: context.rank,
      version: context.options.version,
      peer,
      isChild: () => child !== undefined,
      hostOf: (rank) => context.hostOf(rank),
    });
    if (refusal !== undefined || child === undefined) {
      const { host, why, errnum, text, isHealth } = refusal!;
      context.host.log("err", `rejecting connection from ${host} (rank ${hello.rank}): ${why}`);
      if (isHealth && child !== undefined) child.error = why;
      this.#reply(peer, hello.rank, request, errnum, text);
      return;
    }
    const host = context.hostOf(child.rank);
    const crashed = this.children.isOnline(child);
    if (crashed) {
      const text = "reconnected after crash, dropping old connection state";
      context.host.log("err", `${host} (rank ${child.rank}) ${text}`);
      this.setStatus(child, "lost");
    }
    this.#admit(child, request, hello);
    const text = `accepting connection from ${host} (rank ${child.rank}) status ${child.status}`;
    context.host.log(crashed ? "err" : "debug", text);
  }

  /** The answer to the hello has to be on its way before anything else that its being online brings about. */
  #admit(child: Child, request: Message, hello: Hello): void {
    this.children.rename(child, hello.uuid);
    child.lastSeen = this.#context.now();
    this.#reply(hello.uuid, child.rank, request, 0, helloAnswer(this.#context.uuid));
    this.setStatus(child, statusOf(hello.status));
  }

  /** Answers a request to the overlay itself, on whose stack the peer is alone. */
  #reply(peer: string, rank: number, request: Message, errnum: number, text: string | undefined): void {
    if (request.has(MessageFlag.NORESPONSE)) return;
    const response = request.deriveResponse(errnum, text === undefined ? undefined : textPayload(text));
    this.#server?.send(peer, encodeFrames(response, 1));
    this.#context.trace.see("tx", rank, response);
  }

  #logLoss(child: Child, what: string): void {
    const below = this.#context.topology.descendants(child.rank);
    const severed = below > 0 ? ` and severed contact with ${below} other nodes` : "";
    const host = this.#context.hostOf(child.rank);
    this.#context.host.log("err", `${host} (rank ${child.rank}) ${what}${severed}`);
  }
}

function readHello(request: Message): Hello | undefined {
  try {
    return decodeHello(request);
  } catch {
    return undefined;
  }
}

/** The disconnect requests that requests call for whose senders are gone: one for each sender and service that was asked. */
function disconnectsOf(requests: readonly Message[]): Message[] {
  const disconnects = new Map<string, Message>();
  for (const request of requests) {
    const topic = siblingTopic(request.topic ?? "", "disconnect");
    const upstream = request.flags & MessageFlag.UPSTREAM;
    const key = `${request.firstRoute} ${request.aux1} ${upstream} ${request.userid} ${topic}`;
    if (disconnects.has(key)) continue;
    const { userid, rolemask, routes = [] } = request;
    const flags = MessageFlag.NORESPONSE | upstream;
    disconnects.set(key, Message.request({ topic, nodeid: request.aux1, flags, userid, rolemask, routes }));
  }
  return [...disconnects.values()];
}

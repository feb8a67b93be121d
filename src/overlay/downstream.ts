import { EMPTY, encodeUtf8, errno, FluxError, formatDuration } from "../base/index.ts";
import {
  decodeFrames,
  encodeFrames,
  encodePushed,
  type Message,
  MessageFlag,
  MessageType,
  textPayload,
} from "../message/index.ts";
import { addToBundle, Bundle, isBundle, readBundle } from "./bundle.ts";
import { type Child, Children } from "./children.ts";
import { faultText } from "./contained.ts";
import { ControlType, disconnectFrames, disconnectMessage } from "./control.ts";
import { disconnectsOf } from "./disconnect-requests.ts";
import { GOODBYE, HELLO, type Hello, helloAnswer, readHello, refuseHello } from "./hello.ts";
import { clearLocal, isAstray, type OverlayContext, printable } from "./overlay-context.ts";
import { SYSTEM_CLOCK } from "./overlay-options.ts";
import { ANY_PEER } from "./overlay-trace.ts";
import { StatusPace } from "./status-pace.ts";
import { Strangers } from "./strangers.ts";
import { isOnline, type SubtreeStatus, statusOf } from "./subtree-status.ts";
import type { ChildServer, Frames } from "./transport.ts";

/** Longer than this a broker that is well is never silent, with the usual settings: it speaks after 5 s, and looks every 5 s whether it has. */
const SILENCE_MS = 10_000;

/** What the side of the children needs of the rest of the overlay. */
export interface DownstreamPort {
  /** Takes a response that the overlay makes itself to where the top of its route stack leads. */
  answer(response: Message): void;
  /** Takes an event of a child on its way to rank 0. */
  publish(event: Message): void;
  /** The name of the parent; undefined while it is not known. */
  parentUuid(): string | undefined;
  /** Forgets the requests of a child that is gone, by its route part. */
  forgetFrom(part: Uint8Array): void;
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
  readonly #strangers: Strangers;
  readonly #pace: StatusPace;
  /** The uuid of this broker, for the route stack of what goes down: as a frame, and as a route part. */
  readonly #pushed: readonly Uint8Array[];
  readonly #pushedPart: Uint8Array;
  #server: ChildServer | undefined;

  constructor(context: OverlayContext, port: DownstreamPort) {
    this.#context = context;
    this.#port = port;
    this.#strangers = new Strangers(() => context.now());
    const { clock = SYSTEM_CLOCK } = context.options;
    this.#pace = new StatusPace({
      now: () => context.now(),
      after: (ms, call) => void clock.after(ms, call),
      apply: (rank, status) => this.#applyLate(rank, status),
    });
    this.#pushed = [encodeUtf8(context.uuid)];
    this.#pushedPart = encodePushed([context.uuid]);
    this.children = new Children(context.topology.children(context.rank), context.now(), context.pending);
  }

  get server(): ChildServer | undefined {
    return this.#server;
  }

  /** Messages of peers that are no children, dropped without an answer. */
  get ignored(): number {
    return this.#strangers.ignored;
  }

  /** From now on messages can be sent; those of children go to `receive`, and `unreachable` hears which don't arrive. */
  begin(server: ChildServer): void {
    this.#server = server;
  }

  /**
   * Sends a request to a child on the way to its rank, and waits for the answer, or answers that too many wait; false when the
   * child is not online.
   */
  request(child: Child, request: Message): boolean {
    if (this.#server === undefined || !this.children.isOnline(child)) return false;
    const refusal = child.sent.request(request);
    if (refusal !== undefined) {
      this.#port.answer(this.#context.refusal(request, refusal));
      return true;
    }
    if (!addToBundle(child.bundle, request, 0, this.#pushedPart))
      this.#server.send(child.uuid, encodeFrames(request, 0, this.#pushed));
    this.#context.trace.see("tx", child.rank, request);
    return true;
  }

  /** Sends a response to the child that the top of its route stack, `uuid`, names; false when none of that name is online. */
  respond(uuid: string, response: Message): boolean {
    const child = this.children.online(uuid);
    if (this.#server === undefined || child === undefined) return false;
    child.received.response(response);
    if (!addToBundle(child.bundle, response, 1)) this.#server.send(uuid, encodeFrames(response, 1));
    this.#context.trace.see("tx", child.rank, response);
    return true;
  }

  /** Sends a numbered event to all children that are online. */
  multicast(event: Message): void {
    const server = this.#server;
    if (server === undefined || this.children.onlineCount === 0) return;
    const routed = (event.flags & MessageFlag.ROUTE) !== 0 && !event.atRequester;
    const popped = routed ? event.routes!.length : 0;
    let frames: Frames | undefined;
    for (const child of this.children.onlineChildren()) {
      if (addToBundle(child.bundle, event, popped)) continue;
      frames ??= encodeFrames(event, popped);
      server.send(child.uuid, frames);
    }
    this.#context.trace.see("tx", ANY_PEER, event);
  }

  /** Makes a child leave, which is online. */
  disconnect(child: Child): void {
    this.#server?.send(child.uuid, disconnectFrames());
    this.#context.trace.see("tx", child.rank, disconnectMessage());
    this.#logLoss(child, "disconnected by request");
    this.setStatus(child, "lost", "administrative disconnect");
  }

  /**
   * Some time has passed: notices who has been silent for `maxMs` and who is heard from again, and makes sure of those that have been silent for longer
   * than a broker that is well: what is sent to a host that is gone ends the connection when it is not acknowledged, and nothing else does.
   */
  tick(maxMs: number): void {
    const { host, now } = this.#context;
    for (const { uuid, lastSeen = Number.NEGATIVE_INFINITY } of this.children.onlineChildren())
      if (now() - lastSeen > SILENCE_MS) this.#server?.probe(uuid);
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

  /** A message that was sent to a peer does not reach it, or its connection has ended: the child is lost, if it was one. */
  unreachable(uuid: string): void {
    const child = this.children.online(uuid);
    if (child === undefined) return;
    this.#logLoss(child, "failed");
    this.setStatus(child, "lost", "lost connection");
  }

  /** A message of a peer. It does not throw: a child whose message can't be handled is cut off. */
  receive(peer: string, frames: Frames): void {
    const child = this.children.online(peer);
    try {
      if (child === undefined) this.#receiveFromStranger(peer, frames);
      else this.#receiveFromChild(child, frames);
    } catch (thrown) {
      this.#cut(peer, child, thrown);
    }
  }

  #receiveFromChild(child: Child, frames: Frames): void {
    let messages: readonly Message[];
    try {
      messages = isBundle(frames) ? readBundle(frames) : [decodeSent(frames, EMPTY)];
    } catch {
      this.#context.drop("downstream", undefined, child.uuid, "malformed message");
      return;
    }
    for (const message of messages) {
      clearLocal(message);
      // A message before it may have ended the connection.
      if (!this.children.isOnline(child)) return;
      if (isAstray(message)) this.#context.drop("downstream", message, child.uuid, "malformed message");
      else this.#take(child, message);
    }
  }

  /** A hello is never in a bundle: what a peer can read is known by its hello only. */
  #receiveFromStranger(peer: string, frames: Frames): void {
    if (!this.#strangers.mayAnswer(peer)) return;
    if (isBundle(frames)) {
      this.#sendAway(peer);
      return;
    }
    let message: Message;
    try {
      message = decodeSent(frames, encodeUtf8(peer));
    } catch {
      this.#context.drop("downstream", undefined, peer, "malformed message");
      return;
    }
    clearLocal(message);
    this.#fromStranger(peer, message);
  }

  /** Handling a message of a peer failed: it is told to leave, and what waits for it fails. The others go on. */
  #cut(peer: string, child: Child | undefined, thrown: unknown): void {
    const { lines, host } = this.#context;
    const who = child === undefined ? printable(peer) : `rank ${child.rank}`;
    try {
      lines.note(`disconnecting ${who}: a message of it failed: ${faultText(thrown)}`, `cut ${peer}`);
      this.#sendAway(peer);
      if (child !== undefined && this.children.isOnline(child))
        this.setStatus(child, "lost", "a message could not be handled");
    } catch (again) {
      host.log("crit", `disconnecting ${who} failed: ${faultText(again)}`);
    }
  }

  /** A message of a child, as it was sent: its name is not on the stack. */
  #take(child: Child, received: Message): void {
    const context = this.#context;
    const message = received.type === MessageType.REQUEST ? received.withPushed(child.part) : received;
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
      this.#pace.forget(child.rank);
      child.torpid = false;
      for (const request of child.sent.purge())
        this.#port.answer(this.#context.unreachable(request, undefined));
      for (const request of disconnectsOf(child.received.purge())) this.#context.host.request(request);
      // Most were forgotten as their disconnect passed; of requests with one tag only the last had one.
      for (const { sent } of this.children) sent.forgetFrom(child.part);
      this.#port.forgetFrom(child.part);
    }
    this.#port.changed(child);
  }

  #control(child: Child, message: Message): void {
    if (message.aux1 !== ControlType.STATUS) return;
    this.#context.trace.see("rx", child.rank, message);
    const status = statusOf(message.aux2);
    if (status === child.status) return;
    if (!isOnline(status) || this.#pace.take(child.rank, status)) this.setStatus(child, status);
  }

  /** A status that had to wait. */
  #applyLate(rank: number, status: SubtreeStatus): void {
    const child = this.children.byRank(rank);
    if (child !== undefined && this.children.isOnline(child)) this.setStatus(child, status);
  }

  #request(child: Child, request: Message): void {
    const refusal = child.received.request(request);
    this.#context.trace.see("rx", child.rank, request);
    if (refusal === undefined) this.#context.host.request(request);
    else this.#port.answer(this.#context.refusal(request, refusal));
  }

  /** On its stack is the name of this broker, which the request had on its way down. */
  #response(child: Child, response: Message): void {
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
    if (!isHello || this.spurning) this.#sendAway(peer);
    else if (hello === undefined) {
      this.#context.drop("downstream", message, peer, "malformed message");
      this.#reply(peer, ANY_PEER, message, errno.EPROTO, undefined);
    } else this.#hello(peer, message, hello);
  }

  #sendAway(peer: string): void {
    this.#server?.send(peer, disconnectFrames());
    this.#context.trace.see("tx", ANY_PEER, disconnectMessage());
  }

  #hello(peer: string, request: Message, hello: Hello): void {
    const context = this.#context;
    const child = this.children.byRank(hello.rank);
    const refusal = refuseHello(hello, request.rolemask, {
      rank: context.rank,
      version: context.options.version,
      peer,
      isChild: () => child !== undefined,
      isTaken: (uuid) => uuid === context.uuid || uuid === this.#port.parentUuid(),
      hostOf: (rank) => context.hostOf(rank),
    });
    if (refusal !== undefined || child === undefined) {
      const { host, why, errnum, text, isHealth } = refusal!;
      const who = `${printable(host)} (rank ${hello.rank})`;
      context.lines.note(`rejecting connection from ${who}: ${why}`, `reject ${peer}`);
      if (isHealth && child !== undefined) child.error = why;
      this.#reply(peer, hello.rank, request, errnum, text);
      return;
    }
    const host = context.hostOf(child.rank);
    const crashed = this.children.isOnline(child);
    if (crashed) {
      const text = "reconnected after crash, dropping old connection state";
      context.lines.note(`${host} (rank ${child.rank}) ${text}`, `crash ${child.rank}`);
      // One that has not crashed hears of it now, and not when it speaks next.
      this.#server?.send(child.uuid, disconnectFrames());
      this.#context.trace.see("tx", child.rank, disconnectMessage());
      this.setStatus(child, "lost");
    }
    this.#admit(child, request, hello);
    const text = `accepting connection from ${host} (rank ${child.rank}) status ${child.status}`;
    context.lines.note(text, `accept ${child.rank}`, crashed ? "err" : "debug");
  }

  /** The answer to the hello has to be on its way before anything else that its being online brings about. */
  #admit(child: Child, request: Message, hello: Hello): void {
    this.children.rename(child, hello.uuid);
    child.lastSeen = this.#context.now();
    const { uuid, options } = this.#context;
    const bundles = hello.bundles && options.bundles === true;
    this.#reply(hello.uuid, child.rank, request, 0, helloAnswer({ uuid, bundles }));
    child.bundle = bundles ? new Bundle((frames) => this.#server?.send(hello.uuid, frames)) : undefined;
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
    this.#context.lines.note(`${host} (rank ${child.rank}) ${what}${severed}`, `loss ${child.rank}`);
  }
}

/**
 * The message of some frames, with `from` on its stack.
 * @throws FluxError EPROTO for one that no broker sends.
 */
function decodeSent(frames: Frames, from: Uint8Array): Message {
  const message = decodeFrames(frames, from);
  if (!message.has(MessageFlag.ROUTE)) throw new FluxError("EPROTO");
  return message;
}

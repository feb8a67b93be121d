import { FluxError } from "../base/index.ts";
import { describeFinding, SequenceWatch } from "../client/index.ts";
import {
  decodeFrames,
  encodeFrames,
  type Message,
  MessageFlag,
  MessageType,
  NODEID_ANY,
} from "../message/index.ts";
import { ControlType, heartbeatMessage } from "./control.ts";
import { decodeHelloResponse, GOODBYE, goodbyeRequest, HELLO } from "./hello.ts";
import { clearLocal, type OverlayContext } from "./overlay-context.ts";
import { RpcTracker } from "./rpc-tracker.ts";
import type { Frames, ParentLink } from "./transport.ts";

/** What a parent needs of the rest of the overlay. */
export interface ParentPort {
  /** Sends a numbered event to the children. */
  multicast(event: Message): void;
  /** Takes a response that the overlay makes itself to where the top of its route stack leads. */
  answer(response: Message): void;
}

/** The rank above this broker: what is sent to it, what comes from it, and what becomes of the connection. Source: overlay.c, parent.c in flux-core. */
export class Parent {
  readonly rank: number;
  /** Requests that were sent to it and wait for an answer. */
  readonly sent = new RpcTracker();
  /** Its uuid; undefined before it answered the hello. */
  uuid: string | undefined;
  readonly #context: OverlayContext;
  readonly #port: ParentPort;
  readonly #sequence = new SequenceWatch();
  #link: ParentLink | undefined;
  #lastSent = Number.NEGATIVE_INFINITY;
  #dropped = 0;
  /** The goodbye was said: nothing is sent any more. */
  #leaving = false;
  /** The connection is given up. */
  #lost = false;

  constructor(rank: number, context: OverlayContext, port: ParentPort) {
    this.rank = rank;
    this.#context = context;
    this.#port = port;
  }

  /** Messages that wait to be sent. */
  get queued(): number {
    return this.#link?.stats.queued ?? 0;
  }

  /** The connection is there, and what comes over it goes to `receive`: says hello, before anything else. */
  begin(link: ParentLink, hello: Message): void {
    this.#link = link;
    this.send(hello);
  }

  /** Sends a message; false when there is no connection (any more). */
  send(message: Message): boolean {
    if (this.#link === undefined || this.#lost || this.#leaving) return false;
    this.#link.send(encodeFrames(message));
    this.#lastSent = this.#context.now();
    this.#context.trace.see("tx", this.rank, message);
    return true;
  }

  /** Sends a request and waits for its answer, or only sends an event. */
  forward(message: Message): boolean {
    if (!this.send(message)) return false;
    if (message.type === MessageType.REQUEST) this.sent.request(message);
    return true;
  }

  /**
   * Some time has passed: lets the parent hear from this broker when it has not for longer than `idleMs`, and fails the requests that wait when
   * messages to it were dropped for want of room, because an answer may never come.
   */
  tick(idleMs: number): void {
    if (this.#context.now() - this.#lastSent > idleMs) this.send(heartbeatMessage());
    const dropped = this.#link?.stats.dropped ?? 0;
    if (dropped > this.#dropped) this.#failRequests("too much waits to be sent to the parent");
    this.#dropped = dropped;
  }

  /** Says goodbye; its answer, or that there will be none, is posted as `goodbye`. */
  leave(): void {
    const fail = (text: string): void => {
      this.#context.host.log("err", text);
      this.#context.host.post("goodbye", false);
    };
    if (this.uuid === undefined && !this.#lost)
      fail("cannot send overlay.goodbye because overlay.hello is still in progress");
    else if (!this.send(goodbyeRequest()))
      fail(`error sending overlay.goodbye: ${new FluxError("EHOSTUNREACH").message}`);
    else this.#leaving = true;
  }

  /** Gives the connection up: what waits for an answer fails, and so does this broker. Does nothing the second time. */
  lose(): void {
    if (this.#lost) return;
    this.close();
    this.#failRequests("overlay disconnect");
    this.#context.host.post("parent-fail", true);
  }

  /** Ends the connection. */
  close(): void {
    this.#lost = true;
    this.#link?.disconnect();
  }

  /** A message of the parent. */
  receive(frames: Frames): void {
    if (this.#lost) return;
    const context = this.#context;
    let message: Message;
    try {
      message = decodeFrames(frames);
    } catch {
      context.drop("upstream", undefined, "", "malformed message");
      return;
    }
    clearLocal(message);
    const { type } = message;
    if (type === MessageType.CONTROL) this.#control(message);
    else if (this.uuid === undefined) this.#introduced(message);
    else if (type === MessageType.RESPONSE) this.#response(message);
    else if (type === MessageType.EVENT) this.#event(message);
    else {
      context.trace.see("rx", this.rank, message);
      if (!this.#sendOn(message)) context.host.request(message);
    }
  }

  /**
   * A request for the upstream of a rank at or below this one has no business here. It comes when flux-core's broker above has no such service: it takes
   * it for a request to that rank and sends it back down, for ever. It goes up again as one to the nearest rank with that service, which
   * passes that broker. Returns false for any other request.
   */
  #sendOn(request: Message): boolean {
    if (!request.has(MessageFlag.UPSTREAM)) return false;
    const routes = request.routes ?? [];
    const own = routes.indexOf(this.#context.uuid);
    if (own < 0) return false;
    request.edit({ routes: routes.slice(own + 1) });
    request.flags &= ~MessageFlag.UPSTREAM;
    request.aux1 = NODEID_ANY;
    if (!this.forward(request) && !request.has(MessageFlag.NORESPONSE))
      this.#port.answer(this.#context.unreachable(request, undefined));
    return true;
  }

  #control(message: Message): void {
    const context = this.#context;
    if (message.aux1 !== ControlType.DISCONNECT) {
      context.drop("upstream", message, "", "unknown control type");
      return;
    }
    const who = `${context.hostOf(this.rank)} (rank ${this.rank})`;
    context.host.log("crit", `${who} sent disconnect control message`);
    this.lose();
  }

  /** Before the hello is answered nothing else is of use. */
  #introduced(message: Message): void {
    const context = this.#context;
    if (message.type !== MessageType.RESPONSE || message.topic !== HELLO) {
      context.drop("upstream", message, "", "message received before hello handshake completed");
      return;
    }
    try {
      this.uuid = decodeHelloResponse(message);
      context.host.log("debug", `hello parent ${this.rank} ${this.uuid}`);
    } catch (error) {
      context.host.log("err", `${HELLO}: ${FluxError.from(error).message}`);
      this.lose();
    }
  }

  #response(response: Message): void {
    const context = this.#context;
    if (this.#leaving && response.topic === GOODBYE) {
      context.host.post("goodbye", false);
      return;
    }
    this.sent.response(response);
    context.trace.see("rx", this.rank, response);
    context.host.response(response);
  }

  #event(event: Message): void {
    const context = this.#context;
    // What flux-core's rank 0 leaves there is the way to who published it, which nobody can go.
    if (!event.atRequester) event.edit({ routes: null });
    const finding = this.#sequence.observe(event.seq);
    if (finding !== undefined)
      context.host.log(finding.kind === "duplicate" ? "debug" : "err", describeFinding(finding));
    this.#port.multicast(event);
    context.trace.see("rx", this.rank, event);
    context.host.event(event);
  }

  #failRequests(text: string): void {
    for (const request of this.sent.purge()) this.#port.answer(this.#context.unreachable(request, text));
  }
}

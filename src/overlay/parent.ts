import { FluxError } from "../base/index.ts";
import { describeFinding } from "../client/index.ts";
import { EventIntake, type LostReason, type RepairAnswer } from "../event-log/index.ts";
import {
  decodeFrames,
  type EventRange,
  encodeFrames,
  type Message,
  MessageFlag,
  MessageType,
  NODEID_ANY,
  topRoute,
} from "../message/index.ts";
import { Bundle, isBundle, readBundle } from "./bundle.ts";
import { faultText } from "./contained.ts";
import { ControlType, heartbeatMessage } from "./control.ts";
import { decodeHelloResponse, GOODBYE, goodbyeRequest, HELLO } from "./hello.ts";
import { clearLocal, isAstray, type OverlayContext } from "./overlay-context.ts";
import { SYSTEM_CLOCK } from "./overlay-options.ts";
import { RpcTracker } from "./rpc-tracker.ts";
import type { Frames, ParentLink } from "./transport.ts";

/** Why events are lost, for the log. */
const REASONS: Readonly<Record<LostReason, string>> = {
  gone: "nobody has them any more",
  late: "they could not be had in time",
  restart: "rank 0 began a new epoch",
};

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
  readonly sent: RpcTracker;
  /** Puts the events of the parent in order, and what is missing in its place. */
  readonly events: EventIntake;
  /** Its uuid; undefined before it answered the hello. */
  uuid: string | undefined;
  readonly #context: OverlayContext;
  readonly #port: ParentPort;
  #link: ParentLink | undefined;
  /** Takes what is sent, if the parent reads bundles. */
  #bundle: Bundle | undefined;
  #lastSent = Number.NEGATIVE_INFINITY;
  #dropped = 0;
  /** The goodbye was said: nothing is sent any more. */
  #leaving = false;
  /** The connection is given up. */
  #lost = false;
  /** A request that the parent had no place for was sent on. */
  #sentOn = false;

  constructor(rank: number, context: OverlayContext, port: ParentPort) {
    this.rank = rank;
    this.sent = new RpcTracker(context.pending);
    this.#context = context;
    this.#port = port;
    const { host, repair, clock = SYSTEM_CLOCK } = context.options;
    const nobody = async ({ first, last }: EventRange): Promise<RepairAnswer> => ({
      events: [],
      gone: [[first, last]],
    });
    this.events = new EventIntake({
      clock,
      ask: repair ?? nobody,
      deliver: (event) => {
        try {
          port.multicast(event);
          host.event(event);
        } catch (thrown) {
          // One that nobody can keep, because its number does not follow, is lost and nothing else.
          if (FluxError.is(thrown)) context.drop("upstream", event, "", thrown.message);
          // Not at once: the intake is in the middle of its events.
          else queueMicrotask(() => this.#giveUp(thrown));
        }
      },
      lost(range, reason) {
        const text = describeFinding({ kind: "lost", ...range });
        context.lines.note(`${text}: ${REASONS[reason]}`, `lost ${reason}`);
        host.lost?.(range);
      },
    });
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
    if (this.#link === undefined || !this.#sends) return false;
    if (this.#bundle === undefined) this.#link.send(encodeFrames(message));
    else if (!Bundle.isTooLarge(message)) this.#bundle.add(message);
    else {
      this.#bundle.flush();
      this.#link.send(encodeFrames(message));
    }
    this.#lastSent = this.#context.now();
    this.#context.trace.see("tx", this.rank, message);
    return true;
  }

  /** True while there is a connection that messages go to. */
  get #sends(): boolean {
    return this.#link !== undefined && !this.#lost && !this.#leaving;
  }

  /** Sends a request and waits for its answer, or answers that too many wait; or only sends an event. */
  forward(message: Message): boolean {
    if (!this.#sends) return false;
    const refusal = message.type === MessageType.REQUEST ? this.sent.request(message) : undefined;
    if (refusal === undefined) return this.send(message);
    this.#port.answer(this.#context.refusal(message, refusal));
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

  /** Gives the connection up: what waits for an answer fails, and so does this broker, unless it was leaving. Does nothing the second time. */
  lose(): void {
    if (this.#lost) return;
    this.close();
    this.#failRequests("overlay disconnect");
    if (this.#leaving) this.#context.host.post("goodbye", false);
    else this.#context.host.post("parent-fail", true);
  }

  /**
   * The connection has ended by itself: the parent is dead, or holds this broker for dead. Messages may be missing, of which nobody could say which: so it
   * is given up, though there may be another one soon.
   */
  connectionLost(): void {
    if (!this.#lost) this.#context.host.log("crit", `lost connection to ${this.#who()}`);
    this.lose();
  }

  /** Ends the connection. */
  close(): void {
    this.#lost = true;
    this.events.stop();
    this.#bundle?.flush();
    this.#link?.disconnect();
  }

  /** A message of the parent. It does not throw: a parent whose message can't be handled is given up. */
  receive(frames: Frames): void {
    if (this.#lost) return;
    let messages: readonly Message[];
    try {
      messages = isBundle(frames) ? readBundle(frames) : [decodeFrames(frames)];
    } catch {
      this.#context.drop("upstream", undefined, "", "malformed message");
      return;
    }
    try {
      for (const message of messages) this.#take(message);
    } catch (thrown) {
      this.#giveUp(thrown);
    }
  }

  /** Handling a message failed. */
  #giveUp(thrown: unknown): void {
    const { host } = this.#context;
    try {
      host.log("crit", `disconnecting ${this.#who()}: a message of it failed: ${faultText(thrown)}`);
      this.lose();
    } catch (again) {
      host.log("crit", `disconnecting ${this.#who()} failed: ${faultText(again)}`);
    }
  }

  #take(message: Message): void {
    // One of the messages before it in its bundle may have ended the connection.
    if (this.#lost) return;
    const context = this.#context;
    clearLocal(message);
    const { type } = message;
    if (isAstray(message)) context.drop("upstream", message, "", "malformed message");
    else if (type === MessageType.CONTROL) this.#control(message);
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
   * passes that broker, and with the way it has come on its stack: that broker waits for an answer from here. Returns false for any other request.
   */
  #sendOn(request: Message): boolean {
    if (!request.has(MessageFlag.UPSTREAM)) return false;
    const routes = request.routes ?? [];
    const own = routes.indexOf(this.#context.uuid);
    if (own < 0) return false;
    request.flags &= ~MessageFlag.UPSTREAM;
    request.aux1 = NODEID_ANY;
    this.#sentOn = true;
    if (this.forward(request) || request.has(MessageFlag.NORESPONSE)) return true;
    request.edit({ routes: routes.slice(own + 1) });
    this.#port.answer(this.#context.unreachable(request, undefined));
    return true;
  }

  #control(message: Message): void {
    const context = this.#context;
    if (message.aux1 !== ControlType.DISCONNECT) {
      context.drop("upstream", message, "", "unknown control type");
      return;
    }
    context.host.log("crit", `${this.#who()} sent disconnect control message`);
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
      const { uuid, bundles } = decodeHelloResponse(message);
      this.uuid = uuid;
      const link = this.#link!;
      if (bundles && context.options.bundles === true)
        this.#bundle = new Bundle((frames) => link.send(frames));
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
    // The answer to what was sent on goes back over the parent, and is one when it comes from there again.
    if (!this.#sentOn || topRoute(response) !== this.uuid) this.sent.response(response);
    context.trace.see("rx", this.rank, response);
    context.host.response(response);
  }

  #event(event: Message): void {
    const context = this.#context;
    // What flux-core's rank 0 leaves there is the way to who published it, which nobody can go.
    if (event.has(MessageFlag.ROUTE) && !event.atRequester) event.edit({ routes: null });
    context.trace.see("rx", this.rank, event);
    this.events.receive(event);
  }

  #who(): string {
    return `${this.#context.hostOf(this.rank)} (rank ${this.rank})`;
  }

  #failRequests(text: string): void {
    for (const request of this.sent.purge()) this.#port.answer(this.#context.unreachable(request, text));
  }
}

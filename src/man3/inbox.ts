import { errno, FluxError } from "../base/index.ts";
import type { Flux, StrayReceiver } from "../client/index.ts";
import { type Message, MessageType } from "../message/index.ts";
import { refuse } from "./answered.ts";
import { DispatchTable } from "./dispatch-table.ts";

/** Most messages held for flux_recv; what comes beyond it is lost, which the next flux_recv reports with ENOBUFS. */
export const MAX_MESSAGES = 65_536;

interface Waiter {
  readonly matches: (message: Message) => boolean;
  resolve(message: Message): void;
  reject(error: FluxError): void;
}

/**
 * The messages of a handle that are nobody's response and no idiomatic handler's request: given to the flux_recv that waits for them, else
 * to the message handlers while one is started that could take it, else kept in their order.
 */
export class Inbox implements StrayReceiver {
  readonly table = new DispatchTable();
  readonly #h: Flux;
  readonly #waiters: Waiter[] = [];
  #queue: Message[] = [];
  #lost = 0;
  #draining = false;

  constructor(h: Flux) {
    this.#h = h;
    h.receive(this);
  }

  message(message: Message): void {
    const at = this.#waiters.findIndex(({ matches }) => matches(message));
    if (at >= 0) this.#waiters.splice(at, 1)[0]!.resolve(message);
    else if (!this.#draining && this.table.takes(message.type)) this.#dispatch(message);
    else if (this.#queue.length < MAX_MESSAGES) this.#queue.push(message);
    else this.#lost++;
  }

  closed(reason: FluxError): void {
    for (const waiter of this.#waiters.splice(0)) waiter.reject(reason);
  }

  /** The first message that fits, taken out of what is kept; undefined when there is none. Throws ENOBUFS once after a loss. */
  take(matches: (message: Message) => boolean): Message | undefined {
    if (this.#lost > 0) {
      const text = `${this.#lost} messages were lost: ${MAX_MESSAGES} were waiting`;
      this.#lost = 0;
      throw new FluxError("ENOBUFS", text);
    }
    const at = this.#queue.findIndex(matches);
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0];
  }

  /** Waits for a message that fits; rejects with ECONNRESET when the handle is closed. */
  wait(matches: (message: Message) => boolean): Promise<Message> {
    if (this.#h.status === "closed") return Promise.reject(new FluxError("ECONNRESET", "handle is closed"));
    return new Promise((resolve, reject) => this.#waiters.push({ matches, resolve, reject }));
  }

  /** Puts a message where flux_recv and the handlers find it, before or behind all others. */
  requeue(message: Message, atHead: boolean): void {
    if (atHead) this.#queue.unshift(message);
    else this.#queue.push(message);
    this.drain();
  }

  /** Hands what is kept to those who take it, behind the code that is running: handlers that start together see it together. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    setImmediate(() => {
      this.#draining = false;
      const kept = this.#queue;
      this.#queue = [];
      for (const message of kept) this.message(message);
    });
  }

  #dispatch(message: Message): void {
    if (this.table.dispatch(message) || message.type !== MessageType.REQUEST) return;
    const text = `Unknown service method '${message.topic ?? "unknown"}'`.slice(0, 255);
    refuse(this.#h, message, errno.ENOSYS, text);
  }
}

/** One inbox a handle, from the first function on that can bring messages: C keeps it in the handle's aux hash. */
const inboxes = new WeakMap<Flux, Inbox>();

export function inboxOf(h: Flux): Inbox {
  let inbox = inboxes.get(h);
  if (inbox === undefined) {
    inbox = new Inbox(h);
    inboxes.set(h, inbox);
  }
  return inbox;
}

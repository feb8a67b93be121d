import { contained } from "./contained.ts";
import type { InProcessNetwork } from "./in-process-network.ts";
import type { InProcessServer } from "./in-process-server.ts";
import { bytesOf, frameBytes, MessageLine, sizeOf } from "./message-line.ts";
import { newCounters } from "./send-queue.ts";
import type { ConnectOptions, Frames, ParentLink } from "./transport.ts";
import type { TransportLog } from "./transport-log.ts";

/** The connection of a broker to a parent in the same process. */
export class InProcessLink implements ParentLink {
  readonly uri: string;
  readonly serverKey: string;
  readonly publicKey: string;
  readonly identity: string;
  readonly #network: InProcessNetwork;
  readonly #receive: ConnectOptions["receive"];
  readonly #lost: () => void;
  readonly #line: MessageLine;
  readonly #stats = newCounters();
  #server: InProcessServer | undefined;
  #closed = false;

  constructor(
    network: InProcessNetwork,
    publicKey: string,
    maxBytes: number,
    options: ConnectOptions,
    log: TransportLog,
  ) {
    this.uri = options.uri;
    this.serverKey = options.serverKey;
    this.identity = options.identity;
    this.publicKey = publicKey;
    this.#network = network;
    this.#receive = contained("a message of the parent failed", (frames) => options.receive(frames), log);
    this.#lost = contained("the end of the connection to the parent", () => options.lost?.(), log);
    this.#line = new MessageLine(maxBytes);
  }

  get stats() {
    return { ...this.#stats, queued: this.#line.length, queuedBytes: this.#line.bytes };
  }

  /** True while it looks for a server. */
  get isWaiting(): boolean {
    return !this.#closed && this.#server === undefined;
  }

  send(frames: Frames): void {
    if (this.#closed) return;
    const pushed = this.#line.push({ peer: "", frames, bytes: sizeOf(frames) });
    if (!pushed) this.#stats.dropped++;
    else if (this.#server !== undefined) this.#network.later(this.#carry);
  }

  disconnect(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#network.disconnect(this);
    // Behind all that was sent.
    this.#network.later(() => this.#server?.forget(this));
  }

  /** The server has let it in: what waits is sent. */
  attach(server: InProcessServer): void {
    this.#server = server;
    for (let i = this.#line.length; i > 0; i--) this.#network.later(this.#carry);
  }

  /** The server is gone; the link waits for the next. */
  detach(): void {
    this.#server = undefined;
    if (this.#closed) return;
    this.#network.connect(this);
    this.#network.later(() => {
      if (!this.#closed) this.#lost();
    });
  }

  /** Ends at once, as the end of its process would: what waits is lost, and the server hears that nobody is there. */
  sever(): void {
    this.#closed = true;
    this.#network.disconnect(this);
    this.#server?.lose(this);
    this.#server = undefined;
  }

  /** The server has crashed. */
  lose(): void {
    this.#server = undefined;
    if (this.#closed) return;
    this.#network.connect(this);
    this.#lost();
  }

  take(frames: Frames): void {
    if (this.#closed) return;
    this.#stats.received++;
    this.#stats.receivedBytes += frameBytes(frames);
    this.#receive(frames);
  }

  readonly #carry = (): void => {
    if (this.#server === undefined) return;
    const item = this.#line.shift();
    if (item === undefined) return;
    this.#stats.sent++;
    this.#stats.sentBytes += bytesOf(item);
    this.#server.take(this.identity, item.frames);
  };
}

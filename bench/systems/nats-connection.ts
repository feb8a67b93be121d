import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameBatch, writeAll } from "../relay/frame-batch.ts";

/** A message of nats-server. */
export interface NatsMessage {
  readonly subject: string;
  /** Where an answer goes; undefined when none is wanted. */
  readonly reply: string | undefined;
  readonly payload: Uint8Array;
}

export interface NatsOptions {
  /** Takes the messages of all subscriptions. */
  readonly message?: (message: NatsMessage) => void;
  /** Asks for a confirmation of each line that is sent, and takes them. */
  readonly confirmed?: () => void;
}

const LINE_END = "\r\n";

/** A connection that speaks as much of the NATS text protocol as the benchmark needs; what one tick sends leaves in one write. */
export class NatsConnection {
  readonly #socket: Socket;
  readonly #options: NatsOptions;
  readonly #batch = new FrameBatch();
  readonly #flush = (): void => writeAll(this.#socket, this.#batch.take());
  readonly #pongs: (() => void)[] = [];
  #subscriptions = 0;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** Bytes before it is worth looking at what is held. */
  #needed = 1;

  private constructor(socket: Socket, options: NatsOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.setNoDelay(true);
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
  }

  /** Connects to `host:port`. */
  static async open(at: string, options: NatsOptions = {}): Promise<NatsConnection> {
    const [host = "", port = ""] = at.split(":");
    const socket = connect(Number(port), host);
    await once(socket, "connect");
    const connection = new NatsConnection(socket, options);
    connection.#line(`CONNECT {"verbose":false,"pedantic":false,"lang":"bench","version":"1","protocol":1}`);
    await connection.ping();
    if (options.confirmed !== undefined) {
      connection.#line(`CONNECT {"verbose":true,"pedantic":false,"lang":"bench","version":"1","protocol":1}`);
    }
    return connection;
  }

  subscribe(subject: string): void {
    this.#line(`SUB ${subject} ${++this.#subscriptions}`);
  }

  publish(subject: string, payload: Uint8Array, reply?: string): void {
    this.#line(`PUB ${subject} ${reply === undefined ? "" : `${reply} `}${payload.length}`);
    this.#batch.bytes(payload);
    this.#batch.text(LINE_END);
  }

  /** Resolves when the server has taken all that was sent before. */
  ping(): Promise<void> {
    this.#line("PING");
    return new Promise((resolve) => this.#pongs.push(resolve));
  }

  /** A promise while the socket takes no more; undefined while it does. */
  writable(): Promise<void> | undefined {
    if (!this.#socket.writableNeedDrain) return undefined;
    return new Promise((resolve) => this.#socket.once("drain", resolve));
  }

  close(): void {
    this.#socket.destroy();
  }

  #line(text: string): void {
    if (this.#batch.empty) process.nextTick(this.#flush);
    this.#batch.text(text + LINE_END);
  }

  #take(chunk: Buffer): void {
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#needed) return;
    const bytes = this.#held.length === 1 ? chunk : Buffer.concat(this.#held);
    const at = this.#parse(bytes);
    this.#held = at < bytes.length ? [bytes.subarray(at)] : [];
    this.#heldBytes = bytes.length - at;
  }

  /** Takes all whole operations; returns where the rest starts, and notes how much of it must come. */
  #parse(bytes: Buffer): number {
    let at = 0;
    for (;;) {
      const lineEnd = bytes.indexOf(LINE_END, at, "latin1");
      if (lineEnd < 0) {
        this.#needed = bytes.length - at + 1;
        return at;
      }
      const line = bytes.toString("latin1", at, lineEnd);
      let next = lineEnd + 2;
      if (line.startsWith("MSG ")) {
        const [, subject = "", , ...rest] = line.split(" ");
        const end = next + Number(rest.at(-1));
        if (end + 2 > bytes.length) {
          this.#needed = end + 2 - at;
          return at;
        }
        const reply = rest.length > 1 ? rest[0] : undefined;
        this.#options.message?.({ subject, reply, payload: bytes.subarray(next, end) });
        next = end + 2;
      } else if (line === "+OK") this.#options.confirmed?.();
      else if (line === "PONG") this.#pongs.shift()?.();
      else if (line === "PING") this.#line("PONG");
      else if (line.startsWith("-ERR")) throw new Error(`nats-server: ${line}`);
      at = next;
    }
  }
}

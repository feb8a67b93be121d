import { once } from "node:events";
import { connect, createServer } from "node:net";
import { readWord } from "../relay/word.ts";

/**
 * Tells the publisher, past the system that is measured, how many events the subscribers have got: once a turn, one word. Without it a publisher
 * that is faster than its subscribers would fill their queues until they are closed.
 */
export class CreditSender {
  #connected: ((bytes: Uint8Array) => void) | undefined;
  #count = 0;
  #scheduled = false;

  async listen(path: string): Promise<void> {
    const server = createServer((socket) => {
      this.#connected = (bytes) => socket.write(bytes);
      socket.on("error", () => socket.destroy());
      this.#send();
    });
    server.listen(path);
    await once(server, "listening");
  }

  /** Events that have reached all subscribers so far. */
  set(count: number): void {
    this.#count = count;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#send());
  }

  #send(): void {
    this.#scheduled = false;
    const word = Buffer.allocUnsafe(4);
    word.writeUInt32LE(this.#count);
    this.#connected?.(word);
  }
}

/** The publisher's end: lets a publication through while fewer than `limit` are under way to the subscribers. */
export class CreditGate {
  delivered = 0;
  published = 0;
  readonly #limit: number;
  #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  async connect(path: string): Promise<void> {
    const socket = connect(path);
    await once(socket, "connect");
    let rest: Buffer = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const end = bytes.length - (bytes.length % 4);
      rest = bytes.subarray(end);
      if (end === 0) return;
      this.delivered = readWord(bytes, end - 4);
      for (const resolve of this.#waiting.splice(0)) resolve();
    });
  }

  /** Counts a publication; a promise when it has to wait. */
  async enter(): Promise<void> {
    while (this.published - this.delivered >= this.#limit) await this.#change();
    this.published++;
  }

  get open(): boolean {
    return this.published - this.delivered < this.#limit;
  }

  /** Resolves when all that was published has been delivered. */
  async drained(): Promise<void> {
    while (this.delivered < this.published) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

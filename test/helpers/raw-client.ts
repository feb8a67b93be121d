import { connect, type Socket } from "node:net";
import { AsyncQueue, FluxError } from "../../src/base/index.ts";
import { Framer, type Message } from "../../src/message/index.ts";
import { within } from "./until.ts";

/** A client that knows nothing but bytes: a UNIX socket, the admission byte, and frames. */
export class RawClient implements AsyncDisposable {
  /** The byte the broker let it in with, or the error number it was refused with. */
  readonly admission: number;
  /** Settles when the broker has ended its half, or the connection is gone. */
  readonly ended: Promise<void>;
  readonly socket: Socket;
  readonly #messages = new AsyncQueue<Message>({ limit: Number.POSITIVE_INFINITY });
  readonly #framer = new Framer();

  private constructor(socket: Socket, admission: number, early: Uint8Array) {
    this.socket = socket;
    this.admission = admission;
    const take = (chunk: Uint8Array): void =>
      this.#framer.push(chunk, (message) => this.#messages.push(message));
    this.ended = new Promise((resolve) => {
      const end = (): void => {
        this.#messages.end();
        resolve();
      };
      socket.on("end", end).on("close", end).on("error", end);
    });
    if (early.length > 0) take(early);
    socket.on("data", take);
  }

  /** Connects to `uri` (local://PATH); resolves when the admission byte has come. */
  static async connect(uri: string): Promise<RawClient> {
    const socket = connect({ path: uri.replace(/^local:\/\//, ""), allowHalfOpen: true });
    const first = new Promise<Uint8Array>((resolve, reject) => {
      socket.once("data", resolve).once("error", reject);
      socket.once("end", () => reject(new FluxError("ECONNRESET")));
    });
    const chunk = await within(first, "admission byte");
    socket.removeAllListeners();
    return new RawClient(socket, chunk[0]!, chunk.subarray(1));
  }

  send(message: Message | Uint8Array): void {
    this.socket.write(message instanceof Uint8Array ? message : message.encode());
  }

  /** Sends a request and gives the next message, which should be its response. */
  async ask(request: Message): Promise<Message> {
    this.send(request);
    return this.next(`response to ${request.topic}`);
  }

  /** The next message. Fails when none comes, or the connection ends. */
  async next(what = "message"): Promise<Message> {
    const { value } = await within(this.#messages.next(), what);
    if (value === undefined) throw new FluxError("ECONNRESET", `connection ended: no ${what}`);
    return value;
  }

  /** Messages that came and were not read by `next`. */
  get unread(): number {
    return this.#messages.size;
  }

  /** Stops to read, so that what the broker sends stays with the system and then with the broker. */
  pause(): void {
    this.socket.pause();
  }

  /** Closes both halves; what was written still arrives. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.socket.once("close", resolve));
    if (this.socket.destroyed) return;
    this.socket.end(() => this.socket.destroy());
    await within(closed, "end of the connection");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
  }
}

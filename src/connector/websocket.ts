import { ByteSink, concatBytes, FluxError } from "../base/index.ts";
import { checkAdmission, Framer, type Message } from "../message/index.ts";
import type { Connector, Receiver } from "./connector.ts";

/** The part of the WebSocket interface this connector uses: the browser's, Node's own from version 22 on, and that of `ws` have it. */
export interface WebSocketLike {
  binaryType: string;
  readonly bufferedAmount: number;
  send(data: Uint8Array): void;
  close(): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: object) => void) | null;
}

/** Makes a WebSocket to a URL. */
export type WebSocketClass = new (url: string) => WebSocketLike;

export interface WebSocketOptions {
  /** Default: the global `WebSocket`. */
  readonly webSocket?: WebSocketClass | undefined;
  /** Largest frame taken, in bytes; default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects through a WebSocket whose binary messages carry the bytes of a Flux connection: the admission byte, then frames, cut anyhow.
 * @throws FluxError ENOSYS where there is no WebSocket, ECONNREFUSED when it closes before the admission byte, the refusal's error otherwise.
 */
export function connectWebSocket(url: string, options: WebSocketOptions = {}): Promise<Connector> {
  const type = options.webSocket ?? (globalThis as { WebSocket?: WebSocketClass }).WebSocket;
  if (type === undefined) {
    return Promise.reject(
      new FluxError("ENOSYS", "this host has no WebSocket: pass one as the option webSocket"),
    );
  }
  return new Promise((resolve, reject) => {
    const socket = new type(url);
    socket.binaryType = "arraybuffer";
    const fail = (error: FluxError): void => {
      options.signal?.removeEventListener("abort", abort);
      socket.onmessage = null;
      socket.onclose = null;
      socket.onerror = () => {};
      socket.close();
      reject(error);
    };
    const abort = (): void => fail(FluxError.from(options.signal?.reason, "ECANCELED"));
    options.signal?.addEventListener("abort", abort, { once: true });
    socket.onerror = () => {};
    socket.onclose = ({ reason }) =>
      fail(new FluxError("ECONNREFUSED", reason === "" ? `${url} closed the connection` : reason));
    socket.onmessage = ({ data }) => {
      try {
        const bytes = bytesOf(data);
        if (bytes.length === 0) return;
        checkAdmission(bytes[0]!);
        options.signal?.removeEventListener("abort", abort);
        resolve(new WebSocketConnector(url, socket, bytes.subarray(1), options.maxFrameBytes));
      } catch (error) {
        fail(FluxError.from(error));
      }
    };
    if (options.signal?.aborted === true) abort();
  });
}

class WebSocketConnector implements Connector {
  readonly uri: string;
  readonly #socket: WebSocketLike;
  readonly #framer: Framer;
  readonly #sink = new ByteSink();
  #early: Uint8Array[];
  #receiver: Receiver | undefined;
  #scheduled = false;
  #closed = false;
  #gone: () => void = () => {};

  constructor(uri: string, socket: WebSocketLike, early: Uint8Array, maxFrameBytes: number | undefined) {
    this.uri = uri;
    this.#socket = socket;
    this.#framer = new Framer({ maxFrameBytes });
    this.#early = [early];
    socket.onmessage = ({ data }) => this.#take(data);
    socket.onclose = ({ reason }) => this.#end(new FluxError("ECONNRESET", reason));
  }

  get queuedBytes(): number {
    return this.#sink.length + this.#socket.bufferedAmount;
  }

  send(message: Message): void {
    if (this.#closed) throw new FluxError("ECONNRESET", "connection to the broker is closed");
    message.encodeTo(this.#sink);
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => this.#flush());
  }

  start(receiver: Receiver): void {
    this.#receiver = receiver;
    this.#framer.oversized = receiver.oversized?.bind(receiver);
    for (const bytes of this.#early.splice(0)) this.#take(bytes);
  }

  close(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#flush();
    return new Promise((resolve) => {
      this.#gone = resolve;
      this.#socket.close();
    });
  }

  ref(): void {}
  unref(): void {}

  #flush(): void {
    this.#scheduled = false;
    const chunks = this.#sink.take();
    if (chunks.length > 0 && !this.#closed)
      this.#socket.send(chunks.length === 1 ? chunks[0]! : concatBytes(chunks));
  }

  #take(data: unknown): void {
    const receiver = this.#receiver;
    try {
      const bytes = bytesOf(data);
      if (receiver === undefined) this.#early.push(bytes);
      else this.#framer.push(bytes, (message) => receiver.message(message));
    } catch (error) {
      this.#end(FluxError.from(error, "EPROTO"));
      this.#socket.close();
    }
  }

  #end(reason: FluxError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#receiver?.closed(reason);
    this.#gone();
  }
}

function bytesOf(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (data instanceof Uint8Array) return data;
  throw new FluxError("EPROTO", "WebSocket message is not binary");
}

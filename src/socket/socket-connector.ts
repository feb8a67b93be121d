import { statSync } from "node:fs";
import type { Socket } from "node:net";
import { FluxError } from "../base/index.ts";
import { type Connector, parseUri, type Receiver } from "../connector/index.ts";
import type { Message } from "../message/index.ts";
import { loadPeerCredentials } from "../system/index.ts";
import { FrameSocket } from "./frame-socket.ts";

/** A connection to a broker as bytes: open, and admitted. */
export interface AdmittedStream {
  readonly uri: string;
  readonly socket: Socket;
  /** What came behind the admission byte already. */
  readonly early: Uint8Array;
  /** The program that makes the connection, when there is one: kept alive, and waited for, with it. */
  readonly helper?: Helper | undefined;
}

/** A program behind a connection. */
export interface Helper {
  ref(): void;
  unref(): void;
  /** Resolves when it is over; it is told to end when that takes long. Called when the connection is gone. */
  ended(): Promise<void>;
}

/** A connector over a stream socket. */
export class SocketConnector implements Connector {
  readonly uri: string;
  readonly #frames: FrameSocket;
  readonly #stream: AdmittedStream;
  #gone = false;

  constructor(stream: AdmittedStream, maxFrameBytes: number | undefined) {
    this.uri = stream.uri;
    this.#stream = stream;
    this.#frames = new FrameSocket(stream.socket, { maxFrameBytes });
  }

  get queuedBytes(): number {
    return this.#frames.queuedBytes;
  }

  get peerUserid(): number | undefined {
    return this.#stream.helper === undefined ? peerUseridOf(this.#stream) : undefined;
  }

  send(message: Message): void {
    if (this.#gone) throw new FluxError("ECONNRESET", "connection to the broker is closed");
    this.#frames.send(message);
  }

  writable(): Promise<void> | undefined {
    return this.#frames.writable();
  }

  start(receiver: Receiver): void {
    this.#frames.start(
      {
        message: receiver.message.bind(receiver),
        ...(receiver.oversized !== undefined && { oversized: receiver.oversized.bind(receiver) }),
        closed: (reason) => {
          this.#gone = true;
          this.#stream.helper?.ended().catch(() => {});
          receiver.closed(reason);
        },
      },
      this.#stream.early,
    );
  }

  async close(): Promise<void> {
    this.#gone = true;
    await this.#frames.end(0);
    await this.#stream.helper?.ended();
  }

  ref(): void {
    this.#frames.ref();
    this.#stream.helper?.ref();
  }

  unref(): void {
    this.#frames.unref();
    this.#stream.helper?.unref();
  }
}

/**
 * Whose the process at the other end of a local socket is. Without the optional package koffi that is the owner of the socket's file, which a user who may
 * rename it can exchange.
 */
function peerUseridOf({ uri, socket }: AdmittedStream): number | undefined {
  const { scheme, path } = parseUri(uri);
  if (scheme !== "local") return undefined;
  return loadPeerCredentials()?.(socket)?.userid ?? statSync(path!, { throwIfNoEntry: false })?.uid;
}

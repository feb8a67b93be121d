import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { FluxError, utf8Length } from "../base/index.ts";
import type { Connector, Receiver } from "../connector/index.ts";
import { checkAdmission, type Message } from "../message/index.ts";
import { FrameSocket } from "./frame-socket.ts";

/** Longest path a UNIX socket address holds, in bytes. */
export const SOCKET_PATH_MAX = 107;
const FIRST_DELAY_MS = 16;
const LONGEST_DELAY_MS = 2000;

export interface LocalConnectorOptions {
  /** Further tries after the first failed one; default 5. The wait between them starts at 16 ms and doubles, to 2 s at most. */
  readonly retries?: number | undefined;
  /** Largest frame taken, in bytes; default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to a broker's UNIX socket and waits for its admission byte.
 * @returns the connector, admitted.
 * @throws FluxError EINVAL for a path over 107 bytes; ENOENT when no socket is there and ECONNREFUSED when nobody listens, after
 *   the retries; the broker's own error (EPERM as a rule) when it refuses; ECONNRESET when it hangs up instead; ECANCELED by `signal`, or
 *   ETIMEDOUT when that is one of AbortSignal.timeout.
 * Source: usock_client_connect in flux-core.
 */
export async function connectLocal(
  path: string | undefined,
  options: LocalConnectorOptions = {},
): Promise<Connector> {
  if (path === undefined || path === "") throw new FluxError("EINVAL", "local:// wants the path of a socket");
  if (utf8Length(path) > SOCKET_PATH_MAX) {
    throw new FluxError("EINVAL", `socket path of more than ${SOCKET_PATH_MAX} bytes: ${path}`);
  }
  const socket = await dialWithRetries(path, options);
  const early = await readAdmission(socket, path, options.signal);
  return new LocalConnector(
    `local://${path}`,
    new FrameSocket(socket, { maxFrameBytes: options.maxFrameBytes }),
    early,
  );
}

async function dialWithRetries(path: string, options: LocalConnectorOptions): Promise<Socket> {
  const retries = options.retries ?? 5;
  let wait = FIRST_DELAY_MS;
  for (let tries = 0; ; tries++) {
    throwIfAborted(options.signal);
    try {
      return await dial(path, options.signal);
    } catch (error) {
      throwIfAborted(options.signal);
      const failure = FluxError.from(error, "ECONNREFUSED");
      if (tries >= retries) {
        throw failure.code === "ENOENT"
          ? new FluxError("ENOENT", `broker socket ${path} was not found`, { cause: error })
          : failure;
      }
    }
    // Only the signal can end the wait early, and it is looked at next.
    await delay(wait, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => {},
    );
    wait = Math.min(wait * 2, LONGEST_DELAY_MS);
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw FluxError.from(signal.reason, "ECANCELED");
}

function dial(path: string, signal: AbortSignal | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    const abort = (): void => {
      socket.destroy();
      reject(FluxError.from(signal?.reason, "ECANCELED"));
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.once("error", (error) => {
      signal?.removeEventListener("abort", abort);
      reject(error);
    });
    socket.once("connect", () => {
      signal?.removeEventListener("abort", abort);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

/** Reads the admission byte; resolves to what came behind it in the same chunk. */
function readAdmission(socket: Socket, path: string, signal: AbortSignal | undefined): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      signal?.removeEventListener("abort", abort);
      socket.removeListener("data", data);
      socket.removeListener("end", end);
      socket.removeListener("error", fail);
    };
    const fail = (error: unknown): void => {
      done();
      socket.destroy();
      reject(FluxError.from(error, "ECONNRESET"));
    };
    const abort = (): void => fail(FluxError.from(signal?.reason, "ECANCELED"));
    const end = (): void =>
      fail(new FluxError("ECONNRESET", `broker at ${path} hung up without admitting this client`));
    const data = (chunk: Uint8Array): void => {
      done();
      socket.pause();
      try {
        checkAdmission(chunk[0]!);
      } catch (error) {
        fail(error);
        return;
      }
      resolve(chunk.subarray(1));
    };
    signal?.addEventListener("abort", abort, { once: true });
    socket.on("data", data);
    socket.on("end", end);
    socket.on("error", fail);
    if (signal?.aborted === true) abort();
  });
}

class LocalConnector implements Connector {
  readonly uri: string;
  readonly #frames: FrameSocket;
  readonly #early: Uint8Array;
  #gone = false;

  constructor(uri: string, frames: FrameSocket, early: Uint8Array) {
    this.uri = uri;
    this.#frames = frames;
    this.#early = early;
  }

  get queuedBytes(): number {
    return this.#frames.queuedBytes;
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
        closed: (reason) => {
          this.#gone = true;
          receiver.closed(reason);
        },
      },
      this.#early,
    );
  }

  close(): Promise<void> {
    this.#gone = true;
    return this.#frames.end(0);
  }

  ref(): void {
    this.#frames.ref();
  }

  unref(): void {
    this.#frames.unref();
  }
}

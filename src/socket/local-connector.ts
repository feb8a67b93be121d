import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { FluxError } from "../base/index.ts";
import type { Connector } from "../connector/index.ts";
import { readAdmission } from "./admission.ts";
import { type AdmittedStream, SocketConnector } from "./socket-connector.ts";
import { checkSocketPath } from "./socket-path.ts";

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
 * @throws FluxError EINVAL for a path over 107 bytes or with a NUL; ENOENT when no socket is there and ECONNREFUSED when nobody listens, after
 *   the retries; the broker's own error (EPERM as a rule) when it refuses; ECONNRESET when it hangs up instead; ECANCELED by `signal`, or
 *   ETIMEDOUT when that is one of AbortSignal.timeout.
 * Source: usock_client_connect in flux-core.
 */
export async function connectLocal(
  path: string | undefined,
  options: LocalConnectorOptions = {},
): Promise<Connector> {
  return new SocketConnector(await openLocal(path, options), options.maxFrameBytes);
}

/** As `connectLocal`, but gives the connection as bytes: for those who pass them on. */
export async function openLocal(
  given: string | undefined,
  options: LocalConnectorOptions = {},
): Promise<AdmittedStream> {
  const path = checkSocketPath(given);
  const socket = await dialWithRetries(path, options);
  const early = await readAdmission(socket, `broker at ${path}`, options.signal);
  return { uri: `local://${path}`, socket, early };
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

import { Socket } from "node:net";
import { FluxError } from "../base/index.ts";
import type { Connector } from "../connector/index.ts";
import { readAdmission } from "./admission.ts";
import { SocketConnector } from "./socket-connector.ts";

export interface FdConnectorOptions {
  /** Largest frame taken, in bytes; default 128 MiB. */
  readonly maxFrameBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes over a connection that this process was started with: descriptor `number`, a stream socket. Waits for its admission byte. The descriptor
 * is closed with the connection.
 * @throws FluxError EINVAL for what is no number of a descriptor, EBADF for one that is no socket; the broker's own error when it refuses; ECONNRESET when
 *   it hangs up instead; ECANCELED by `signal`. Source: connector_fd.c in flux-core.
 */
export async function connectFd(
  number: string | undefined,
  options: FdConnectorOptions = {},
): Promise<Connector> {
  if (number === undefined || number === "") throw new FluxError("EINVAL", "URI path is not set");
  if (!/^\d{1,9}$/.test(number)) throw new FluxError("EINVAL", "error parsing file descriptor");
  const socket = openSocket(Number(number));
  const early = await readAdmission(socket, `fd ${number}`, options.signal);
  return new SocketConnector({ uri: `fd://${number}`, socket, early }, options.maxFrameBytes);
}

function openSocket(fd: number): Socket {
  try {
    return new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  } catch (error) {
    throw new FluxError("EBADF", `file descriptor ${fd} is not open, or no socket`, { cause: error });
  }
}

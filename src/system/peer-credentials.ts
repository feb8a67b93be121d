import type { Socket } from "node:net";
import { libcFunction } from "./libc.ts";

/** The process at the other end of a UNIX socket, as the kernel knows it. */
export interface PeerCredentials {
  readonly pid: number;
  readonly userid: number;
}

/** Asks the kernel who connected, or who listened; undefined for a socket it can't be asked of. */
export type ReadPeerCredentials = (socket: Socket) => PeerCredentials | undefined;

type GetSocketOption = (
  fd: number,
  level: number,
  name: number,
  value: Uint8Array,
  size: Uint32Array,
) => number;

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const UCRED_BYTES = 12;

/**
 * A reader of SO_PEERCRED, or undefined where there is none: on systems other than Linux, and without the optional package koffi.
 * Node has no call for this; the one system call goes through koffi, to the descriptor of the socket's handle.
 */
export function loadPeerCredentials(): ReadPeerCredentials | undefined {
  const getsockopt = libcFunction<GetSocketOption>(
    "int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)",
  );
  if (getsockopt === undefined) return undefined;
  return (socket) => {
    const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
    if (fd === undefined || fd < 0) return undefined;
    const value = new Uint8Array(UCRED_BYTES);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value, new Uint32Array([UCRED_BYTES])) !== 0)
      return undefined;
    const view = new DataView(value.buffer);
    return { pid: view.getInt32(0, true), userid: view.getUint32(4, true) };
  };
}

import { FluxError, utf8Length } from "../base/index.ts";

/** Longest path a UNIX socket address holds, in bytes. */
export const SOCKET_PATH_MAX = 107;

/**
 * The path of a UNIX socket, checked as the system takes it: a NUL in front would name an abstract socket, and one further back would end the path.
 * @throws FluxError EINVAL for a path that is missing, has a NUL, or is over 107 bytes.
 */
export function checkSocketPath(path: string | undefined): string {
  if (path === undefined || path === "") throw new FluxError("EINVAL", "local:// wants the path of a socket");
  if (path.includes("\0"))
    throw new FluxError("EINVAL", `socket path with a NUL: ${path.replaceAll("\0", "\\0")}`);
  if (utf8Length(path) > SOCKET_PATH_MAX)
    throw new FluxError("EINVAL", `socket path of more than ${SOCKET_PATH_MAX} bytes: ${path}`);
  return path;
}

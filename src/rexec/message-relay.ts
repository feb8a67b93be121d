import { connect, type Socket } from "node:net";
import { FluxError } from "../base/index.ts";

const SCHEME = "local://";

/**
 * The path of the socket that a message channel leads to.
 * @throws FluxError EINVAL for a URI other than a local one.
 */
export function relayPath(uri: string): string {
  if (!uri.startsWith(`${SCHEME}/`))
    throw new FluxError("EINVAL", `message channel ${uri}: only ${SCHEME} is supported`);
  return uri.slice(SCHEME.length).trimEnd();
}

/**
 * Joins the end of a message channel and the socket at `path`. Both sides carry the same bytes, the admission byte in front, so that
 * nothing is decoded. Either end closes the other, behind what it has sent.
 */
export function relayMessages(end: Socket, path: string): void {
  const broker = connect(path);
  for (const [from, to] of [
    [end, broker],
    [broker, end],
  ] as const) {
    from.on("error", () => {});
    from.on("close", () => to.destroySoon());
    from.pipe(to);
  }
}

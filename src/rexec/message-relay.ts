import { connect, type Socket } from "node:net";
import { FluxError } from "../base/index.ts";
import { parseUri } from "../connector/index.ts";
import { checkSocketPath } from "../socket/index.ts";

/**
 * The path of the socket that a message channel leads to.
 * @throws FluxError EINVAL for a URI other than a local one, and as checkSocketPath does.
 */
export function relayPath(uri: string): string {
  const { scheme, path } = parseUri(uri.trimEnd());
  if (scheme !== "local" || path?.startsWith("/") !== true)
    throw new FluxError("EINVAL", `message channel ${uri}: only local:// is supported`);
  return checkSocketPath(path);
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

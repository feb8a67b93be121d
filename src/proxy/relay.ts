import type { Readable, Writable } from "node:stream";
import { FluxError } from "../base/index.ts";
import { parseUri } from "../connector/index.ts";
import { ADMITTED } from "../message/index.ts";
import { type AdmittedStream, openLocal, openSsh } from "../socket/index.ts";

export interface RelayOptions {
  /** The peer's bytes come from here, and end with it. */
  readonly input: Readable;
  /** The broker's bytes go here. */
  readonly output: Writable;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Joins a stream with a broker: what an ssh:// connector runs at the other end. The bytes pass as they are, so the broker sees the peer as a client
 * of its own, with the rights of the user who runs this. Resolves when either side has ended.
 *
 * @param target - path of the broker's socket, or a `local://` or `ssh://` URI.
 * @throws FluxError as `connect` does when the broker can't be reached: then nothing was written. Source: flux-relay in flux-core.
 */
export async function relay(target: string, options: RelayOptions): Promise<void> {
  const { input, output, signal } = options;
  const { socket, early, helper } = await open(target, signal).catch((error: unknown) => {
    // An open input would keep the process alive.
    input.destroy();
    output.destroy();
    throw error;
  });
  const gone = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  // Whoever left hears no more, but what it said before still counts.
  output.on("error", () => {
    socket.unpipe(output);
    socket.resume();
  });
  socket.on("error", () => {});
  output.write(Uint8Array.of(ADMITTED));
  if (early.length > 0) output.write(early);
  socket.once("end", () => socket.destroy());
  input.on("error", () => socket.end());
  input.pipe(socket);
  socket.pipe(output, { end: false });
  const abort = (): void => void socket.destroy();
  signal?.addEventListener("abort", abort, { once: true });
  await gone;
  signal?.removeEventListener("abort", abort);
  input.unpipe(socket);
  input.destroy();
  await helper?.ended();
  await new Promise<void>((resolve) => output.end(resolve));
}

function open(target: string, signal: AbortSignal | undefined): Promise<AdmittedStream> {
  if (!target.includes("://")) return openLocal(target, { signal });
  const { scheme, path } = parseUri(target);
  if (scheme === "local") return openLocal(path, { signal });
  if (scheme === "ssh") return openSsh(path, { signal });
  throw new FluxError("ENOENT", `a relay leads to local:// or ssh://, not to ${scheme}://`);
}

import type { Socket } from "node:net";
import { FluxError } from "../base/index.ts";
import { checkAdmission } from "../message/index.ts";

/** Waits for the admission byte; resolves to what came behind it in the same chunk. `peer` says who hung up when none comes. */
export function readAdmission(
  socket: Socket,
  peer: string,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
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
      fail(new FluxError("ECONNRESET", `${peer} hung up without admitting this client`));
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

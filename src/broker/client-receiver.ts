import type { FluxError } from "../base/index.ts";
import type { FrameReceiver } from "../connector/index.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Router } from "./router.ts";

/** Takes what comes over the connection of a client or module to the router; `closed` is called at its end. */
export function clientReceiver(
  router: Router,
  client: ClientConnection,
  closed: (reason: FluxError | undefined) => void,
): FrameReceiver {
  return {
    message: (message) => router.receive(client, message),
    frame: (frames, start, end) => router.receiveFrame(client, frames, start, end),
    oversized: (message, size) => router.receive(client, message, size),
    pause: () => router.pause(),
    gathers: () => client.gathers(),
    closed,
  };
}

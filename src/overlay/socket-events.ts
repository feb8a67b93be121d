import type { RefusalLog, TransportLog } from "./transport-log.ts";
import type { SocketEvents } from "./zeromq.ts";

/**
 * Writes a line for each peer whose handshake failed, because it doesn't speak the protocol, has no or the wrong keys, or says nothing; with
 * `trace` for everything that happens to the socket. Ends with the socket. Nothing is decided by these events.
 */
export async function watchSocket(
  events: SocketEvents,
  who: "child" | "parent",
  refusals: RefusalLog,
  trace: TransportLog | undefined,
): Promise<void> {
  try {
    for (;;) {
      const event = await events.receive();
      if (event.type === "end") return;
      const address = "address" in event ? event.address : "";
      const reason = "error" in event ? `: ${event.error.message}` : "";
      const text = `${who} sockevent ${address} ${event.type}${reason}`;
      if (event.type.startsWith("handshake:error") || event.type === "accept:error") refusals.note(text);
      else trace?.("debug", text);
    }
  } catch {
    // The socket is closed: so are its events, and there is no one to tell.
  }
}

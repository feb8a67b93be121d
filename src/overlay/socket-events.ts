import type { RefusalLog, TransportLog } from "./transport-log.ts";
import type { SocketEvents } from "./zeromq.ts";

export interface SocketWatch {
  /** Whose socket it is, for the lines. */
  readonly who: "child" | "parent";
  readonly refusals: RefusalLog;
  /** Takes a line for everything that happens to the socket. */
  readonly trace: TransportLog | undefined;
  /** A connection was made good, or one has ended that may have been good or not. */
  readonly heard: (event: "handshake" | "disconnect") => void;
}

/**
 * Writes a line for each peer whose handshake failed, because it doesn't speak the protocol, has no or the wrong keys, or says nothing, and tells
 * of connections. Ends with the socket.
 *
 * The events don't tell connections apart: for the lines, one that ends while another is amid its handshake is taken for that one.
 */
export async function watchSocket(
  events: SocketEvents,
  { who, refusals, trace, heard }: SocketWatch,
): Promise<void> {
  let [shaking, failed] = [0, 0];
  try {
    for (;;) {
      const event = await events.receive();
      if (event.type === "end") return;
      const address = "address" in event ? event.address : "";
      const text = `${who} sockevent ${address} ${event.type}`;
      if (event.type === "accept") shaking++;
      else if (event.type === "handshake") shaking--;
      if (event.type === "handshake" || event.type === "disconnect") heard(event.type);
      if ("error" in event) {
        const { code, message } = event.error as { code?: unknown; message: string };
        refusals.note(`${text}: ${code ?? message}`);
        if (event.type.startsWith("handshake")) failed++;
        continue;
      }
      trace?.("debug", text);
      if (event.type !== "disconnect" || shaking <= 0) continue;
      shaking--;
      if (failed > 0) failed--;
      else refusals.note(`${text}: before the handshake`);
    }
  } catch {
    // The socket is closed: so are its events, and there is no one to tell.
  }
}

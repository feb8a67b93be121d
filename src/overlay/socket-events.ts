import { faultText } from "./contained.ts";
import { pauseAfterFault } from "./receive-all.ts";
import type { LimitedLog, TransportLog } from "./transport-log.ts";
import type { SocketEvent, SocketEvents } from "./zeromq.ts";

export interface SocketWatch {
  /** Whose socket it is, for the lines. */
  readonly who: "child" | "parent";
  readonly refusals: LimitedLog;
  /** Takes a line for everything that happens to the socket. */
  readonly trace: TransportLog | undefined;
  /** Gets the type of each event, and the code of its error. */
  readonly heard: (event: string, code: unknown) => void;
}

/** Events that are taken before others of the process get their turn: a peer can cause them faster than they are read. */
const TURN_EVENTS = 256;

/**
 * Writes a line for each peer whose handshake failed, because it doesn't speak the protocol, has no or the wrong keys, or says nothing, and tells
 * of connections. Ends with the socket.
 *
 * The events don't tell connections apart: for the lines, one that ends while another is amid its handshake is taken for that one.
 */
export async function watchSocket(events: SocketEvents, watch: SocketWatch): Promise<void> {
  const state = { shaking: 0, failed: 0 };
  for (let taken = 1; ; taken++) {
    let event: SocketEvent;
    try {
      event = await events.receive();
    } catch (error) {
      // The socket is closed: so are its events, and there is no one to tell.
      if (events.closed) return;
      watch.refusals.note(`${watch.who} sockevent: ${faultText(error)}`);
      await pauseAfterFault();
      continue;
    }
    if (event.type === "end") return;
    try {
      take(event, state, watch);
    } catch (thrown) {
      watch.refusals.note(`${watch.who} sockevent ${event.type} failed: ${faultText(thrown)}`);
    }
    if (taken % TURN_EVENTS === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** `shaking` connections are amid their handshake, of which `failed` are about to end. */
function take(
  event: SocketEvent,
  state: { shaking: number; failed: number },
  { who, refusals, trace, heard }: SocketWatch,
): void {
  const address = "address" in event ? event.address : "";
  const text = `${who} sockevent ${address} ${event.type}`;
  if (event.type === "accept") state.shaking++;
  else if (event.type === "handshake") state.shaking--;
  const error = "error" in event ? (event.error as { code?: unknown; message: string }) : undefined;
  heard(event.type, error?.code);
  if (error !== undefined) {
    // Nobody was there any more.
    if (event.type === "accept:error" && error.code === "EAGAIN") return;
    refusals.note(`${text}: ${error.code ?? error.message}`);
    if (event.type.startsWith("handshake")) state.failed++;
    return;
  }
  trace?.("debug", text);
  if (event.type !== "disconnect" || state.shaking <= 0) return;
  state.shaking--;
  if (state.failed > 0) state.failed--;
  else refusals.note(`${text}: before the handshake`);
}

import { setTimeout as delay } from "node:timers/promises";
import { faultText } from "./contained.ts";
import { LimitedLog, type TransportLog } from "./transport-log.ts";

/** Wait after a receive that failed though the socket is open, in milliseconds. */
const FAULT_MS = 100;

/** The receiving side of a socket of the zeromq package. */
interface Receiving {
  readonly closed: boolean;
  receive(): Promise<Uint8Array[]>;
}

/** A wait, so that a fault that stays does not keep the processor busy. */
export async function pauseAfterFault(): Promise<void> {
  await delay(FAULT_MS, undefined, { ref: false });
}

/** Messages between two looks at the clock, and the time after which others of the process get their turn, in milliseconds. */
const LOOK_MESSAGES = 16;
const TURN_MS = 4;

/**
 * Gives each message of a socket to `take`, which must not throw, until the socket is closed. A receive that fails is
 * logged and tried again: the loop is the only one that reads this socket.
 */
export async function receiveAll(
  socket: Receiving,
  take: (frames: Uint8Array[]) => void,
  log: TransportLog,
): Promise<void> {
  const faults = new LimitedLog(log);
  let turnEnds = performance.now() + TURN_MS;
  for (let count = 1; ; count++) {
    // Messages that are there already are received without a turn of the event loop.
    if (count % LOOK_MESSAGES === 0 && performance.now() > turnEnds) {
      await new Promise((resolve) => setImmediate(resolve));
      turnEnds = performance.now() + TURN_MS;
    }
    let frames: Uint8Array[];
    try {
      frames = await socket.receive();
    } catch (error) {
      if (socket.closed) return;
      faults.note(`receiving from the tree: ${faultText(error)}`);
      await pauseAfterFault();
      continue;
    }
    take(frames);
  }
}

import { ByteSink, concatBytes, EMPTY, FluxError, SHARE_BYTES } from "../base/index.ts";
import { afterRoutes, decodeAll, FRAME_MAGIC, type Message } from "../message/index.ts";
import { frameBytes } from "./message-line.ts";
import type { Frames } from "./transport.ts";

/** A bundle with more in it leaves before the turn ends, in bytes: whoever keeps a message keeps what came with it. */
const FULL_BYTES = 32 * 1024;

/**
 * A longer bundle is malformed, in bytes. One is sent at `FULL_BYTES`, and each message in it is shorter than
 * `SHARE_BYTES`.
 */
export const LONGEST_BYTES = 1024 * 1024;

/**
 * The zeromq package copies a frame up to `PIECE_BYTES` and passes a longer one by reference, which takes another thread's help to let go of. So what makes
 * up to `MOST_PIECES` short frames goes as such.
 */
const PIECE_BYTES = 128;
const MOST_PIECES = 4;

/**
 * Messages for one neighbour, put together to leave as few messages of the transport: the first of a turn of the event loop leaves at once, the
 * others at its end, together. They are encoded as on the socket of local clients, one behind the other. Each frame on its own costs some microseconds at either end, to be encrypted and to cross threads, and flux-core's
 * form has four to ten of them for a message.
 *
 * Only for a neighbour that has said in its hello, or in the answer to it, that it reads bundles: flux-core's brokers don't. Source: ADR 16.
 */
export class Bundle {
  readonly #send: (frames: Frames) => void;
  readonly #sink = new ByteSink();
  /** A message has left in this turn. */
  #inTurn = false;
  readonly #endTurn = (): void => {
    this.#inTurn = false;
    this.flush();
  };

  constructor(send: (frames: Frames) => void) {
    this.#send = send;
  }

  /** True for a message that goes better by itself, for it is large. Bundle what is in there first, to keep the order. */
  static isTooLarge({ payloadBytes, headStart, headEnd }: Message): boolean {
    return payloadBytes >= SHARE_BYTES || headEnd - headStart >= SHARE_BYTES;
  }

  /** Adds a message as it is now, without the top `popped` of its routes, and then with `pushed`, an encoded route part, on its stack. */
  add(message: Message, popped = 0, pushed: Uint8Array = EMPTY): void {
    message.forwardTo(this.#sink, pushed, afterRoutes(message, popped));
    if (this.#inTurn) {
      if (this.#sink.length >= FULL_BYTES) this.flush();
      return;
    }
    this.flush();
    this.#inTurn = true;
    // Behind all that the socket has for this turn, and before the process waits again.
    process.nextTick(this.#endTurn);
  }

  /** Sends what is in it. */
  flush(): void {
    if (this.#sink.length === 0) return;
    const chunks = this.#sink.take();
    const [first] = chunks;
    if (chunks.length === 1 && first!.length <= PIECE_BYTES * MOST_PIECES) this.#send(pieces(first!));
    else this.#send(chunks);
  }
}

/** Puts a message into a bundle; false when there is none, or the message is to go by itself. */
export function addToBundle(
  bundle: Bundle | undefined,
  message: Message,
  popped: number,
  pushed?: Uint8Array,
): boolean {
  if (bundle === undefined) return false;
  if (Bundle.isTooLarge(message)) {
    bundle.flush();
    return false;
  }
  bundle.add(message, popped, pushed);
  return true;
}

function pieces(bytes: Uint8Array): Frames {
  if (bytes.length <= PIECE_BYTES) return [bytes];
  const frames: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) frames.push(bytes.subarray(at, at + PIECE_BYTES));
  return frames;
}

/** True for the frames of a bundle. Those of a single message begin with a uuid, or nothing. */
export function isBundle([first]: Frames): boolean {
  return (
    first !== undefined &&
    first.length >= 4 &&
    ((first[0]! << 24) | (first[1]! << 16) | (first[2]! << 8) | first[3]!) >>> 0 === FRAME_MAGIC
  );
}

/**
 * The messages of a bundle.
 * @throws FluxError EPROTO when it is malformed, cut off or too long.
 */
export function readBundle(frames: Frames): Message[] {
  if (frameBytes(frames) > LONGEST_BYTES) throw new FluxError("EPROTO", "bundle is too long");
  return decodeAll(frames.length === 1 ? frames[0]! : concatBytes(frames));
}

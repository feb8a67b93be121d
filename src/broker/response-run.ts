import { type FrameBytes, PREAMBLE_BYTES, writePreamble } from "../message/index.ts";
import type { ClientConnection } from "./client-connection.ts";

/**
 * Responses to one client that came one behind the other, as a stream of responses does, on their way to it without being decoded.
 *
 * Their routes popped, they move together in the memory they came in, and are queued for the client as one span: moving bytes within an array costs a
 * quarter of copying them to another, which takes a view.
 */
export class ResponseRun {
  readonly #sent: (count: number) => void;
  #client: ClientConnection | undefined;
  #frames: FrameBytes | undefined;
  #start = 0;
  #end = 0;
  #count = 0;
  /** Bytes that the client's queue has room for, behind the run. */
  #room = 0;

  /** `sent` is told how many responses went to the client. */
  constructor(sent: (count: number) => void) {
    this.#sent = sent;
  }

  /**
   * Adds the response in `frames` that goes out from `rest` to `end`: `isPlainResponse`, and at least a preamble behind
   * the start of its frame. Returns false when the client has no room for it; then it is as it was.
   */
  add(client: ClientConnection, frames: FrameBytes, rest: number, end: number): boolean {
    const length = end - rest;
    const size = PREAMBLE_BYTES + length;
    if (client !== this.#client || frames !== this.#frames || size > this.#room) {
      this.send();
      if (!client.hasRoom(size)) return false;
      this.#client = client;
      this.#frames = frames;
      this.#room = client.room;
      this.#start = rest - PREAMBLE_BYTES;
      this.#end = rest - PREAMBLE_BYTES;
    }
    const at = this.#end;
    // The first one stays where it is, a later one moves down over routes that are not needed any more.
    if (this.#count > 0) frames.bytes.copyWithin(at + PREAMBLE_BYTES, rest, end);
    writePreamble(frames, at, length);
    this.#end = at + PREAMBLE_BYTES + length;
    this.#room -= PREAMBLE_BYTES + length;
    this.#count++;
    return true;
  }

  /** Queues the run for its client: before anything else is decided, and before the turn ends. */
  send(): void {
    const client = this.#client;
    if (client === undefined) return;
    const { bytes } = this.#frames!;
    const count = this.#count;
    this.#client = undefined;
    this.#frames = undefined;
    this.#count = 0;
    this.#sent(count);
    client.sendCopy(bytes, this.#start, this.#end, count);
  }
}

/**
 * The bare relay: two UNIX sockets, length-prefixed frames cut and forwarded unread, what one read brings to a connection written at once. Between
 * a client and a service frames go both ways. For publications each frame goes to every subscriber, and its head goes back to
 * the publisher as the confirmation.
 */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { answerParent } from "../control/child.ts";
import { FrameBatch, writeAll } from "../relay/frame-batch.ts";
import { FrameReader, type TakeFrame } from "../relay/frame-reader.ts";
import { HEAD_BYTES, readWord } from "../relay/word.ts";

interface RelayOptions {
  /** Folder for the sockets `near` and `far`. */
  readonly folder: string;
  readonly publish: boolean;
}

/** Connections that get the same frames, and the frames they get next. */
class Side {
  readonly sockets: Socket[] = [];
  readonly batch = new FrameBatch();
  #scheduled = false;
  readonly #flush = (): void => {
    this.#scheduled = false;
    const pieces = this.batch.take();
    for (const socket of this.sockets) writeAll(socket, pieces);
  };

  wake(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#flush);
  }

  /** The connection that takes no more, where there is only one. */
  get full(): Socket | undefined {
    const [only, ...others] = this.sockets;
    return others.length === 0 && only?.writableNeedDrain === true ? only : undefined;
  }
}

answerParent({
  async open({ folder, publish }: RelayOptions) {
    const near = new Side();
    const far = new Side();
    const forward = (to: Side): TakeFrame => {
      return (bytes, start, end) => {
        to.batch.forward(bytes, start, end);
        to.wake();
      };
    };
    const forwardAndConfirm: TakeFrame = (bytes, start, end) => {
      far.batch.forward(bytes, start, end);
      far.wake();
      near.batch.add(readWord(bytes, start + HEAD_BYTES - 4), NOTHING);
      near.wake();
    };
    await listen(join(folder, "near"), near, far, publish ? forwardAndConfirm : forward(far));
    await listen(join(folder, "far"), far, near, forward(near));
    return folder;
  },
});

const NOTHING = new Uint8Array(0);

/** Takes connections into `mine`; a connection waits while `other` is full. */
async function listen(path: string, mine: Side, other: Side, frame: TakeFrame): Promise<void> {
  const server = createServer((socket) => {
    mine.sockets.push(socket);
    const reader = new FrameReader(frame);
    socket.on("data", (chunk: Buffer) => {
      reader.push(chunk);
      const full = other.full;
      if (full === undefined) return;
      socket.pause();
      full.once("drain", () => socket.resume());
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", () => mine.sockets.splice(mine.sockets.indexOf(socket), 1));
  });
  await new Promise<void>((resolve) => server.listen({ path, backlog: 511 }, resolve));
}

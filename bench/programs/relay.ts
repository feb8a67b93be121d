/**
 * The bare relay: two UNIX sockets, length-prefixed frames cut and forwarded unread, what one read brings to a connection written at once. Between
 * a client and a service frames go both ways; between a publisher and subscribers each frame goes to every subscriber, and what a subscriber
 * confirms goes back.
 */
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { answerParent } from "../control/child.ts";
import { FrameBatch, writeAll } from "../relay/frame-batch.ts";
import { FrameReader, type TakeFrame } from "../relay/frame-reader.ts";

interface RelayOptions {
  /** Folder for the sockets `near` and `far`. */
  readonly folder: string;
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
  async open({ folder }: RelayOptions) {
    const near = new Side();
    const far = new Side();
    const forward = (to: Side): TakeFrame => {
      return (bytes, start, end) => {
        to.batch.forward(bytes, start, end);
        to.wake();
      };
    };
    await listen(join(folder, "near"), near, far, forward(far));
    await listen(join(folder, "far"), far, near, forward(near));
    return folder;
  },
});

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

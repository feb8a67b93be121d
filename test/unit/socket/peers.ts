import { connect, createServer, type Server, type Socket } from "node:net";
import type { FluxError } from "../../../src/base/index.ts";
import type { Receiver } from "../../../src/connector/index.ts";
import { Framer, Message } from "../../../src/message/index.ts";
import { TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { until } from "../../helpers/until.ts";

/** A folder of its own for sockets; removed with the test. */
export async function socketFolder(): Promise<{ path(name: string): string } & AsyncDisposable> {
  const folder = await TemporaryFolder.make();
  return { path: (name) => folder.of(name), [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** Listens at `path` as a broker does; `connection` gets each socket, paused. Disposing ends the sockets too. */
export async function listen(
  path: string,
  connection: (socket: Socket) => void,
): Promise<Server & AsyncDisposable> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket);
    connection(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return Object.assign(server, { [Symbol.asyncDispose]: close });
}

/** Both ends of a UNIX socket: `near` as a broker has it, paused, `far` a plain socket that doesn't read before it is told to. */
export async function socketPair(): Promise<{ near: Socket; far: Socket } & AsyncDisposable> {
  const folder = await socketFolder();
  const accepted: Socket[] = [];
  const server = await listen(folder.path("s"), (socket) => accepted.push(socket));
  const far = connect({ path: folder.path("s"), allowHalfOpen: true });
  far.on("error", () => {});
  await until(() => accepted.length > 0, "a connection");
  const near = accepted[0]!;
  return {
    near,
    far,
    async [Symbol.asyncDispose]() {
      near.destroy();
      far.destroy();
      await server[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A receiver that keeps everything. */
export class Inbox implements Receiver {
  readonly messages: Message[] = [];
  /** Calls of `closed`, with what they said. */
  readonly ends: (FluxError | undefined)[] = [];

  message(message: Message): void {
    if (this.ends.length > 0) throw new Error("message after the end");
    this.messages.push(message);
  }

  closed(reason: FluxError | undefined): void {
    this.ends.push(reason);
  }

  /** Matchtags or sequence numbers of the messages, in order. */
  get tags(): number[] {
    return this.messages.map((message) => message.aux2);
  }

  untilClosed(limitMs?: number): Promise<void> {
    return until(() => this.ends.length > 0, "closed()", limitMs);
  }

  untilCount(count: number): Promise<void> {
    return until(() => this.messages.length >= count, `${count} messages`);
  }
}

/** Reads frames off a plain socket into an inbox. */
export function readFrames(socket: Socket): Inbox {
  const inbox = new Inbox();
  const framer = new Framer();
  socket.on("data", (chunk: Uint8Array) => framer.push(chunk, (message) => inbox.message(message)));
  socket.on("end", () => inbox.closed(undefined));
  socket.resume();
  return inbox;
}

/** A request with `tag` and a payload of `size` bytes that depend on it. */
export function request(tag: number, size = 20): Message {
  return Message.request({
    topic: "test.topic",
    matchtag: tag,
    payload: new Uint8Array(size).fill(tag & 0xff),
  });
}

/** The numbers from 1 to `count`. */
export function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

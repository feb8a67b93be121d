import { connect, type Socket } from "node:net";
import { encodeFrame, type FrameFields, FrameReader, type RawMessage, Type } from "./frame.ts";

/** The broker has closed the connection, or did not take it. */
export class ConnectionLost extends Error {}
/** The time of the attack is over. */
export class TimeIsUp extends Error {
  override readonly message = "the time is up";
}
/** A request has no answer after its bound. */
export class NotAnswered extends Error {}

/** Runs `action` with another effective user: a socket that it connects belongs to that user. Needs root. */
export function asUser<T>(userid: number, action: () => T): T {
  if (process.geteuid?.() === userid) return action();
  process.setegid!(userid);
  process.seteuid!(userid);
  try {
    return action();
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}

export interface AskOptions extends FrameFields {
  /** Longest wait for the first response, in milliseconds: default 30,000. */
  readonly waitMs?: number;
}

const WAIT_MS = 30_000;

/** A connection to a broker that trusts nothing of this project: it has its own frames. */
export class RawConnection {
  readonly socket: Socket;
  /** Takes requests, events, and responses that nothing here waits for. */
  onMessage: ((message: RawMessage) => void) | undefined;
  /** Messages received so far. */
  received = 0;
  /** Why the connection ended; undefined while it is open. */
  lost: ConnectionLost | undefined;
  /** When sending and waiting stop with TimeIsUp, on the clock of `performance`. */
  readonly #deadline: number;
  readonly #reader = new FrameReader();
  /** What waits, and ends when the connection or the time does. */
  readonly #stops = new Set<(why: Error) => void>();
  readonly #asked = new Map<number, (message: RawMessage | Error) => void>();
  #matchtag = 0;

  private constructor(socket: Socket, deadline: number) {
    this.socket = socket;
    this.#deadline = deadline;
    const leftMs = deadline - performance.now();
    const timer =
      leftMs === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => this.#stopAll(new TimeIsUp()), Math.max(0, leftMs));
    const end = (why: string): void => {
      clearTimeout(timer);
      this.lost ??= new ConnectionLost(why);
      for (const answer of this.#asked.values()) answer(this.lost);
      this.#stopAll(this.lost);
    };
    socket.on("error", (error) => end(error.message));
    socket.on("close", () => end("closed"));
    socket.on("end", () => {
      end("the broker hung up");
      socket.destroy();
    });
  }

  /**
   * Connects as a user, and resolves when the broker has admitted the connection.
   * @throws ConnectionLost when it does not. TimeIsUp when it has not by `deadline`.
   */
  static async open(
    path: string,
    userid: number,
    deadline = Number.POSITIVE_INFINITY,
  ): Promise<RawConnection> {
    const connection = new RawConnection(connectAs(path, userid), deadline);
    const { socket } = connection;
    await connection
      .#bounded(
        new Promise<void>((resolve) => {
          socket.once("data", (chunk: Buffer) => {
            if (chunk[0] !== 0) {
              connection.lost ??= new ConnectionLost(`refused with errno ${chunk[0]}`);
              socket.destroy();
            }
            socket.on("data", (more: Buffer) => connection.#take(more));
            connection.#take(chunk.subarray(1));
            resolve();
          });
        }),
      )
      .catch((error: unknown) => {
        socket.destroy();
        throw error;
      });
    if (connection.lost !== undefined) throw connection.lost;
    return connection;
  }

  /** Writes bytes or a message, and resolves when the kernel has taken them. */
  async send(message: Uint8Array | FrameFields): Promise<void> {
    if (this.lost !== undefined) throw this.lost;
    const bytes = message instanceof Uint8Array ? message : encodeFrame(message);
    if (this.socket.write(bytes)) {
      if (performance.now() > this.#deadline) throw new TimeIsUp();
      return;
    }
    await this.#bounded(new Promise<void>((resolve) => this.socket.once("drain", resolve)));
  }

  /** Sends a request and resolves to its first response, whether it is an error or not. */
  async ask(
    topic: string,
    payload?: object | string | Uint8Array,
    options: AskOptions = {},
  ): Promise<RawMessage> {
    const matchtag = options.matchtag ?? this.nextMatchtag();
    const { waitMs = WAIT_MS } = options;
    const isRaw = payload === undefined || typeof payload === "string" || payload instanceof Uint8Array;
    const answered = new Promise<RawMessage>((resolve, reject) => {
      const late = setTimeout(() => {
        this.#asked.delete(matchtag);
        reject(new NotAnswered(`${topic.slice(0, 80)} is not answered within ${waitMs} ms`));
      }, waitMs);
      this.#asked.set(matchtag, (message) => {
        clearTimeout(late);
        this.#asked.delete(matchtag);
        if (message instanceof Error) reject(message);
        else resolve(message);
      });
    });
    answered.catch(() => {});
    await this.send({ ...options, topic, payload: isRaw ? payload : JSON.stringify(payload), matchtag });
    return this.#bounded(answered);
  }

  nextMatchtag(): number {
    this.#matchtag = (this.#matchtag % 0x7fff_ffff) + 1;
    return this.#matchtag;
  }

  /** Reads no more: what the broker sends stays with the kernel, then with the broker. */
  mute(): void {
    this.socket.pause();
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** The promise's value, unless the connection or the time of the attack ends before. */
  #bounded<T>(promise: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = (why: Error): void => {
        this.#stops.delete(stop);
        reject(why);
      };
      if (this.lost !== undefined) reject(this.lost);
      else this.#stops.add(stop);
      promise.then(resolve, reject).finally(() => this.#stops.delete(stop));
    });
  }

  #stopAll(why: Error): void {
    for (const stop of [...this.#stops]) stop(why);
  }

  #take(chunk: Buffer): void {
    try {
      this.#reader.push(chunk, (message) => this.#receive(message));
    } catch (error) {
      this.socket.destroy(error as Error);
    }
  }

  #receive(message: RawMessage): void {
    this.received++;
    const answer = message.type === Type.RESPONSE ? this.#asked.get(message.matchtag) : undefined;
    if (answer !== undefined) answer(message);
    else this.onMessage?.(message);
  }
}

/** A socket that connects as a user, whatever comes of it. */
export function connectAs(path: string, userid: number): Socket {
  const socket = asUser(userid, () => connect({ path, allowHalfOpen: true }));
  socket.setMaxListeners(0);
  return socket;
}

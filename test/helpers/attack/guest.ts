import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../message-fuzz.ts";
import { encodeFrame, type FrameFields } from "./frame.ts";
import { ConnectionLost, connectAs, RawConnection, TimeIsUp } from "./raw-connection.ts";

/** Users of an attack: the owner of the broker, and two guests. */
export const OWNER = 1001;
export const GUEST = 65534;
export const OTHER_GUEST = 65533;

/** Bytes that are written at a time by `flood`. */
const BATCH_BYTES = 256 * 1024;
/** Bytes that surely are read in a turn of the event loop, if they are there. */
const TURN_BYTES = 512 * 1024;
const MOST_NOTES = 12;
const RESOLUTION = 0x1_0000_0000;

export interface GuestOptions {
  /** Path of the broker's socket. */
  readonly path: string;
  readonly random: Random;
  /** What the largest sizes and counts are multiplied by: 1 for a real attack. */
  readonly scale: number;
  /** How long it plays, in milliseconds. */
  readonly playMs: number;
}

/** One who attacks a broker: the connections of one or two users, and chance. It leaves by `leave`. */
export class Guest {
  readonly path: string;
  readonly random: Random;
  readonly scale: number;
  readonly deadline: number;
  /** Names of services of this guest begin so, as the broker demands. */
  readonly prefix = `${GUEST}-`;
  /** What it does, in a few words with figures, for the report. */
  readonly notes: string[] = [];
  readonly #sockets = new Set<Socket>();

  constructor({ path, random, scale, playMs }: GuestOptions) {
    this.path = path;
    this.random = random;
    this.scale = scale;
    this.deadline = performance.now() + playMs;
  }

  get isOver(): boolean {
    return performance.now() >= this.deadline;
  }

  /** Opens a connection to a rank. @throws ConnectionLost when the broker refuses it, TimeIsUp. */
  async open(userid = GUEST, rank = 0): Promise<RawConnection> {
    const path = this.path.replace(/local-0$/, `local-${rank}`);
    const connection = await RawConnection.open(path, userid, this.deadline);
    this.#sockets.add(connection.socket);
    connection.socket.once("close", () => this.#sockets.delete(connection.socket));
    return connection;
  }

  /** Opens up to `count` connections; fewer when the broker refuses some. */
  async openMany(count: number, rank = 0): Promise<RawConnection[]> {
    const opened: RawConnection[] = [];
    while (opened.length < count && !this.isOver) {
      try {
        opened.push(await this.open(GUEST, rank));
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error;
        break;
      }
    }
    this.note(`${opened.length} of ${count} connections`);
    return opened;
  }

  /** A socket that connects and does nothing else: not even the admission byte is awaited. */
  connectOnly(userid = GUEST): Socket {
    const socket = connectAs(this.path, userid);
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => this.#sockets.delete(socket));
    return socket;
  }

  /** Sends the frames that `make` gives, many at a time, until there are `count` or the time is up; resolves to their number. */
  async flood(
    connection: RawConnection,
    count: number,
    make: (index: number) => Buffer | FrameFields,
  ): Promise<number> {
    let sent = 0;
    while (sent < count && !this.isOver) {
      const batch: Buffer[] = [];
      let bytes = 0;
      for (; bytes < BATCH_BYTES && sent < count; sent++) {
        const made = make(sent);
        const frame = Buffer.isBuffer(made) ? made : encodeFrame(made);
        batch.push(frame);
        bytes += frame.length;
      }
      await connection.send(batch.length === 1 ? batch[0]! : Buffer.concat(batch));
      // Whoever only writes never reads: these turns of the event loop are for the responses.
      for (let turns = Math.ceil(bytes / TURN_BYTES); turns > 0; turns--)
        await new Promise((resolve) => setImmediate(resolve));
    }
    return sent;
  }

  /** A whole number from `min` to `max`, scaled, of any order of magnitude, large ones more often; one in six is `max`. */
  draw(min: number, max: number): number {
    const most = Math.max(min, max * this.scale);
    const fraction = Math.max(this.random(RESOLUTION), this.random(RESOLUTION)) / RESOLUTION;
    return Math.round(this.isLucky(6) ? most : min * (most / min) ** fraction);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.random(items.length)]!;
  }

  isLucky(oneIn: number): boolean {
    return this.random(oneIn) === 0;
  }

  /** Adds to what is reported of it. */
  note(text: string): void {
    if (this.notes.length < MOST_NOTES) this.notes.push(text.slice(0, 200).replace(/[^\x20-\x7e]/g, "?"));
  }

  /** Waits, at most until its time is up. */
  async pause(ms: number): Promise<void> {
    await delay(Math.max(0, Math.min(ms, this.deadline - performance.now())));
  }

  /** Waits until `condition` holds. @throws TimeIsUp */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.isOver) throw new TimeIsUp();
      await delay(2);
    }
  }

  /** Closes all its connections at once, without a word. */
  leave(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** `1.5 MiB` or `700 B`. */
export function size(bytes: number): string {
  return bytes < 10_000 ? `${bytes} B` : `${(bytes / 1024 / 1024).toFixed(2)} MiB`;
}

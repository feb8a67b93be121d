import type { Duplex } from "node:stream";
import { FluxError } from "../base/index.ts";
import type { PmiAction, PmiServer } from "./pmi-server.ts";

/** Longest line of a client, in bytes: the longest value with the longest key and what stands around them. */
export const LINE_MAX = 4096;

const NEWLINE = 0x0a;

export interface PmiSocketsOptions {
  readonly server: PmiServer;
  /** A rank can't go on: it gave up with an exit status and a text, or sent what is no request. */
  readonly failed: (rank: number, text: string, status: number | undefined) => void;
  /** Takes each line that comes in (`C:`) and goes out (`S:`). */
  readonly trace?: ((rank: number, text: string) => void) | undefined;
}

/** The sockets of a PMI server: one to each rank, whose other end is the descriptor in its PMI_FD. Owner: who made it. */
export class PmiSockets {
  readonly #options: PmiSocketsOptions;
  readonly #sockets = new Map<number, Duplex>();

  constructor(options: PmiSocketsOptions) {
    this.#options = options;
  }

  /** Serves a rank over `socket`, which belongs to this from now on. */
  attach(rank: number, socket: Duplex): void {
    this.#sockets.set(rank, socket);
    let pending: Buffer = Buffer.alloc(0);
    // A rank that is gone is noticed by its process.
    socket.on("error", () => {});
    socket.on("data", (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      let end = pending.indexOf(NEWLINE);
      while (end >= 0 && !socket.destroyed) {
        this.#take(rank, pending.toString("utf8", 0, end));
        pending = pending.subarray(end + 1);
        end = pending.indexOf(NEWLINE);
      }
      if (pending.length > LINE_MAX) this.#fail(rank, `PMI: a line of more than ${LINE_MAX} bytes`);
    });
  }

  /** Closes what is open: clients that wait for an answer get none. */
  close(): void {
    for (const rank of [...this.#sockets.keys()]) this.#drop(rank);
  }

  #take(rank: number, line: string): void {
    this.#options.trace?.(rank, `C: ${line}`);
    let actions: readonly PmiAction[];
    try {
      actions = this.#options.server.take(rank, line);
    } catch (error) {
      this.#fail(rank, FluxError.from(error).message);
      return;
    }
    for (const action of actions) this.#do(action);
  }

  #do(action: PmiAction): void {
    const { rank } = action;
    if (action.act === "tell") {
      this.#options.trace?.(rank, `S: ${action.line}`);
      this.#sockets.get(rank)?.write(`${action.line}\n`);
    } else if (action.act === "close") {
      this.#sockets.get(rank)?.end();
    } else {
      this.#fail(rank, action.text, action.status);
    }
  }

  #fail(rank: number, text: string, status?: number): void {
    this.#drop(rank);
    this.#options.failed(rank, text, status);
  }

  #drop(rank: number): void {
    this.#sockets.get(rank)?.destroy();
    this.#sockets.delete(rank);
  }
}

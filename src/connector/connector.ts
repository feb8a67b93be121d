import type { FluxError } from "../base/index.ts";
import type { FrameBytes, Message, Oversize } from "../message/index.ts";

/** Who takes what a connector brings. */
export interface Receiver {
  /** The next message of the peer, in the order it sent them. */
  message(message: Message): void;
  /**
   * A message of the peer that is over the connector's limit, without its payload. Left out: such a
   * message ends the connection with EMSGSIZE, and so does one whose routes and topic are malformed or
   * take more than 8 KiB.
   */
  oversized?(message: Message, size: Oversize): void;
  /** The connection is gone, for good: called once, with the reason unless this side closed it. */
  closed(reason: FluxError | undefined): void;
}

/** A receiver that can do with some frames unread. Not every connector asks it. */
export interface FrameReceiver extends Receiver {
  /**
   * The next message as its parts stand in `frames` from `start` to `end`, its preamble before them. Returns false when it is to come as a message instead;
   * else it is done with, and those bytes are the receiver's to change.
   */
  frame(frames: FrameBytes, start: number, end: number): boolean;
  /** Behind the last of the messages that came together, also when what follows them is no message. */
  pause(): void;
  /** A frame is not complete, and memory has been taken for it: see FrameLink.gatheredBytes. */
  gathers?(): void;
}

/**
 * A connection to a broker, admitted and ready for messages: the port that each kind of transport fits.
 *
 * Owner: the handle that opened it. Ends with `close`, or when the peer goes.
 */
export interface Connector {
  /** Where it leads, in the form that `connect` takes. */
  readonly uri: string;
  /**
   * Queues a message; what is queued in one tick is written together. Absent on a connector that can't send, where
   * sending is ENOSYS.
   * @throws FluxError ECONNRESET once the connection is gone.
   */
  send?(message: Message): void;
  /** A promise while more than 256 KiB are queued, for when there is room again; undefined while there is. */
  writable?(): Promise<void> | undefined;
  /** User id of the process that serves a local socket; undefined where the system does not tell. To be asked while the connection is open. */
  readonly peerUserid?: number | undefined;
  /** Bytes that were queued and are not yet with the system. */
  readonly queuedBytes: number;
  /** Starts the delivery; called once, in the tick that opened the connector. */
  start(receiver: Receiver): void;
  /** Writes what is queued, then closes; resolves when the connection is gone. */
  close(): Promise<void>;
  /** Lets the process stay alive for this connection (the default), or not. */
  ref(): void;
  unref(): void;
}

/** Opens a connection; `signal` gives up. Called again for each reconnect. */
export type OpenConnector = (signal?: AbortSignal) => Promise<Connector>;

import type { Message } from "../message/index.ts";

/**
 * An account of the memory that requests make a service keep, by their senders. Whoever keeps a request asks first, and says when it has let go
 * of it.
 */
export interface Ledger {
  /** Charges the sender of `message` with so many bytes; false when it holds too much already, and nothing is charged. */
  charge(message: Message, bytes: number): boolean;
  /** Takes back a charge: the same message, the same bytes. */
  release(message: Message, bytes: number): void;
}

/** Charges nobody. */
export const FREE: Ledger = Object.freeze({ charge: () => true, release() {} });

/** What an open request counts for besides its bytes: the objects that hold it, and what its method keeps for it. */
export const OPEN_REQUEST_BYTES = 1024;

/** Bytes that an open request counts for. */
export function openBytes({ headStart, headEnd, bodyStart, bodyEnd }: Message): number {
  return OPEN_REQUEST_BYTES + (headEnd - headStart) + (bodyEnd - bodyStart);
}

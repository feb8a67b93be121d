import type { Message } from "../message/index.ts";

/**
 * What a broker needs of the tree: the port that the overlay fits. A broker of size 1 has none, and answers EHOSTUNREACH
 * where it would be asked.
 */
export interface Uplink {
  /** Sends a request towards `rank`; false when it can't be reached. */
  toRank(rank: number, request: Message): boolean;
  /** Sends a request or event to the parent; false when there is none. */
  toParent(message: Message): boolean;
  /** Sends a numbered event to the children. */
  toChildren(event: Message): void;
}

import type { EventRange, Message } from "../message/index.ts";

/**
 * What a broker needs of the tree: the port that the overlay fits. A broker without one is alone, and answers EHOSTUNREACH where it would
 * be asked.
 */
export interface Uplink {
  /** Sends a request towards `rank`; false when it can't be reached. */
  toRank(rank: number, request: Message): boolean;
  /** Sends a request, or an event without a number, to the parent; false when there is none. */
  toParent(message: Message): boolean;
  /** Sends a numbered event to the children. */
  toChildren(event: Message): void;
  /** Sends a response to the child or parent that the top of its route stack names; false when it names neither. */
  respond(response: Message): boolean;
}

/** What the tree gives to a broker. */
export interface Downlink {
  /** A request from another rank, with the routes of its way here. */
  request(request: Message): void;
  /** A response from another rank. */
  response(response: Message): void;
  /** A numbered event from the parent, for this rank. */
  event(event: Message): void;
  /** Numbers that will never come, in their place among the events. */
  lost(range: EventRange): void;
  /** Rank 0: an event from another rank that has no number yet. */
  publish(event: Message): void;
}

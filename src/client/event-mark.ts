import type { EventPosition } from "../message/index.ts";

/** Events that a subscriber can't have: nobody keeps them any more. */
export interface LostEvents {
  readonly epoch: number;
  readonly first: number;
  /** Undefined when nobody knows how many they were: rank 0 began a new epoch, and kept nothing of the end of this one. */
  readonly last: number | undefined;
}

/**
 * What a replay tells between its events.
 *
 * `complete`: each event up to `position` was given, or was not asked for. `lost`: in this place belong events that are gone for good.
 */
export type EventMark =
  | { readonly kind: "complete"; readonly position: EventPosition }
  | { readonly kind: "lost"; readonly position: EventPosition; readonly lost: LostEvents };

/** The events as an error names them. */
export function describeLost({ epoch, first, last }: LostEvents): string {
  if (last === undefined) return `events of epoch ${epoch} from ${first} on`;
  return first === last ? `event ${first} of epoch ${epoch}` : `events ${first} to ${last} of epoch ${epoch}`;
}

import type { Guest } from "./guest.ts";

/** The broker did what it must not do, as the guest sees it. */
export class AttackSucceeded extends Error {}

/** What a guest does to a broker. It may end by ConnectionLost or TimeIsUp: the broker has closed it, or held it back. */
export interface Attack {
  /** What it is about; a round plays one kind. */
  readonly kind: string;
  readonly name: string;
  /** Plays against a broker that takes no guests. */
  readonly isRefused?: boolean;
  /** Plays against a broker of its own: what a broker loads once is not loaded yet. */
  readonly needsFresh?: boolean;
  /** Once it has played and holds its connections, nothing more happens: the broker has to be idle. */
  readonly endsIdle?: boolean;
  /** Plays against an instance of so many ranks, all in the process of one broker. */
  readonly ranks?: number;
  /** How long it has to play at least, in milliseconds. */
  readonly needsMs?: number;
  /** @throws AttackSucceeded */
  play(guest: Guest): Promise<void>;
}

import { type Credential, Role } from "../message/index.ts";
import { descriptorLimit } from "../system/index.ts";
import type { Accounts } from "./accounts.ts";
import { checkLimit } from "./check-limit.ts";

/** How many connections guests may have. The owner's are not limited here. */
export interface ConnectionLimits {
  /** Most connections of one guest. Default: 128, or half of what all guests may have where that is less. */
  readonly guestConnections?: number | undefined;
  /** Most connections of all guests together. Default: half of the descriptors that the process may open. */
  readonly guestsConnections?: number | undefined;
}

/** Throws EINVAL for a limit that is no whole number, or below 0. */
export function checkConnectionLimits({ guestConnections, guestsConnections }: ConnectionLimits): void {
  if (guestConnections !== undefined) checkLimit("guestConnections", guestConnections, 0, MOST);
  if (guestsConnections !== undefined) checkLimit("guestsConnections", guestsConnections, 0, MOST);
}

/** More connections than a process can have. */
const MOST = 0xffff_ffff;

/** Default of `guestConnections`. */
export const GUEST_CONNECTIONS = 128;

let descriptors: number | undefined;

/**
 * Why a further connection of a user is refused; undefined when it is let in. Guests leave half of the
 * descriptors to the owner, to modules and to the tree.
 */
export function refuseConnection(
  { userid, rolemask }: Credential,
  accounts: Accounts,
  limits: ConnectionLimits,
): string | undefined {
  if ((rolemask & Role.OWNER) !== 0) return undefined;
  descriptors ??= descriptorLimit();
  const { guestsConnections = descriptors >> 1 } = limits;
  const { guestConnections = Math.min(GUEST_CONNECTIONS, guestsConnections >> 1) } = limits;
  const own = accounts.connectionsOf(userid);
  if (own >= guestConnections) return `uid=${userid} has ${own} connections, the most that a guest may have`;
  const all = accounts.guestConnections;
  if (all >= guestsConnections) return `guests have ${all} connections, the most that they may have together`;
  return undefined;
}

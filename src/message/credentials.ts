import { Role, USERID_UNKNOWN } from "./constants.ts";

/** Who sent a message: the user id and the mask of roles (RFC 12). */
export interface Credential {
  readonly userid: number;
  readonly rolemask: number;
}

/** Nobody yet: what a client sends, for the broker to fill in. */
export const UNKNOWN_CREDENTIAL: Credential = { userid: USERID_UNKNOWN, rolemask: Role.NONE };

/**
 * Stamps a message at the place where it enters the broker. A connection without OWNER can't choose: both fields are
 * replaced. An owner's fields are filled only where it left them open, each by itself, so that an owner may speak for others.
 */
export function stampCredential(message: { userid: number; rolemask: number }, connection: Credential): void {
  if ((connection.rolemask & Role.OWNER) === 0) {
    message.userid = connection.userid;
    message.rolemask = connection.rolemask;
    return;
  }
  if (message.userid === USERID_UNKNOWN) message.userid = connection.userid;
  if (message.rolemask === Role.NONE) message.rolemask = connection.rolemask;
}

/** True for the owner, and for a user who is the very `userid` (known). Source: flux_msg_authorize in flux-core. */
export function isAuthorized(credential: Credential, userid: number): boolean {
  if ((credential.rolemask & Role.OWNER) !== 0) return true;
  return (credential.rolemask & Role.USER) !== 0 && userid !== USERID_UNKNOWN && credential.userid === userid;
}

/** True when a PRIVATE event sent by `sender` may go to a connection: the owner's, or the sender's own. */
export function maySeePrivate(connection: Credential, sender: Credential): boolean {
  return (
    (connection.rolemask & Role.OWNER) !== 0 ||
    (connection.userid !== USERID_UNKNOWN && connection.userid === sender.userid)
  );
}

import { type Credential, Role } from "../message/index.ts";

/** Who may connect. */
export interface AccessPolicy {
  /** User id of the instance owner. */
  readonly owner: number;
  /** Lets other users in, as guests. Default false. */
  readonly allowGuests?: boolean | undefined;
  /** Lets root in as the owner. Default false. */
  readonly allowRootOwner?: boolean | undefined;
}

/**
 * The credential of a connection by the user id of its process: the owner's own, root's where it is allowed (its user id stays 0), a
 * guest's where they are allowed; undefined is a refusal. Source: RFC 12; client_authenticate in flux-core.
 */
export function connectionCredential(userid: number, policy: AccessPolicy): Credential | undefined {
  if (userid === policy.owner || (userid === 0 && policy.allowRootOwner === true)) {
    return { userid, rolemask: Role.OWNER | Role.LOCAL };
  }
  if (policy.allowGuests === true) return { userid, rolemask: Role.USER | Role.LOCAL };
  return undefined;
}

/** As what somebody is let in; or a line for the log that says why not. */
export type Admission = Credential | string;

/** connectionCredential, its refusal as the log shows it. */
export function admitByPolicy(userid: number, policy: AccessPolicy): Admission {
  return connectionCredential(userid, policy) ?? `client_authenticate: uid=${userid} no assigned roles`;
}

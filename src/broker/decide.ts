import type { ErrnoName } from "../base/index.ts";
import { type Message, MessageFlag, NODEID_ANY } from "../message/index.ts";

/** Longest text of the ENOSYS error: flux-core cuts it there. */
const TEXT_MAX = 63;

/** What routing looks at besides the message. */
export interface RoutingView<E> {
  readonly rank: number;
  /** Who provides the service of a topic on this rank. */
  provider(topic: string): E | undefined;
}

/** Where a request goes: a service here, a rank elsewhere, the parent, or back with an error. */
export type Decision<E> =
  | { readonly to: "service"; readonly endpoint: E }
  | { readonly to: "rank"; readonly rank: number }
  | { readonly to: "parent" }
  | { readonly to: "requester"; readonly code: ErrnoName; readonly text: string | undefined };

/**
 * Routes a request: a pure function of the request and the view.
 *
 * A request for this rank goes to its service or fails. One for any rank goes to the service here, else to the parent; so does one for the
 * upstream of another rank. One for the upstream of this rank goes to the parent. Rank 0 has no parent: there the
 * search ends with ENOSYS, and the upstream can't be reached. Source: RFC 3; broker_request_sendmsg in flux-core.
 */
export function decideRequest<E>(message: Message, topic: string, view: RoutingView<E>): Decision<E> {
  const nodeid = message.aux1;
  const upstream = (message.flags & MessageFlag.UPSTREAM) !== 0;
  const { rank } = view;
  if (upstream && nodeid === rank) {
    return rank === 0 ? { to: "requester", code: "EHOSTUNREACH", text: undefined } : { to: "parent" };
  }
  if (!upstream && nodeid !== NODEID_ANY && nodeid !== rank) return { to: "rank", rank: nodeid };
  const endpoint = view.provider(topic);
  if (endpoint !== undefined) return { to: "service", endpoint };
  if (rank !== 0 && nodeid !== rank) return { to: "parent" };
  const text = `No service matching ${topic} is registered`.slice(0, TEXT_MAX);
  return { to: "requester", code: "ENOSYS", text };
}

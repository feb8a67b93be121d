/** Numbers of RFC 3 as flux-core has them (message.h). */

/** Message types: the `type` byte of the header. */
export const MessageType = { REQUEST: 1, RESPONSE: 2, EVENT: 4, CONTROL: 8 } as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Message flags: the `flags` byte of the header. */
export const MessageFlag = {
  /** A topic part is present. */
  TOPIC: 0x01,
  /** A payload part is present. */
  PAYLOAD: 0x02,
  /** A request that is not to be answered. */
  NORESPONSE: 0x04,
  /** A route stack and its delimiter are present. */
  ROUTE: 0x08,
  /** The request is for the parent of the rank in nodeid. */
  UPSTREAM: 0x10,
  /** The event is for the instance owner and its sender only. */
  PRIVATE: 0x20,
  /** The request wants, or the response belongs to, a stream of responses. */
  STREAMING: 0x40,
  /** Free for users. */
  USER1: 0x80,
} as const;

/** Roles of RFC 12, a bit mask. LOCAL is no capability: it marks a message that entered at this rank. */
export const Role = { NONE: 0, OWNER: 1, USER: 2, LOCAL: 4, ADMIN: 8, ALL: 0xffffffff } as const;

/** Any rank: the nearest one that has the service. */
export const NODEID_ANY = 0xffffffff;
/** The parent of this rank. Only in calls; never stands on the wire. */
export const NODEID_UPSTREAM = 0xfffffffe;
/** The matchtag of a request that is not to be matched with a response. */
export const MATCHTAG_NONE = 0;
/**
 * Longest topic, and longest prefix of topics, that a message of a client may bring into an instance, in bytes of UTF-8. What another broker sends
 * is taken as it is.
 */
export const MAX_TOPIC_BYTES = 1024;
/** A user id that the broker is to fill in. */
export const USERID_UNKNOWN = 0xffffffff;

/** Most bytes of route parts in any message; one with more is malformed. */
export const MAX_ROUTE_BYTES = 8 * 1024 * 1024;

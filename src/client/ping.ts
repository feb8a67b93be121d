import type { Response } from "./response.ts";

/** A reply to a ping. */
export interface PingReply {
  /** Hops of the request: route ids cut to 8 characters, joined by `!`. */
  readonly route: string;
  readonly userid: number;
  readonly rolemask: number;
  /** Rank that answered. */
  readonly rank: number;
  /** Round trip in milliseconds. */
  readonly ms: number;
}

/** Pings a service by `call`. Throws FluxError as the call does, EPROTO for a reply that is none. */
export async function pingReply(
  call: (topic: string, payload: object) => Promise<Response>,
  service: string,
  pad = "",
): Promise<PingReply> {
  const start = performance.now();
  const response = await call(`${service}.ping`, { seq: 0, pad });
  const [route, userid, rolemask, rank] = response.unpack(
    "{s:s s:i s:i s:i}",
    "route",
    "userid",
    "rolemask",
    "rank",
  );
  return { route, userid: userid >>> 0, rolemask: rolemask >>> 0, rank, ms: performance.now() - start };
}

import { FluxError } from "../base/index.ts";
import type { Message } from "../message/index.ts";
import { checkFlags, given } from "./arguments.ts";
import {
  FLUX_MSGFLAG_NORESPONSE,
  FLUX_MSGFLAG_PAYLOAD,
  FLUX_MSGFLAG_PRIVATE,
  FLUX_MSGFLAG_ROUTE,
  FLUX_MSGFLAG_STREAMING,
  FLUX_MSGFLAG_TOPIC,
} from "./constants.ts";
import { flux_msg_route_disable, flux_msg_route_enable } from "./msg-route.ts";

const ALL_FLAGS = 0xff;

/** True when any bit of the mask `flag` is set. Source: flux_msg_has_flag(3). */
export function flux_msg_has_flag(msg: Message, flag: number): boolean {
  return ((msg?.flags ?? 0) & flag) !== 0;
}

/**
 * Sets all bits of the mask `flag`.
 * @throws FluxError EINVAL for bits past 8, for NORESPONSE with STREAMING, and for TOPIC or PAYLOAD of a message that has no such part.
 *   Source: flux_msg_set_flag(3).
 */
export function flux_msg_set_flag(msg: Message, flag: number): void {
  checkFlag(msg, flag);
  if ((flag & (FLUX_MSGFLAG_TOPIC | FLUX_MSGFLAG_PAYLOAD) & ~msg.flags) !== 0) {
    throw new FluxError("EINVAL", "message has no such part");
  }
  if ((flag & FLUX_MSGFLAG_ROUTE) !== 0) flux_msg_route_enable(msg);
  msg.flags |= flag;
}

/** Clears all bits of the mask `flag`, and removes the part that TOPIC, PAYLOAD or ROUTE stands for. Source: flux_msg_clear_flag(3). */
export function flux_msg_clear_flag(msg: Message, flag: number): void {
  checkFlag(msg, flag);
  if ((flag & FLUX_MSGFLAG_TOPIC) !== 0) msg.edit({ topic: null });
  if ((flag & FLUX_MSGFLAG_PAYLOAD) !== 0) msg.edit({ payload: null });
  if ((flag & FLUX_MSGFLAG_ROUTE) !== 0) flux_msg_route_disable(msg);
  msg.flags &= ~flag;
}

/** Only the instance owner and the sender shall see the event. Source: flux_msg_set_private(3). */
export function flux_msg_set_private(msg: Message): void {
  flux_msg_set_flag(msg, FLUX_MSGFLAG_PRIVATE);
}

/** True for an event that only the instance owner and the sender see. Source: flux_msg_is_private(3). */
export function flux_msg_is_private(msg: Message): boolean {
  return flux_msg_has_flag(msg, FLUX_MSGFLAG_PRIVATE);
}

/** The request takes a stream of responses, and so some response. Source: flux_msg_set_streaming(3). */
export function flux_msg_set_streaming(msg: Message): void {
  flux_msg_clear_flag(msg, FLUX_MSGFLAG_NORESPONSE);
  flux_msg_set_flag(msg, FLUX_MSGFLAG_STREAMING);
}

/** True for a request that takes a stream of responses, and for those. Source: flux_msg_is_streaming(3). */
export function flux_msg_is_streaming(msg: Message): boolean {
  return flux_msg_has_flag(msg, FLUX_MSGFLAG_STREAMING);
}

/** The request takes no response, and so no stream. Source: flux_msg_set_noresponse(3). */
export function flux_msg_set_noresponse(msg: Message): void {
  flux_msg_clear_flag(msg, FLUX_MSGFLAG_STREAMING);
  flux_msg_set_flag(msg, FLUX_MSGFLAG_NORESPONSE);
}

/** True for a request that takes no response. Source: flux_msg_is_noresponse(3). */
export function flux_msg_is_noresponse(msg: Message): boolean {
  return flux_msg_has_flag(msg, FLUX_MSGFLAG_NORESPONSE);
}

function checkFlag(msg: Message, flag: number): void {
  given(msg, "msg");
  checkFlags(flag, ALL_FLAGS);
  const both = FLUX_MSGFLAG_NORESPONSE | FLUX_MSGFLAG_STREAMING;
  if ((flag & both) === both) throw new FluxError("EINVAL", "a stream has responses");
}

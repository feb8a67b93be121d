import { FluxError } from "../base/index.ts";
import { type Message, routeString } from "../message/index.ts";
import { given, givenText } from "./arguments.ts";

/** Gives the message a route stack, empty for now; nothing when it has one. Source: message.h, flux_msg_has_flag(3). */
export function flux_msg_route_enable(msg: Message): void {
  if (given(msg, "msg").routes === undefined) msg.edit({ routes: [] });
}

/** Takes the route stack away. Source: message.h, flux_msg_has_flag(3). */
export function flux_msg_route_disable(msg: Message): void {
  if (given(msg, "msg").routes !== undefined) msg.edit({ routes: null });
}

/** Empties the route stack, if there is one. Source: message.h. */
export function flux_msg_route_clear(msg: Message): void {
  if (given(msg, "msg").routes !== undefined) msg.edit({ routes: [] });
}

/** Puts `id` on top of the route stack. Throws EPROTO without one, EINVAL for an empty id. Source: message.h. */
export function flux_msg_route_push(msg: Message, id: string): void {
  givenText(id, "id");
  msg.edit({ routes: [id, ...stackOf(msg)] });
}

/** Takes the top of the route stack away, if there is any. Throws EPROTO without a stack. Source: message.h. */
export function flux_msg_route_delete_last(msg: Message): void {
  msg.edit({ routes: stackOf(msg).slice(1) });
}

/** The id that was pushed first, the sender's; NULL without one. Source: message.h. */
export function flux_msg_route_first(msg: Message): string | null {
  return msg?.firstRoute ?? null;
}

/** The id that was pushed last, the next hop of a response; NULL without one. Source: message.h. */
export function flux_msg_route_last(msg: Message): string | null {
  return msg?.routes?.[0] ?? null;
}

/** Number of ids on the route stack. Throws EPROTO without one. Source: message.h. */
export function flux_msg_route_count(msg: Message): number {
  return stackOf(msg).length;
}

/** The route stack for people: first pushed first, joined by `!`, each id cut to 8 characters. Throws EPROTO. Source: message.h. */
export function flux_msg_route_string(msg: Message): string {
  return routeString(stackOf(msg));
}

/** True when both have the same sender, or none. Source: message.h. */
export function flux_msg_route_match_first(msg1: Message, msg2: Message): boolean {
  return flux_msg_route_first(msg1) === flux_msg_route_first(msg2);
}

function stackOf(msg: Message): readonly string[] {
  const { routes } = given(msg, "msg");
  if (routes === undefined) throw new FluxError("EPROTO", "message has no route stack");
  return routes;
}

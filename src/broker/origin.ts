import { type Message, MessageFlag, Role } from "../message/index.ts";
import type { BuiltinService } from "./builtin-service.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { EventService } from "./event-service.ts";

/** Who serves a name on this rank. */
export type Endpoint = ClientConnection | BuiltinService | EventService;

/** Where a request came from: the route parts it gets on its way to a service in the broker, or to the tree, and to a client's service. */
export interface Origin {
  readonly toBroker: Uint8Array;
  readonly toService: Uint8Array;
}

/** What clients may ask before the broker is part of its instance. Source: modhash.c in flux-core. */
export const ALWAYS: ReadonlySet<string> = new Set([
  "state-machine.wait",
  "state-machine.get",
  "attr.get",
  "log.dmesg",
]);

/** Why a request can't be tracked for disconnect: see Disconnects.arm. */
export const NOT_TRACKED = {
  EINVAL: "request can't be tracked for disconnect: its topic is too long, or the client uses too many",
  ENOBUFS: "request can't be tracked for disconnect: its user holds too much at this broker",
};

/** A request as it goes to the tree: what came from there goes on as it is. */
export function sentBy(origin: Origin, request: Message): Message {
  return origin.toBroker.length === 0 ? request : request.withPushed(origin.toBroker);
}

/** True for a cancel: it is small and frees what it cancels, so it goes out whatever is queued. */
export function isCancel(request: Message, topic: string): boolean {
  return (request.flags & MessageFlag.NORESPONSE) !== 0 && topic.endsWith(".cancel");
}

/** True when the queue of a service has room for a request of `bytes`; guests leave a part of it to others. */
export function hasRoom(service: ClientConnection, request: Message, bytes: number): boolean {
  return (request.rolemask & Role.OWNER) === 0 ? service.hasRoomForGuest(bytes) : service.hasRoom(bytes);
}

import { FluxError } from "../base/index.ts";
import {
  type Credential,
  isAuthorized,
  type Message,
  MessageType,
  NODEID_UPSTREAM,
  Role,
} from "../message/index.ts";
import { given } from "./arguments.ts";
import { flux_msg_create } from "./msg.ts";

const { REQUEST, RESPONSE, EVENT, CONTROL } = MessageType;

/** A user id and its roles, a mask of FLUX_ROLE_*. */
export type flux_msg_cred = Credential;

/** The type, a FLUX_MSGTYPE_*. Source: message.h. */
export function flux_msg_get_type(msg: Message): number {
  return given(msg, "msg").type;
}

/** Sets the type, and the fields that go with it to those of a new message; only a response keeps a matchtag. Source: message.h. */
export function flux_msg_set_type(msg: Message, type: number): void {
  const fresh = flux_msg_create(type);
  given(msg, "msg").type = type;
  msg.aux1 = fresh.aux1;
  if (type !== RESPONSE) msg.aux2 = fresh.aux2;
}

/** The name of a type, as in `"request"`. Source: message.h. */
export function flux_msg_typestr(type: number): string {
  const names: [number, string][] = [
    [REQUEST, "request"],
    [RESPONSE, "response"],
    [EVENT, "event"],
    [CONTROL, "control"],
  ];
  return names.find(([bit]) => (type & bit) !== 0)?.[1] ?? "unknown";
}

/** The rank a request is for. Throws EPROTO for another message. Source: message.h. */
export function flux_msg_get_nodeid(msg: Message): number {
  return given(msg, "msg").nodeid;
}

/** Sets the rank a request is for. Throws EINVAL for another message and for FLUX_NODEID_UPSTREAM. Source: message.h. */
export function flux_msg_set_nodeid(msg: Message, nodeid: number): void {
  if (nodeid >>> 0 === NODEID_UPSTREAM) throw new FluxError("EINVAL", "UPSTREAM is for flux_rpc only");
  settable(msg, REQUEST).aux1 = nodeid >>> 0;
}

/** The user id of the sender. Source: message.h. */
export function flux_msg_get_userid(msg: Message): number {
  return given(msg, "msg").userid;
}

/** Sets the user id of the sender. Source: message.h. */
export function flux_msg_set_userid(msg: Message, userid: number): void {
  given(msg, "msg").userid = userid >>> 0;
}

/** The roles of the sender, a mask of FLUX_ROLE_*. Source: message.h. */
export function flux_msg_get_rolemask(msg: Message): number {
  return given(msg, "msg").rolemask;
}

/** Sets the roles of the sender. Source: message.h. */
export function flux_msg_set_rolemask(msg: Message, rolemask: number): void {
  given(msg, "msg").rolemask = rolemask >>> 0;
}

/** User id and roles of the sender. Source: message.h. */
export function flux_msg_get_cred(msg: Message): flux_msg_cred {
  return { userid: flux_msg_get_userid(msg), rolemask: flux_msg_get_rolemask(msg) };
}

/** Sets user id and roles of the sender. Source: message.h. */
export function flux_msg_set_cred(msg: Message, cred: flux_msg_cred): void {
  flux_msg_set_userid(msg, given(cred, "cred").userid);
  flux_msg_set_rolemask(msg, cred.rolemask);
}

/** Throws EPERM unless `cred` is the owner's, or a user's who is `userid`. Source: message.h. */
export function flux_msg_cred_authorize(cred: flux_msg_cred, userid: number): void {
  if (!isAuthorized(given(cred, "cred"), userid >>> 0)) throw new FluxError("EPERM");
}

/** Throws EPERM unless the sender is the owner, or a user who is `userid`. Source: message.h. */
export function flux_msg_authorize(msg: Message, userid: number): void {
  flux_msg_cred_authorize(given(msg, "msg"), userid);
}

/** True when the message entered at the rank that received it. Source: message.h. */
export function flux_msg_is_local(msg: Message): boolean {
  return ((msg?.rolemask ?? 0) & Role.LOCAL) !== 0;
}

/** The error number of a response, 0 for success. Throws EPROTO for another message. Source: message.h. */
export function flux_msg_get_errnum(msg: Message): number {
  return given(msg, "msg").errnum;
}

/** Sets the error number of a response. Throws EINVAL for another message. Source: message.h. */
export function flux_msg_set_errnum(msg: Message, errnum: number): void {
  settable(msg, RESPONSE).aux1 = errnum >>> 0;
}

/** The sequence number of an event, 0 before it has one. Throws EPROTO for another message. Source: message.h. */
export function flux_msg_get_seq(msg: Message): number {
  return given(msg, "msg").seq;
}

/** Sets the sequence number of an event. Throws EINVAL for another message. Source: message.h. */
export function flux_msg_set_seq(msg: Message, seq: number): void {
  settable(msg, EVENT).aux1 = seq >>> 0;
}

/** The tag that matches request and response. Throws EPROTO for another message. Source: message.h. */
export function flux_msg_get_matchtag(msg: Message): number {
  return given(msg, "msg").matchtag;
}

/** Sets the tag of a request or response. Throws EINVAL for another message. Source: message.h. */
export function flux_msg_set_matchtag(msg: Message, matchtag: number): void {
  settable(msg, REQUEST | RESPONSE).aux2 = matchtag >>> 0;
}

/** Type and status of a control message, as `[type, status]`. Throws EPROTO for another message. Source: message.h. */
export function flux_msg_get_control(msg: Message): [type: number, status: number] {
  if (given(msg, "msg").type !== CONTROL) throw new FluxError("EPROTO", "no control message");
  return [msg.aux1, msg.aux2];
}

/** Sets type and status of a control message. Throws EINVAL for another message. Source: message.h. */
export function flux_msg_set_control(msg: Message, type: number, status: number): void {
  settable(msg, CONTROL).aux1 = type >>> 0;
  msg.aux2 = status >>> 0;
}

function settable(msg: Message, typemask: number): Message {
  if ((given(msg, "msg").type & typemask) === 0) {
    throw new FluxError("EINVAL", `a message of type ${flux_msg_typestr(msg.type)} has no such field`);
  }
  return msg;
}

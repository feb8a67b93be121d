import { FluxError } from "../base/index.ts";
import type { Flux } from "../client/index.ts";
import { type Message, Role } from "../message/index.ts";
import { given } from "./arguments.ts";
import { MsgHandler } from "./dispatch-table.ts";
import { inboxOf } from "./inbox.ts";
import { type flux_match, flux_match_init } from "./match.ts";

/** A message handler. */
export type flux_msg_handler_t = MsgHandler;

/**
 * Takes a message that matches. It may be an async function: what it throws is sent as error response to a request that has none yet, and
 * anything but a FluxError is reported as a warning of the process.
 */
export type flux_msg_handler_f<A = unknown> = (
  h: Flux,
  mh: flux_msg_handler_t,
  msg: Message,
  arg: A,
) => void | Promise<void>;

/** A row of the table of flux_msg_handler_addvec. */
export interface flux_msg_handler_spec<A = unknown> {
  readonly typemask: number;
  readonly topic_glob: string | null;
  readonly cb: flux_msg_handler_f<A>;
  /** Roles that may, besides the owner's. */
  readonly rolemask: number;
}

/**
 * Has `cb` called with `arg` for each message that matches, once it is started. Of several that match a request the one for its exact topic
 * is called, else the newest; an event goes to all. Requests that match none get ENOSYS.
 * @throws FluxError EINVAL for NULL, EEXIST for a second handler of one matchtag. Source: flux_msg_handler_create(3).
 */
export function flux_msg_handler_create<A>(
  h: Flux,
  match: flux_match,
  cb: flux_msg_handler_f<A>,
  arg: A,
): flux_msg_handler_t {
  if (typeof cb !== "function") throw new FluxError("EINVAL", "cb is no function");
  const mh = new MsgHandler(given(h, "h"), given(match, "match"), (...message) => cb(...message, arg));
  inboxOf(h).table.add(mh);
  return mh;
}

/** Stops a handler for good. Source: flux_msg_handler_create(3). */
export function flux_msg_handler_destroy(mh: flux_msg_handler_t | null): void {
  if (mh !== null) inboxOf(mh.h).table.delete(mh);
}

/** Starts a handler; what came before and waits is its own too. Source: flux_msg_handler_create(3). */
export function flux_msg_handler_start(mh: flux_msg_handler_t): void {
  const inbox = inboxOf(given(mh, "mh").h);
  inbox.table.setRunning(mh, true);
  inbox.drain();
}

/** Stops a handler until it is started again. Source: flux_msg_handler_create(3). */
export function flux_msg_handler_stop(mh: flux_msg_handler_t | null): void {
  if (mh !== null) inboxOf(mh.h).table.setRunning(mh, false);
}

/** Lets the roles of the mask in, FLUX_ROLE_ALL everyone; a new handler takes the owner's messages only. Source: flux_msg_handler_allow_rolemask(3). */
export function flux_msg_handler_allow_rolemask(mh: flux_msg_handler_t, rolemask: number): void {
  mh.rolemask = (mh.rolemask | rolemask) >>> 0;
}

/** Keeps the roles of the mask out; the owner always may. Source: flux_msg_handler_allow_rolemask(3). */
export function flux_msg_handler_deny_rolemask(mh: flux_msg_handler_t, rolemask: number): void {
  mh.rolemask = ((mh.rolemask & ~rolemask) | Role.OWNER) >>> 0;
}

/** Creates and starts a handler for each row of a table; none stays when one can't be made. Source: flux_msg_handler_addvec(3). */
export function flux_msg_handler_addvec<A>(
  h: Flux,
  tab: readonly flux_msg_handler_spec<A>[],
  arg: A,
): flux_msg_handler_t[] {
  const handlers: flux_msg_handler_t[] = [];
  try {
    for (const { typemask, topic_glob, cb, rolemask } of given(tab, "tab")) {
      const mh = flux_msg_handler_create(h, flux_match_init(typemask, 0, topic_glob), cb, arg);
      handlers.push(mh);
      flux_msg_handler_allow_rolemask(mh, rolemask);
      flux_msg_handler_start(mh);
    }
  } catch (error) {
    flux_msg_handler_delvec(handlers);
    throw error;
  }
  return handlers;
}

/** Stops the handlers of flux_msg_handler_addvec for good. Source: flux_msg_handler_addvec(3). */
export function flux_msg_handler_delvec(handlers: readonly flux_msg_handler_t[]): void {
  for (const mh of handlers) flux_msg_handler_destroy(mh);
}

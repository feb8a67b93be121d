import { FluxError } from "../base/index.ts";
import type { Flux } from "../client/index.ts";
import { connect } from "../connect/index.ts";
import { describeMessage, type Message } from "../message/index.ts";
import { writeStderr } from "../system/index.ts";
import { checkFlags, given } from "./arguments.ts";
import {
  FLUX_O_MATCHDEBUG,
  FLUX_O_NONBLOCK,
  FLUX_O_RPCTRACK,
  FLUX_O_TEST_NOSUB,
  FLUX_O_TRACE,
  FLUX_RQ_HEAD,
  FLUX_RQ_TAIL,
} from "./constants.ts";
import { inboxOf } from "./inbox.ts";
import type { flux_match } from "./match.ts";
import { matcherOf } from "./matcher.ts";

/** A handle: that of the idiomatic API, so that both go together. */
export type flux_t = Flux;

const SETTABLE = FLUX_O_TRACE | FLUX_O_NONBLOCK | FLUX_O_MATCHDEBUG | FLUX_O_TEST_NOSUB;
const OPENING = SETTABLE | FLUX_O_RPCTRACK;

/** The FLUX_O_* flags of handles that have any. */
const flagsOf = new WeakMap<Flux, number>();

/**
 * Connects to the broker at `uri`; NULL for FLUX_URI or the instance of the system.
 * @param flags - FLUX_O_TRACE, FLUX_O_NONBLOCK, FLUX_O_TEST_NOSUB; FLUX_O_MATCHDEBUG and FLUX_O_RPCTRACK are taken and change nothing.
 * @throws FluxError EINVAL for other flags and a malformed URI, ENOENT, ECONNREFUSED, EPERM. Source: flux_open(3).
 */
export async function flux_open(uri: string | null, flags: number): Promise<flux_t> {
  checkFlags(flags, OPENING);
  const handles: Flux[] = [];
  const h = await connect(uri ?? undefined, {
    trace: (direction, message) => {
      if (handles.some((handle) => (flux_flags_get(handle) & FLUX_O_TRACE) !== 0)) trace(direction, message);
    },
  });
  handles.push(h);
  flagsOf.set(h, process.env["FLUX_HANDLE_TRACE"] === undefined ? flags : flags | FLUX_O_TRACE);
  return h;
}

/** Sends what is queued and closes the connection; NULL is fine. Source: flux_open(3). */
export async function flux_close(h: flux_t | null): Promise<void> {
  await h?.close();
}

/** The flags of the handle. Source: flux_flags_set(3). */
export function flux_flags_get(h: flux_t): number {
  return flagsOf.get(h) ?? 0;
}

/** Adds flags; FLUX_O_RPCTRACK is not one of them, and FLUX_O_TRACE needs a handle of flux_open. Source: flux_flags_set(3). */
export function flux_flags_set(h: flux_t, flags: number): void {
  flagsOf.set(h, flux_flags_get(h) | (flags & SETTABLE));
}

/** Takes flags away. Source: flux_flags_set(3). */
export function flux_flags_unset(h: flux_t, flags: number): void {
  flagsOf.set(h, flux_flags_get(h) & ~flags);
}

/**
 * Sends a message as it is.
 * @param flags - FLUX_O_NONBLOCK, FLUX_O_TRACE.
 * @throws FluxError ENOSYS when the handle has no send operation; EINVAL for NULL and other flags; EAGAIN with FLUX_O_NONBLOCK while more is
 *   queued than the system takes; ECONNRESET when the connection is gone. Source: flux_send(3).
 */
export function flux_send(h: flux_t, msg: Message, flags: number): void {
  const all = bothFlags(h, flags);
  given(msg, "msg");
  if ((all & FLUX_O_NONBLOCK) !== 0 && h.writable() !== undefined) throw new FluxError("EAGAIN");
  if ((flags & FLUX_O_TRACE & ~flux_flags_get(h)) !== 0) trace("tx", msg);
  h.send(msg);
}

/** As flux_send; `msg` is not to be used any more. Source: flux_send(3). */
export function flux_send_new(h: flux_t, msg: Message, flags: number): void {
  flux_send(h, msg, flags);
}

/**
 * The next message that matches, of those that are no response to an RPC of this handle; the others stay.
 * @param flags - FLUX_O_NONBLOCK, FLUX_O_TRACE.
 * @throws FluxError EINVAL for NULL and other flags; EAGAIN with FLUX_O_NONBLOCK when there is none; ENOBUFS, once, when messages were lost
 *   since too many waited; ECONNRESET when the connection is gone. Source: flux_recv(3).
 */
export async function flux_recv(h: flux_t, match: flux_match, flags: number): Promise<Message> {
  const all = bothFlags(h, flags);
  const matches = matcherOf(given(match, "match"));
  const inbox = inboxOf(h);
  const kept = inbox.take(matches);
  if (kept === undefined && (all & FLUX_O_NONBLOCK) !== 0) throw new FluxError("EAGAIN");
  const msg = kept ?? (await inbox.wait(matches));
  if ((flags & FLUX_O_TRACE & ~flux_flags_get(h)) !== 0) trace("rx", msg);
  return msg;
}

/** Puts a message back, for flux_recv and message handlers to find it. `flags` is FLUX_RQ_HEAD or FLUX_RQ_TAIL. Source: flux_requeue(3). */
export function flux_requeue(h: flux_t, msg: Message, flags: number): void {
  if (flags !== FLUX_RQ_HEAD && flags !== FLUX_RQ_TAIL) {
    throw new FluxError("EINVAL", "flags are FLUX_RQ_HEAD or FLUX_RQ_TAIL");
  }
  inboxOf(given(h, "h")).requeue(given(msg, "msg"), flags === FLUX_RQ_HEAD);
}

/** The flags of a call and of its handle. */
function bothFlags(h: flux_t, flags: number): number {
  given(h, "h");
  checkFlags(flags, FLUX_O_NONBLOCK | FLUX_O_TRACE);
  return flags | flux_flags_get(h);
}

function trace(direction: "tx" | "rx", message: Message): void {
  writeStderr(`--------------------------------------\n${describeMessage(message, direction)}\n`);
}

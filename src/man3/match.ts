import type { Message } from "../message/index.ts";
import { given } from "./arguments.ts";
import {
  FLUX_MATCHTAG_NONE,
  FLUX_MSGTYPE_ANY,
  FLUX_MSGTYPE_EVENT,
  FLUX_MSGTYPE_REQUEST,
  FLUX_MSGTYPE_RESPONSE,
} from "./constants.ts";
import { matcherOf } from "./matcher.ts";

/** Which messages: all three must fit. Source: flux_msg_cmp(3). */
export interface flux_match {
  /** Types, a mask of FLUX_MSGTYPE_*; 0 for any. */
  readonly typemask: number;
  /** Tag of a request or response; FLUX_MATCHTAG_NONE for any. */
  readonly matchtag: number;
  /** Glob of topics as fnmatch(3) has them; NULL or "" for any. */
  readonly topic_glob: string | null;
}

/** A match from its three parts. Source: flux_recv(3). */
export function flux_match_init(typemask: number, matchtag: number, topic_glob: string | null): flux_match {
  return { typemask, matchtag, topic_glob };
}

export const FLUX_MATCH_ANY = flux_match_init(FLUX_MSGTYPE_ANY, FLUX_MATCHTAG_NONE, null);
export const FLUX_MATCH_EVENT = flux_match_init(FLUX_MSGTYPE_EVENT, FLUX_MATCHTAG_NONE, null);
export const FLUX_MATCH_REQUEST = flux_match_init(FLUX_MSGTYPE_REQUEST, FLUX_MATCHTAG_NONE, null);
export const FLUX_MATCH_RESPONSE = flux_match_init(FLUX_MSGTYPE_RESPONSE, FLUX_MATCHTAG_NONE, null);

/** True when `msg` fits `match`. Source: flux_msg_cmp(3). */
export function flux_msg_cmp(msg: Message, match: flux_match): boolean {
  return matcherOf(match)(given(msg, "msg"));
}

import { errno, FluxError } from "../base/index.ts";
import type { Flux } from "../client/index.ts";
import { type CheckPackFormat, type PackArgs, packText } from "../json/index.ts";
import type { Message } from "../message/index.ts";
import { isAnswered, sendResponse } from "./answered.ts";
import { given, rawPayload, stringPayload } from "./arguments.ts";
import { flux_msg_is_noresponse } from "./msg-flag.ts";

/**
 * Answers a request with the string `s`, or without payload. One that wants no response is not answered, and `s` not looked at.
 * @throws FluxError EINVAL for NULL, a string with a NUL, and a request that has its last response: the only one, or the error behind
 *   those of a stream; ENOSYS when the handle has no send operation; EPROTO for a message that is no request; ENOMEM.
 *   Source: flux_respond(3).
 */
export function flux_respond(h: Flux, request: Message, s: string | null): void {
  respond(h, request, 0, () => stringPayload(s));
}

/** As flux_respond with a json_pack(3) object. Throws also EINVAL for a format that is wrong or makes no object. Source: flux_respond(3). */
export function flux_respond_pack<const F extends string>(
  h: Flux,
  request: Message,
  fmt: CheckPackFormat<F>,
  ...args: PackArgs<F>
): void {
  const format = given(fmt as string, "fmt");
  respond(h, request, 0, () => stringPayload(packText(format, ...(args as unknown[]))));
}

/** As flux_respond with bytes; NULL or no bytes is an answer without payload. Source: flux_respond(3). */
export function flux_respond_raw(h: Flux, request: Message, data: Uint8Array | null): void {
  respond(h, request, 0, () => rawPayload(data));
}

/**
 * Answers with an error, which ends a stream: ENODATA for one that went well. `errnum` 0, which would be success, is sent as EINVAL.
 * `errmsg` is for people. Source: flux_respond(3).
 */
export function flux_respond_error(
  h: Flux,
  request: Message,
  errnum: number,
  errmsg: string | null = null,
): void {
  respond(h, request, errnum === 0 ? errno.EINVAL : errnum, () => stringPayload(errmsg));
}

function respond(h: Flux, request: Message, errnum: number, encode: () => Uint8Array | undefined): void {
  given(h, "h");
  if (flux_msg_is_noresponse(given(request, "request"))) return;
  if (isAnswered(request)) throw new FluxError("EINVAL", "request has its last response");
  sendResponse(h, request, request.deriveResponse(errnum, encode()));
}

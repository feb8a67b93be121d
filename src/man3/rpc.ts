import type { Flux } from "../client/index.ts";
import {
  type CheckPackFormat,
  type CheckUnpackFormat,
  type PackArgs,
  packText,
  type Unpacked,
  type UnpackKeys,
} from "../json/index.ts";
import { type Message, NODEID_UPSTREAM } from "../message/index.ts";
import { checkFlags, given } from "./arguments.ts";
import {
  FLUX_MATCHTAG_NONE,
  FLUX_MSGFLAG_NORESPONSE,
  FLUX_MSGFLAG_STREAMING,
  FLUX_MSGFLAG_UPSTREAM,
  FLUX_RPC_NORESPONSE,
  FLUX_RPC_STREAMING,
} from "./constants.ts";
import { flux_future_get, type flux_future_t } from "./future.ts";
import { flux_msg_copy } from "./msg.ts";
import { flux_msg_unpack } from "./msg-payload.ts";
import { flux_request_encode, flux_request_encode_raw } from "./request.ts";
import { flux_response_decode, flux_response_decode_raw } from "./response.ts";
import { Future } from "./rpc-future.ts";

/**
 * Sends a request with the string `s`, or none, to `nodeid`.
 * @param flags - 0, FLUX_RPC_NORESPONSE or FLUX_RPC_STREAMING.
 * @returns a future of the response: see flux_rpc_get.
 * @throws FluxError EINVAL for other flags and NULL, ENOSYS when the handle has no send operation, ECONNRESET when its connection is gone,
 *   ENOMEM. Source: flux_rpc(3).
 */
export function flux_rpc(
  h: Flux,
  topic: string,
  s: string | null,
  nodeid: number,
  flags: number,
): flux_future_t {
  return send(h, () => flux_request_encode(topic, s), nodeid, flags);
}

/** As flux_rpc with a json_pack(3) object. Throws also EINVAL for a format that is wrong or makes no object. Source: flux_rpc(3). */
export function flux_rpc_pack<const F extends string>(
  h: Flux,
  topic: string,
  nodeid: number,
  flags: number,
  fmt: CheckPackFormat<F>,
  ...args: PackArgs<F>
): flux_future_t {
  return send(
    h,
    () => flux_request_encode(topic, packText(given(fmt as string, "fmt"), ...(args as unknown[]))),
    nodeid,
    flags,
  );
}

/** As flux_rpc with bytes, or none. Source: flux_rpc(3). */
export function flux_rpc_raw(
  h: Flux,
  topic: string,
  data: Uint8Array | null,
  nodeid: number,
  flags: number,
): flux_future_t {
  return send(h, () => flux_request_encode_raw(topic, data), nodeid, flags);
}

/** As flux_rpc with a copy of the request `msg`, whose address and tag are set. Source: flux_rpc(3). */
export function flux_rpc_message(h: Flux, msg: Message, nodeid: number, flags: number): flux_future_t {
  return send(h, () => flux_msg_copy(msg, true), nodeid, flags);
}

/**
 * The string of the response, NULL when it has none; waits for it. Of a stream, that of the current response: flux_future_reset goes on.
 * @throws FluxError as flux_future_get; EPROTO when the payload is no string. Source: flux_rpc(3).
 */
export async function flux_rpc_get(f: flux_future_t): Promise<string | null> {
  return flux_response_decode((await flux_future_get(f))!)[1];
}

/** As flux_rpc_get, read by a json_unpack(3) format; EPROTO when the response does not fit. Source: flux_rpc(3). */
export async function flux_rpc_get_unpack<const F extends string>(
  f: flux_future_t,
  fmt: CheckUnpackFormat<F>,
  ...keys: UnpackKeys<F>
): Promise<Unpacked<F>> {
  const response = (await flux_future_get(f))!;
  return flux_msg_unpack(response, fmt as string, ...(keys as string[])) as Unpacked<F>;
}

/** The bytes of the response, NULL when it has none. Source: flux_rpc(3). */
export async function flux_rpc_get_raw(f: flux_future_t): Promise<Uint8Array | null> {
  return flux_response_decode_raw((await flux_future_get(f))!)[1];
}

/** The tag of the request; FLUX_MATCHTAG_NONE when no response is expected. Source: flux_rpc(3). */
export function flux_rpc_get_matchtag(f: flux_future_t): number {
  return f?.matchtag ?? FLUX_MATCHTAG_NONE;
}

/** The rank the request was meant for, also FLUX_NODEID_ANY and FLUX_NODEID_UPSTREAM. Source: flux_rpc(3). */
export function flux_rpc_get_nodeid(f: flux_future_t): number {
  return given(f, "f").nodeid;
}

function send(h: Flux, encode: () => Message, nodeid: number, flags: number): flux_future_t {
  checkFlags(flags, FLUX_RPC_NORESPONSE | FLUX_RPC_STREAMING);
  given(h, "h");
  const request = encode();
  const streaming = (flags & FLUX_RPC_STREAMING) !== 0;
  const future = new Future(request.topic ?? "", nodeid >>> 0, streaming);
  if (streaming) request.flags |= FLUX_MSGFLAG_STREAMING;
  if ((flags & FLUX_RPC_NORESPONSE) !== 0) request.flags |= FLUX_MSGFLAG_NORESPONSE;
  if (future.nodeid !== NODEID_UPSTREAM) sendTo(h, request, future.nodeid, future);
  else {
    request.flags |= FLUX_MSGFLAG_UPSTREAM;
    h.rank()
      .then((rank) => future.ended || sendTo(h, request, rank, future))
      .catch((error: unknown) => future.refused(error));
  }
  return future;
}

function sendTo(h: Flux, request: Message, nodeid: number, future: Future): void {
  request.aux1 = nodeid;
  if ((request.flags & FLUX_MSGFLAG_NORESPONSE) === 0) future.sent(h.exchange(request, future));
  else {
    request.aux2 = FLUX_MATCHTAG_NONE;
    h.send(request);
    future.fulfill(null);
  }
}

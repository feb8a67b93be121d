import { decodeUtf8Strict, encodeCString, FluxError } from "../base/index.ts";

/** A payload of text: its UTF-8 bytes and the NUL that RFC 3 wants behind them. */
export function textPayload(text: string): Uint8Array {
  return encodeCString(text);
}

/**
 * The text of a payload, `bytes[start, end)`, up to its first NUL.
 * @throws FluxError EPROTO when its last byte is not NUL, or it is not UTF-8.
 */
export function payloadText(bytes: Uint8Array, start: number, end: number): string {
  if (start === end || bytes[end - 1] !== 0) {
    throw new FluxError("EPROTO", "payload is not a NUL-terminated string");
  }
  const text = decodeUtf8Strict(bytes, start, end - 1);
  const nul = text?.indexOf("\0") ?? -1;
  if (text !== undefined && nul < 0) return text;
  const first = decodeUtf8Strict(bytes, start, bytes.indexOf(0, start));
  if (first === undefined) throw new FluxError("EPROTO", "payload is not valid UTF-8");
  return first;
}

/** Throws EINVAL when `bytes` has no part `[start, end)`. */
export function checkPart({ length }: Uint8Array, start: number, end: number): void {
  if (!(start >= 0 && start <= end && end <= length))
    throw new FluxError("EINVAL", `[${start}, ${end}) is no part of ${length} bytes`);
}

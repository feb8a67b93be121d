import { decodeBase64, decodeUtf8Strict, encodeBase64, encodeUtf8, FluxError } from "../base/index.ts";
import { type JsonObject, type JsonValue, unpack } from "../json/index.ts";

/** Data of a stream, its end, or both. Source: RFC 24. */
export interface StreamData {
  /** `stdin`, `stdout`, `stderr` or the name of a channel. */
  readonly stream: string;
  /** Where it comes from: a rank, or a set of ranks. */
  readonly rank: string;
  /** At least one byte; undefined for none. */
  readonly data?: Uint8Array | undefined;
  /** True when no more comes. */
  readonly eof: boolean;
}

/** The RFC 24 object of some data: text as it is, bytes that are not UTF-8 in base64. */
export function encodeIo({ stream, rank, data, eof }: StreamData): JsonObject {
  const end = eof ? { eof } : {};
  if (data === undefined) return { stream, rank, ...end };
  const text = decodeUtf8Strict(data);
  if (text === undefined) return { stream, rank, encoding: "base64", data: encodeBase64(data), ...end };
  return { stream, rank, data: text, ...end };
}

/** Reads an RFC 24 object. Throws EPROTO for what is none. */
export function decodeIo(value: JsonValue): StreamData {
  const [stream, rank, encoding, text, end] = unpack(
    value,
    "{s:s s:s s?s s?o s?o}",
    "stream",
    "rank",
    "encoding",
    "data",
    "eof",
  );
  const eof = end === true;
  if (typeof text !== "string") {
    if (typeof end !== "boolean") throw new FluxError("EPROTO", "neither data nor end of a stream");
    return { stream, rank, eof };
  }
  const data = encoding === "base64" ? decodeBase64(text) : encodeUtf8(text);
  if (data === undefined) throw new FluxError("EPROTO", "data is no base64");
  return data.length === 0 ? { stream, rank, eof } : { stream, rank, data, eof };
}

import { EMPTY, FluxError } from "../base/index.ts";
import { type JsonValue, type ParseOptions, parseJson, stringifyJson } from "../json/index.ts";
import { type Message, textPayload } from "../message/index.ts";

/**
 * What a call sends: an object as JSON text, a string as it is (both with the NUL of RFC 3), bytes as they are, undefined as no payload.
 */
export type Payload = object | string | Uint8Array | undefined;

/** The bytes of a payload. Throws EINVAL for what JSON can't hold. */
export function encodePayload(payload: Payload): Uint8Array {
  if (payload === undefined) return EMPTY;
  if (typeof payload === "string") return textPayload(payload);
  if (payload instanceof Uint8Array) return payload;
  return textPayload(stringifyJson(payload as JsonValue));
}

/** The payload of a cancel request. The tag is packed as a C int, as flux-core does. */
export function cancelPayload(matchtag: number): Uint8Array {
  return textPayload(`{"matchtag":${matchtag | 0}}`);
}

/** The JSON value of a payload; undefined without one. Throws EPROTO, with the message's topic, when it is none. */
export function jsonOf(message: Message, options?: ParseOptions): JsonValue | undefined {
  try {
    const text = message.text;
    return text === undefined ? undefined : parseJson(text, options);
  } catch (error) {
    throw withTopic(error, message);
  }
}

/** An error in a payload, as one that tells the topic of its message. */
export function withTopic(error: unknown, { topic }: Message): unknown {
  if (!FluxError.is(error) || error.topic !== undefined) return error;
  return new FluxError(error.errno, error.text, { topic, cause: error });
}

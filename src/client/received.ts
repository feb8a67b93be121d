import { FluxError } from "../base/index.ts";
import {
  type CheckUnpackFormat,
  type JsonValue,
  type ParseOptions,
  type Unpacked,
  type UnpackKeys,
  unpackText,
} from "../json/index.ts";
import type { Message } from "../message/index.ts";
import { jsonOf, withTopic } from "./payload.ts";

/** What a request, a response and an event have in common for the program that received it. */
export abstract class Received {
  /** The message as it came, for the `fluxbus/message` functions. */
  readonly message: Message;
  /** What `unpack` threw last: a fault of who sent the payload. */
  malformed: unknown;

  constructor(message: Message) {
    this.message = message;
  }

  /** Its topic; the empty text when it has none. */
  get topic(): string {
    return this.message.topic ?? "";
  }

  /** User id of the sender, as the broker stamped it. */
  get userid(): number {
    return this.message.userid;
  }

  /** Roles of the sender, a mask of `Role` bits. */
  get rolemask(): number {
    return this.message.rolemask;
  }

  /** The payload's bytes as they came, not to be changed; undefined without a payload. */
  get payload(): Uint8Array | undefined {
    return this.message.payload;
  }

  /** The payload as text, without its NUL; undefined without a payload. Throws EPROTO when it is no NUL-terminated UTF-8. */
  get text(): string | undefined {
    return this.message.text;
  }

  /**
   * The payload as a JSON value; undefined without a payload. Integers that a number can't hold come as bigint.
   * @throws FluxError EPROTO when the payload is no string or the string no JSON, EMSGSIZE for a request over the limits of its service.
   */
  json<T = JsonValue | undefined>(options?: ParseOptions): T {
    this.checkJson();
    return jsonOf(this.message, options) as T;
  }

  /**
   * Reads the payload by a json_unpack(3) format: the keys in the order of the format go in, the values in the order of the format
   * come out. The compiler checks keys and result against the format.
   * @throws FluxError EPROTO when the payload does not fit; EINVAL for an empty format; EMSGSIZE for a request over the limits of its service.
   *   Source: flux_msg_unpack(3).
   */
  unpack<const F extends string>(fmt: CheckUnpackFormat<F>, ...keys: UnpackKeys<F>): Unpacked<F> {
    this.checkJson();
    try {
      const text = this.message.text;
      if (text === undefined) throw new FluxError("EPROTO", "message does not have a string payload");
      if (text[0] === "[") throw new FluxError("EPROTO", "payload is not a JSON object");
      return unpackText(text, fmt as string, ...(keys as string[])) as Unpacked<F>;
    } catch (error) {
      this.malformed = withTopic(error, this.message);
      throw this.malformed;
    }
  }

  /** Throws when the payload is too large to be parsed. Source of the limits: who receives it. */
  protected checkJson(): void {}
}

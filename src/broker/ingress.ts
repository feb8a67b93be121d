import { FluxError, utf8Length } from "../base/index.ts";
import {
  type Credential,
  MAX_FRAME_BYTES,
  MAX_ROUTE_BYTES,
  MAX_TOPIC_BYTES,
  type Message,
  MessageFlag,
  MessageType,
  type Oversize,
  oversizeError,
  PREAMBLE_BYTES,
  partContent,
  partLength,
  Role,
  TOPIC_MAX,
} from "../message/index.ts";
import { checkLimit } from "./check-limit.ts";

/** What a broker takes of its own clients and modules. What comes from another broker is not limited so. */
export interface IngressLimits {
  /**
   * Largest frame taken and sent, in bytes without the preamble of 8. From 1,024 on, default 128 MiB. A
   * request or response over it fails alone with EMSGSIZE, an event is dropped.
   */
  readonly maxFrameBytes: number;
  /**
   * Longest topic of a message, of an event that event.publish asks for, and longest prefix of a
   * subscription or replay, in bytes. From 255 to 65,535, default 1,024.
   */
  readonly maxTopicBytes: number;
  /** Most routes on the stack of a message of the owner, and of any response. From 16 on, default 256. */
  readonly maxRoutes: number;
  /** Most bytes that those routes take, with their lengths. From 1,024 to 8 MiB, default 16 KiB. */
  readonly maxRouteBytes: number;
  /** As `maxRoutes`, for a request or event of a guest; default 64. */
  readonly guestMaxRoutes: number;
  /** As `maxRouteBytes`, for a request or event of a guest; default 4 KiB. */
  readonly guestMaxRouteBytes: number;
}

export type IngressOptions = { readonly [K in keyof IngressLimits]?: IngressLimits[K] | undefined };

/** The defaults. */
export const INGRESS_LIMITS: IngressLimits = {
  maxFrameBytes: MAX_FRAME_BYTES,
  maxTopicBytes: MAX_TOPIC_BYTES,
  maxRoutes: 256,
  maxRouteBytes: 16 * 1024,
  guestMaxRoutes: 64,
  guestMaxRouteBytes: 4 * 1024,
};

const RANGES: Readonly<Record<keyof IngressLimits, readonly [least: number, most: number]>> = {
  maxFrameBytes: [1024, 0xffff_ffff],
  maxTopicBytes: [TOPIC_MAX, 65_535],
  maxRoutes: [16, Number.MAX_SAFE_INTEGER],
  maxRouteBytes: [1024, MAX_ROUTE_BYTES],
  guestMaxRoutes: [16, Number.MAX_SAFE_INTEGER],
  guestMaxRouteBytes: [1024, MAX_ROUTE_BYTES],
};

interface StackLimits {
  readonly routes: number;
  readonly bytes: number;
  /** A head of so many bytes keeps all limits, whatever is in it. */
  readonly free: number;
}

/** Decides which messages may pass: pure functions of message, credential and limits. */
export class Ingress {
  /** Largest frame, in bytes without its preamble. */
  readonly maxFrameBytes: number;
  /** Longest topic or prefix, in bytes. */
  readonly maxTopicBytes: number;
  readonly #owner: StackLimits;
  readonly #guest: StackLimits;

  /** @throws FluxError EINVAL for a limit out of its range. */
  constructor(options: IngressOptions = {}) {
    const limit = (name: keyof IngressLimits): number => {
      const [least, most] = RANGES[name];
      return checkLimit(name, options[name] ?? INGRESS_LIMITS[name], least, most);
    };
    this.maxFrameBytes = limit("maxFrameBytes");
    this.maxTopicBytes = limit("maxTopicBytes");
    const stack = (routes: number, bytes: number): StackLimits => ({
      routes,
      bytes,
      // A route takes two bytes at least.
      free: Math.min(this.maxTopicBytes, bytes, 2 * routes),
    });
    this.#owner = stack(limit("maxRoutes"), limit("maxRouteBytes"));
    this.#guest = stack(limit("guestMaxRoutes"), limit("guestMaxRouteBytes"));
  }

  /**
   * Why a message of a client may not enter; undefined when it may. The routes of a response are those of
   * a request that this broker let through, so that a guest's may be as many as anybody's.
   *
   * @param size - of a message that came without its payload, for it is over the limit.
   */
  check(message: Message, { rolemask }: Credential, size?: Oversize): FluxError | undefined {
    if (size !== undefined) return oversizeError(message, size);
    const isFree = (rolemask & Role.OWNER) !== 0 || message.type === MessageType.RESPONSE;
    const limits = isFree ? this.#owner : this.#guest;
    return message.headEnd - message.headStart <= limits.free ? undefined : this.#examine(message, limits);
  }

  /** Why a message may not go out with `extraHead` bytes put before its head; undefined when it may. */
  checkSize(message: Message, extraHead = 0): FluxError | undefined {
    const bytes = message.frameBytes(extraHead) - PREAMBLE_BYTES;
    if (bytes <= this.maxFrameBytes) return undefined;
    return oversizeError(message, { bytes, limit: this.maxFrameBytes });
  }

  /** Throws EINVAL for a topic or prefix, called `what`, that is over the limit. */
  checkText(text: string, what: string): void {
    if (text.length * 3 <= this.maxTopicBytes) return;
    const bytes = utf8Length(text);
    if (bytes > this.maxTopicBytes) throw this.#tooLong(what, bytes);
  }

  #examine(message: Message, limits: StackLimits): FluxError | undefined {
    const { head, headStart, headEnd, topicPart, flags } = message;
    const topicBytes = headEnd - partContent(head, topicPart);
    if (topicBytes > this.maxTopicBytes) return this.#tooLong("topic", topicBytes);
    if ((flags & MessageFlag.ROUTE) === 0) return undefined;
    const bytes = topicPart - headStart;
    if (bytes > limits.bytes)
      return new FluxError("EMSGSIZE", `routes of ${bytes} bytes are over the limit of ${limits.bytes}`);
    if (bytes > 2 * limits.routes && countRoutes(head, headStart) > limits.routes)
      return new FluxError("EMSGSIZE", `message has more routes than the limit of ${limits.routes}`);
    return undefined;
  }

  #tooLong(what: string, bytes: number): FluxError {
    return new FluxError("EINVAL", `${what} of ${bytes} bytes is over the limit of ${this.maxTopicBytes}`);
  }
}

function countRoutes(head: Uint8Array, start: number): number {
  let count = 0;
  for (let at = start; ; count++) {
    const content = partContent(head, at);
    const length = partLength(head, at, content);
    if (length === 0) return count;
    at = content + length;
  }
}

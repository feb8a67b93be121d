import { FluxError } from "../base/index.ts";
import { hasMoreValues } from "../json/index.ts";
import { type Message, Role } from "../message/index.ts";

/**
 * How large the JSON of a request may be that a service parses. Beyond it the request is refused with EMSGSIZE before anything is made of
 * it. What is not parsed, and what is only forwarded, has no such limit. Values are objects, arrays, scalars and keys. Each limit is a whole
 * number from 1 to 4,294,967,295.
 */
export interface JsonLimits {
  /** Bytes of a request with the role OWNER; default 33,554,432 (32 MiB). */
  readonly jsonBytes?: number | undefined;
  /** Values of a request with the role OWNER; default 2,097,152. */
  readonly jsonValues?: number | undefined;
  /** Bytes of a request of anybody else; default 5,242,880 (5 MiB). */
  readonly guestJsonBytes?: number | undefined;
  /** Values of a request of anybody else; default 65,536. */
  readonly guestJsonValues?: number | undefined;
}

/** Bytes and values of one JSON text. */
export interface JsonSize {
  readonly bytes: number;
  readonly values: number;
}

/** The limits of a service, for either kind of sender. */
export interface RequestLimits {
  readonly owner: JsonSize;
  readonly guest: JsonSize;
}

/** What holds where no limits are given. */
export const JSON_LIMITS: Readonly<Record<keyof JsonLimits, number>> = Object.freeze({
  jsonBytes: 32 * 1024 * 1024,
  jsonValues: 2_097_152,
  guestJsonBytes: 5 * 1024 * 1024,
  guestJsonValues: 65_536,
});

const DEFAULTS = limitsOf(JSON_LIMITS);

/**
 * The limits with their defaults.
 * @throws FluxError EINVAL for one that is no whole number from 1 to 4,294,967,295.
 */
export function requestLimits(options: JsonLimits | undefined): RequestLimits {
  if (options === undefined) return DEFAULTS;
  const all = { ...JSON_LIMITS };
  for (const name of Object.keys(JSON_LIMITS) as (keyof JsonLimits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (!Number.isInteger(value) || value < 1 || value > 0xffffffff)
      throw new FluxError("EINVAL", `limits.${name} is ${value}: it is a whole number from 1 to 4294967295`);
    all[name] = value;
  }
  return limitsOf(all);
}

function limitsOf(limits: Readonly<Record<keyof JsonLimits, number>>): RequestLimits {
  return {
    owner: { bytes: limits.jsonBytes, values: limits.jsonValues },
    guest: { bytes: limits.guestJsonBytes, values: limits.guestJsonValues },
  };
}

/** Throws EMSGSIZE when the payload of a message, which is to be parsed as JSON, is over the limits for its sender. */
export function checkJson(message: Message, limits: RequestLimits): void {
  checkJsonSize(message, (message.rolemask & Role.OWNER) !== 0 ? limits.owner : limits.guest);
}

/** As `checkJson`, with the same limit for every sender. */
export function checkJsonSize({ body, bodyStart, bodyEnd }: Message, limit: JsonSize): void {
  // The NUL behind the text is none of it.
  const size = bodyEnd - bodyStart - 1;
  if (size > limit.bytes)
    throw new FluxError("EMSGSIZE", `JSON of ${size} bytes is over the limit of ${limit.bytes} bytes`);
  if (hasMoreValues(body, bodyStart, bodyEnd, limit.values))
    throw new FluxError("EMSGSIZE", `JSON of ${size} bytes is over the limit of ${limit.values} values`);
}

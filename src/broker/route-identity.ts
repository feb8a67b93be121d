import { randomUUID } from "node:crypto";
import { encodePushed } from "../message/index.ts";

const UUID_CHARS = 36;
/** Bytes of a route part that holds a uuid. */
export const ROUTE_PART_BYTES = UUID_CHARS + 1;
/** Bytes of the route stack of a client's request for another client's service: three uuids. */
export const STACK_BYTES = 3 * ROUTE_PART_BYTES;
/** Of a client's part so many bytes are compared, and of the broker's own so many: two uuids can't be alike so far by chance. */
const CLIENT_BYTES = 14;
const OWN_BYTES = 9;

/**
 * The two ids this broker puts on route stacks besides a client's own: its local connector's and its own, as flux-core does, whose
 * connector is a module. A request for a service in the broker carries connector and client, one for a client's service all three. A module's request has no
 * connector among them.
 */
export class RouteIdentity {
  readonly brokerUuid: string = randomUUID();
  readonly connectorUuid: string = randomUUID();
  readonly brokerPart = encodePushed([this.brokerUuid]);
  readonly #connectorPart = encodePushed([this.connectorUuid]);

  /**
   * Offset in the head of a response, which is in `head[start, end)`, of the part that names the client it is for, below the broker's and the connector's own; -1 when the top of
   * its stack is not this broker's.
   */
  clientPart(head: Uint8Array, start: number, end: number): number {
    let at = start;
    if (samePart(head, at, this.brokerPart, 0, OWN_BYTES)) at += ROUTE_PART_BYTES;
    if (!samePart(head, at, this.#connectorPart, 0, OWN_BYTES)) return -1;
    at += ROUTE_PART_BYTES;
    return at + ROUTE_PART_BYTES <= end && head[at] === UUID_CHARS ? at : -1;
  }

  /** True when the part at `start` is this broker's own. */
  isOwnPart(head: Uint8Array, start: number): boolean {
    return samePart(head, start, this.brokerPart, 0, OWN_BYTES);
  }

  /** As `clientPart`, of the part that would name a module, below the broker's own; -1 when there is none. */
  modulePart(head: Uint8Array, start: number, end: number): number {
    const at = samePart(head, start, this.brokerPart, 0, OWN_BYTES) ? start + ROUTE_PART_BYTES : start;
    return at + ROUTE_PART_BYTES <= end && head[at] === UUID_CHARS ? at : -1;
  }
}

/**
 * A number for the uuid in the route part at `at`, of its first characters. Different uuids may share one, so whoever gives uuids out sees to
 * it that no two in use do.
 */
export function routeKey(head: Uint8Array, at: number): number {
  let key = 0;
  for (let i = at + 1; i < at + OWN_BYTES; i++) key = (Math.imul(key, 31) + head[i]!) | 0;
  return key;
}

/** True when the route part at `at` is that of a client, which stands at `partAt` of `part`. */
export function isClientPart(bytes: Uint8Array, at: number, part: Uint8Array, partAt: number): boolean {
  return samePart(bytes, at, part, partAt, CLIENT_BYTES);
}

/** True when the three route parts at `at`, in memory that has them all, are those of `stack`: as much of each is compared as `isClientPart` does. */
export function isStack(words: DataView, at: number, stack: DataView): boolean {
  for (let i = 0; i < STACK_BYTES; i += ROUTE_PART_BYTES) {
    if (words.getInt32(at + i) !== stack.getInt32(i)) return false;
    if (words.getInt32(at + i + 4) !== stack.getInt32(i + 4)) return false;
    if (words.getInt32(at + i + 8) !== stack.getInt32(i + 8)) return false;
    if (words.getInt32(at + i + 12) !== stack.getInt32(i + 12)) return false;
  }
  return true;
}

function samePart(bytes: Uint8Array, at: number, part: Uint8Array, partAt: number, count: number): boolean {
  for (let i = 0; i < count; i++) if (bytes[at + i] !== part[partAt + i]) return false;
  return true;
}

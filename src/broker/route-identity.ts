import { randomUUID } from "node:crypto";
import { decodeLatin1 } from "../base/index.ts";
import { encodePushed, type Message } from "../message/index.ts";

const UUID_CHARS = 36;
const PART_BYTES = UUID_CHARS + 1;

/**
 * The two ids this broker puts on route stacks besides a client's own: its local connector's and its own, as flux-core does, whose
 * connector is a module. A request for a service in the broker carries connector and client, one for a client's service all three.
 */
export class RouteIdentity {
  readonly brokerUuid = randomUUID() as string;
  readonly connectorUuid = randomUUID() as string;
  /** Route parts of events: published by a request, and sent as they are by a client. */
  readonly onPublished = encodePushed([this.brokerUuid]);
  readonly onSent = encodePushed([this.brokerUuid, this.connectorUuid]);
  readonly #connectorPart = encodePushed([this.connectorUuid]);

  /**
   * The client that the next hop of a response leads to, and the offset in its head behind that hop; undefined when the top of its stack is not
   * this broker's.
   */
  nextHop(response: Message): { readonly uuid: string; readonly headFrom: number } | undefined {
    const { head, headEnd } = response;
    let at = response.headStart;
    if (startsWith(head, at, headEnd, this.onPublished)) at += PART_BYTES;
    if (!startsWith(head, at, headEnd, this.#connectorPart)) return undefined;
    at += PART_BYTES;
    if (at + PART_BYTES > headEnd || head[at] !== UUID_CHARS) return undefined;
    return { uuid: decodeLatin1(head, at + 1, at + PART_BYTES), headFrom: at + PART_BYTES };
  }
}

function startsWith(bytes: Uint8Array, at: number, end: number, part: Uint8Array): boolean {
  if (at + part.length > end) return false;
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

import {
  allocate,
  decodeUtf8,
  EMPTY,
  FluxError,
  ownText,
  TextCache,
  utf8Length,
  writeUtf8,
} from "../base/index.ts";
import { MessageFlag } from "./constants.ts";
import { partBytes, partContent, partLength, writePartLength } from "./parts.ts";

/** The encoded head of a message, and the offset where its topic part starts. */
export interface Head {
  readonly bytes: Uint8Array;
  readonly topicPart: number;
}

export const CACHE_SIZE = 1024;
/** Longest topic whose head is kept, in UTF-16 units. */
export const LONGEST_TOPIC = 256;
/** Heads without routes by topic: a program uses few topics, many times. The oldest is dropped. */
const heads = new Map<string, Head>();
const BARE: Head = { bytes: new Uint8Array([0]), topicPart: 1 };
const NOTHING: Head = { bytes: EMPTY, topicPart: 0 };

/**
 * Encodes a route stack (top first; null: none and no delimiter) and a topic.
 * @throws FluxError EINVAL for an empty route id or a topic with a NUL.
 */
export function headOf(routes: readonly string[] | null, topic: string | undefined): Head {
  if (routes === null) return topic === undefined ? NOTHING : encodeHead(EMPTY, topic);
  if (routes.length > 0) return encodeHead(encodeRoutes(routes), topic);
  if (topic === undefined) return BARE;
  if (topic.length > LONGEST_TOPIC) return encodeHead(BARE.bytes, topic);
  let head = heads.get(topic);
  if (head === undefined) {
    head = encodeHead(BARE.bytes, topic);
    if (heads.size >= CACHE_SIZE) heads.delete(heads.keys().next().value as string);
    heads.set(ownText(topic), head);
  }
  return head;
}

function encodeHead(routes: Uint8Array, topic: string | undefined): Head {
  if (topic === undefined) return { bytes: routes, topicPart: routes.length };
  if (topic.includes("\0")) throw new FluxError("EINVAL", "a topic can't hold a NUL");
  const length = utf8Length(topic);
  const bytes = allocate(routes.length + partBytes(length));
  bytes.set(routes);
  writeUtf8(bytes, writePartLength(bytes, routes.length, length), topic);
  return { bytes, topicPart: routes.length };
}

/** The parts of a route stack, top first, with the empty delimiter behind them. */
function encodeRoutes(routes: readonly string[]): Uint8Array {
  const pushed = encodePushed(routes);
  const bytes = new Uint8Array(pushed.length + 1);
  bytes.set(pushed);
  return bytes;
}

/**
 * Route parts, top first, without a delimiter: what a router puts before the head of a message it forwards.
 * @throws FluxError EINVAL for an empty id, which would read as the delimiter.
 */
export function encodePushed(routes: readonly string[]): Uint8Array {
  let size = 0;
  for (const id of routes) {
    if (id === "") throw new FluxError("EINVAL", "a route id can't be empty");
    size += partBytes(utf8Length(id));
  }
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const id of routes) {
    at = writePartLength(bytes, at, utf8Length(id));
    at += writeUtf8(bytes, at, id);
  }
  return bytes;
}

/** The ids of the route stack that starts at `start`, top first. */
export function readRoutes(head: Uint8Array, start: number): string[] {
  const routes: string[] = [];
  let at = start;
  for (;;) {
    const content = partContent(head, at);
    const length = partLength(head, at, content);
    if (length === 0) return routes;
    routes.push(decodeUtf8(head, content, content + length));
    at = content + length;
  }
}

/** The id nearest the delimiter, the original sender's, of the route stack that starts at `start`; undefined when it is empty. */
export function readFirstRoute(head: Uint8Array, start: number): string | undefined {
  let at = start;
  let first = -1;
  let last = -1;
  for (;;) {
    const content = partContent(head, at);
    const length = partLength(head, at, content);
    if (length === 0) return first < 0 ? undefined : decodeUtf8(head, first, last);
    first = content;
    last = content + length;
    at = last;
  }
}

/** Ids of neighbours: a broker has few. */
const neighbours = new TextCache();

/** The id on top of a message's route stack, the next hop of a response; undefined without one. */
export function topRoute(message: {
  readonly flags: number;
  readonly head: Uint8Array;
  readonly headStart: number;
}): string | undefined {
  const { flags, head, headStart } = message;
  if ((flags & MessageFlag.ROUTE) === 0) return undefined;
  const content = partContent(head, headStart);
  const length = partLength(head, headStart, content);
  return length === 0 ? undefined : neighbours.decode(head, content, content + length);
}

/** The route stack as `flux ping` shows it: oldest first, joined by `!`, each id cut to 8 characters. */
export function routeString(routes: readonly string[]): string {
  return routes
    .map((id) => id.slice(0, 8))
    .reverse()
    .join("!");
}

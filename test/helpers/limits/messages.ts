import { MOST_BYTES, MOST_SPARES } from "../../../src/base/spare-chunks.ts";
import { LONGEST, SLOTS } from "../../../src/base/text-cache.ts";
import { JSON_SIZE } from "../../../src/broker/connector-service.ts";
import { LONGEST_SEEN, MAX_SEEN } from "../../../src/broker/disconnects.ts";
import { INGRESS_LIMITS } from "../../../src/broker/ingress.ts";
import {
  MAX_PROVIDERS,
  NAME_MAX,
  LONGEST_TOPIC as PROVIDER_TOPIC,
} from "../../../src/broker/service-table.ts";
import { JSON_LIMITS } from "../../../src/client/json-limits.ts";
import {
  LONGEST_TOPIC as PUBLICATION_TOPIC,
  CACHE_SIZE as PUBLICATIONS,
} from "../../../src/client/publish.ts";
import { MAX_DEPTH } from "../../../src/json/json-value.ts";
import { MAX_ROUTE_BYTES, MAX_TOPIC_BYTES } from "../../../src/message/constants.ts";
import { MAX_EXTRA_PARTS } from "../../../src/message/decode.ts";
import { MAX_FRAME_BYTES } from "../../../src/message/framer.ts";
import { LONGEST_TOPIC as HEAD_TOPIC, CACHE_SIZE as HEADS } from "../../../src/message/head.ts";
import { FRONT_BYTES } from "../../../src/message/skim.ts";
import { bytes, count, type LimitRow } from "./row.ts";

const { maxRoutes, maxRouteBytes, guestMaxRoutes, guestMaxRouteBytes } = INGRESS_LIMITS;

/** What a message and its text may be, and what is remembered of them. */
export const MESSAGES: readonly LimitRow[] = [
  {
    what: "JSON that a service parses, of the owner",
    limit: `${bytes(JSON_LIMITS.jsonBytes)}, ${count(JSON_LIMITS.jsonValues)} values (\`limits\`)`,
    beyond: "EMSGSIZE, before anything is made of it",
    shownBy: [
      ["unit/broker/json-limits.test.ts", "a service parses JSON up to its limits, lower ones for guests"],
      [
        "unit/limits/messages.test.ts",
        "JSON is parsed up to the limits of its sender, in bytes and in values",
      ],
    ],
  },
  {
    what: "JSON that a service parses, of a guest",
    limit: `${bytes(JSON_LIMITS.guestJsonBytes)}, ${count(JSON_LIMITS.guestJsonValues)} values (\`limits\`)`,
    beyond: "EMSGSIZE, before anything is made of it",
    shownBy: [
      ["unit/broker/json-limits.test.ts", "a service parses JSON up to its limits, lower ones for guests"],
      [
        "unit/limits/messages.test.ts",
        "JSON is parsed up to the limits of its sender, in bytes and in values",
      ],
    ],
  },
  {
    what: "JSON of event.subscribe, service.add and their opposites",
    limit: `${bytes(JSON_SIZE.bytes)}, ${count(JSON_SIZE.values)} values`,
    beyond: "EMSGSIZE",
    shownBy: [["unit/broker/json-limits.test.ts", "subscriptions and services: 64 KiB, for the owner too"]],
  },
  {
    what: "levels of JSON within JSON",
    limit: count(MAX_DEPTH),
    beyond: "EPROTO; in what is to be sent, EINVAL",
    shownBy: [
      ["unit/json/parse.test.ts", "nesting ends at 2048, scalars counted"],
      ["unit/limits/messages.test.ts", "JSON that is nested too deep is not written either"],
    ],
  },
  {
    what: "a frame, also with the routes it gets on its way",
    limit: `${bytes(MAX_FRAME_BYTES)} (\`maxFrameBytes\`)`,
    beyond: "a request or response: EMSGSIZE; an event: refused before it has a number, or dropped",
    shownBy: [
      ["unit/broker/limits.test.ts", "messages at the limit pass, and one beyond it fails alone"],
      [
        "unit/broker/oversize.test.ts",
        "an event over the limit is dropped, and one that would be is refused before it has a number",
      ],
      [
        "unit/limits/messages.test.ts",
        "a frame of the longest length is taken and sent, and none of a byte more",
      ],
    ],
  },
  {
    what: "memory of a frame that is not complete yet",
    limit: "four times what has come of it",
    beyond: "it grows with what comes, whatever the frame announces",
    shownBy: [["unit/message/framer.test.ts", "an announced length takes no memory before it arrives"]],
  },
  {
    what: "what is kept of a frame over its limit",
    limit: `${bytes(FRONT_BYTES)} and the header`,
    beyond: "routes and topic that take more: the connection is closed, EMSGSIZE",
    shownBy: [
      ["unit/message/skim.test.ts", "routes and topic up to 8 KiB are read; more of them loses the stream"],
      ["unit/message/skim.test.ts", "a frame over the limit costs 8 KiB, whatever it announces"],
    ],
  },
  {
    what: "the topic of a client's message, a prefix",
    limit: `${bytes(MAX_TOPIC_BYTES)} (\`maxTopicBytes\`)`,
    beyond: "EINVAL; an event is dropped",
    shownBy: [
      [
        "unit/broker/ingress.test.ts",
        "a topic over the limit is EINVAL, answered with the topic cut between two characters",
      ],
      ["unit/broker/ingress.test.ts", "topics of event.publish and prefixes are limited"],
      [
        "unit/limits/messages.test.ts",
        "topics and routes at the limits enter, and one more of each does not",
      ],
    ],
  },
  {
    what: "routes of a client's request or event",
    limit:
      `${count(maxRoutes)}, ${bytes(maxRouteBytes)} (\`maxRoutes\`, \`maxRouteBytes\`); of a guest's ` +
      `${count(guestMaxRoutes)}, ${bytes(guestMaxRouteBytes)} (\`guestMaxRoutes\`, \`guestMaxRouteBytes\`)`,
    beyond: "EMSGSIZE; an event is dropped",
    shownBy: [
      [
        "unit/broker/ingress.test.ts",
        "a request with too many routes, or too large ones, is answered EMSGSIZE: sooner for guests",
      ],
      [
        "unit/broker/ingress.test.ts",
        "an event with too many routes or too long a topic is dropped, counted, and logged",
      ],
      [
        "unit/limits/messages.test.ts",
        "topics and routes at the limits enter, and one more of each does not",
      ],
    ],
  },
  {
    what: "route parts of any message",
    limit: bytes(MAX_ROUTE_BYTES),
    beyond: "EPROTO: the connection is closed; from a broker: dropped",
    shownBy: [
      [
        "unit/message/decode.test.ts",
        "EPROTO: more than 8 MiB of routes, found out there and not at their end",
      ],
    ],
  },
  {
    what: "parts of a message that no flag announces",
    limit: count(MAX_EXTRA_PARTS),
    beyond: "EPROTO: the connection is closed",
    shownBy: [
      [
        "unit/message/decode.test.ts",
        "EPROTO: more than 1,024 parts that no flag announces, found out there",
      ],
    ],
  },
  {
    what: "the name of a service; of a group",
    limit: `${bytes(NAME_MAX)}; ${bytes(MAX_TOPIC_BYTES)}`,
    beyond: "EINVAL",
    shownBy: [["unit/broker/ingress.test.ts", "names of services and groups are limited"]],
  },
  {
    what: "topics kept as text, in each cache",
    limit: `${count(SLOTS)}, of ${bytes(LONGEST)}`,
    beyond: "one takes the place of another; a longer one is not kept",
    shownBy: [
      ["unit/base/text-cache.test.ts", "more texts than the cache holds, round and round"],
      ["unit/limits/caches.test.ts", "texts of topics are kept up to their number, and long ones not at all"],
    ],
  },
  {
    what: "topics kept as the beginning of a message; of a publication",
    limit: `${count(HEADS)}, of ${count(HEAD_TOPIC)} characters; ${count(PUBLICATIONS)}, of ${count(PUBLICATION_TOPIC)}`,
    beyond: "the oldest goes; a longer one is not kept",
    shownBy: [
      [
        "unit/message/head.test.ts",
        "the head of a topic is kept, but not of one so long that a thousand of them are a burden",
      ],
      ["unit/limits/caches.test.ts", "heads of messages are kept up to their number, the latest"],
      ["unit/limits/caches.test.ts", "beginnings of publications are kept up to their number"],
    ],
  },
  {
    what: "topics whose service is known; of a client's requests",
    limit: `${count(MAX_PROVIDERS)}, of ${count(PROVIDER_TOPIC)} characters; ${count(MAX_SEEN)}, of ${count(LONGEST_SEEN)}`,
    beyond: "all are forgotten; a longer one is not kept",
    shownBy: [
      ["unit/broker/caches.test.ts", "nothing keeps the long topics of other brokers"],
      ["unit/limits/caches.test.ts", "topics whose service is known are kept up to their number"],
      ["unit/limits/caches.test.ts", "topics of a client's requests are kept up to their number"],
    ],
  },
  {
    what: "memory of messages that is kept to be used again",
    limit: `${bytes(MOST_BYTES)}, ${count(MOST_SPARES)} pieces`,
    beyond: "the oldest goes",
    shownBy: [
      [
        "unit/base/spare-chunks.test.ts",
        "spares hold 4 MiB at most, the latest; small and huge chunks are not kept",
      ],
      ["unit/limits/caches.test.ts", "memory to be used again is kept up to its pieces"],
    ],
  },
];

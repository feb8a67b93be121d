import { LONGEST_BYTES } from "../../../src/overlay/bundle.ts";
import { JSON_SIZE } from "../../../src/overlay/hello.ts";
import { PENDING_LIMITS } from "../../../src/overlay/pending-account.ts";
import { HEAD_MAX } from "../../../src/overlay/rpc-tracker.ts";
import { WINDOW_MS as CHANGES_MS, MOST_CHANGES } from "../../../src/overlay/status-pace.ts";
import { MOST_ANSWERS, MOST_PEERS, WINDOW_MS } from "../../../src/overlay/strangers.ts";
import { DESCRIPTOR_SHARE } from "../../../src/overlay/zeromq-child-server.ts";
import {
  CHILD_RECEIVE_HIGH_WATER,
  DEFAULT_MAX_QUEUED_BYTES,
  HANDSHAKE_TIMEOUT_MS,
  HANDSHAKES,
  SEND_HIGH_WATER,
} from "../../../src/overlay/zeromq-options.ts";
import { bytes, count, type LimitRow, time } from "./row.ts";

const { guestRequests, guestBytes, requests, bytes: requestBytes } = PENDING_LIMITS;

/** What is kept for other ranks. */
export const TREE: readonly LimitRow[] = [
  {
    what: "requests of guests that wait for other ranks, at each broker",
    limit: `${count(guestRequests)}, ${bytes(guestBytes)} without payloads (\`tbon.guest-requests\`, \`tbon.guest-request-bytes\`)`,
    beyond: "EAGAIN",
    shownBy: [
      [
        "unit/overlay/failure.test.ts",
        "a request beyond what may wait is answered with EAGAIN by the first broker that has no room, and not sent on",
      ],
      ["unit/limits/tree.test.ts", "requests wait for other ranks up to their number and their bytes"],
    ],
  },
  {
    what: "requests of all that wait for other ranks, at each broker",
    limit: `${count(requests)}, ${bytes(requestBytes)} without payloads`,
    beyond: "EAGAIN",
    shownBy: [
      [
        "unit/overlay/rpc-tracker.test.ts",
        "a request that finds no room is refused, and room comes back with each way it can end",
      ],
      ["unit/limits/tree.test.ts", "requests wait for other ranks up to their number and their bytes"],
    ],
  },
  {
    what: "routes and topic of a request that waits for another rank",
    limit: bytes(HEAD_MAX),
    beyond: "EMSGSIZE",
    shownBy: [
      ["unit/overlay/rpc-tracker.test.ts", "bytes are bounded too, and routes and topic of one request"],
      ["unit/limits/tree.test.ts", "routes and topic of a request that waits have their length"],
    ],
  },
  {
    what: "messages of a child that ZeroMQ holds for a broker",
    limit: `${count(CHILD_RECEIVE_HIGH_WATER)} (\`tbon.child_rcvhwm\`)`,
    beyond: "the child waits",
    shownBy: [["unit/limits/tree.test.ts", "sockets of the tree have their bounds by default"]],
  },
  {
    what: "changes of a child's status that take effect at once",
    limit: `${count(MOST_CHANGES)} in ${time(CHANGES_MS)}`,
    beyond: "the latest one takes effect a while later",
    shownBy: [
      [
        "unit/overlay/status.test.ts",
        "a child that changes its status without end has the latest one, now and then",
      ],
    ],
  },
  {
    what: "messages that wait for one neighbour",
    limit: `${bytes(DEFAULT_MAX_QUEUED_BYTES)}, or one message; before them ${count(SEND_HIGH_WATER)} in ZeroMQ`,
    beyond: "it is dropped and counted: a child is lost; of a parent it is logged",
    shownBy: [
      [
        "unit/overlay/send-queue.test.ts",
        "what is beyond the bound of a peer is dropped, never the first, and others have their own",
      ],
      ["unit/limits/tree.test.ts", "sockets of the tree have their bounds by default"],
    ],
  },
  {
    what: "a bundle of messages between brokers",
    limit: bytes(LONGEST_BYTES),
    beyond: "it is dropped",
    shownBy: [
      ["unit/overlay/bundle.test.ts", "a bundle of a stranger, or a malformed one, is refused"],
      ["unit/limits/tree.test.ts", "a bundle is read up to its length"],
    ],
  },
  {
    what: "JSON of a hello and of its answer",
    limit: `${bytes(JSON_SIZE.bytes)}, ${count(JSON_SIZE.values)} values`,
    beyond: "EMSGSIZE: there is no connection",
    shownBy: [["unit/limits/tree.test.ts", "a hello and its answer are read up to their length"]],
  },
  {
    what: "TCP connections to a broker amid their handshake",
    limit: `${count(HANDSHAKES)} (\`tbon.handshakes\`), one for each ${count(DESCRIPTOR_SHARE)} descriptors at most; ${time(HANDSHAKE_TIMEOUT_MS)} each (\`tbon.handshake-timeout\`)`,
    beyond: "no more are accepted for a while",
    shownBy: [
      [
        "unit/overlay/handshake-gate.test.ts",
        "accepting pauses at the bound, once, and goes on when places are free",
      ],
      ["process/half-open.test.ts", "nothing that passed meanwhile was lost, and the descriptors come back"],
      ["unit/limits/tree.test.ts", "sockets of the tree have their bounds by default"],
    ],
  },
  {
    what: "answers to a peer in the tree that is no child",
    limit: `${count(MOST_ANSWERS)} in ${time(WINDOW_MS)}; ${count(MOST_PEERS)} peers are known`,
    beyond: "it gets none; all peers are forgotten",
    shownBy: [
      ["unit/overlay/containment.test.ts", "a stranger that goes on sending gets few answers"],
      ["unit/limits/tree.test.ts", "a stranger gets its answers and no more, and so many are known"],
    ],
  },
];

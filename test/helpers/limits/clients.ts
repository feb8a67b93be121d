import { SLICE_MS } from "../../../src/base/slices.ts";
import { GUEST_BYTES, GUEST_SERVICES, GUESTS_BYTES } from "../../../src/broker/accounts.ts";
import { CLIENT_QUEUE_BYTES } from "../../../src/broker/broker-options.ts";
import { GUEST_REQUEST_BYTES } from "../../../src/broker/client-connection.ts";
import { GUEST_CONNECTIONS } from "../../../src/broker/connection-limits.ts";
import { MAX_SUBSCRIPTIONS } from "../../../src/broker/connector-service.ts";
import { MAX_DISCONNECTS } from "../../../src/broker/disconnects.ts";
import { GUEST_PUBLISH_BYTES } from "../../../src/broker/event-service.ts";
import { MAX_UNDECIDED } from "../../../src/broker/local-server.ts";
import { MODULE_QUEUE_BYTES } from "../../../src/broker/module-host.ts";
import { MAX_REQUESTS } from "../../../src/broker/module-requests.ts";
import { MAX_RANKS } from "../../../src/broker/modules/groups.ts";
import { OPEN_REQUEST_BYTES } from "../../../src/client/ledger.ts";
import { MAX_QUEUE } from "../../../src/client/options.ts";
import { MAX_MESSAGES } from "../../../src/man3/inbox.ts";
import { MAX_RESULTS } from "../../../src/man3/rpc-future.ts";
import { GUEST_REPLAYS } from "../../../src/replay/replay-methods.ts";
import { HIGH_WATER_BYTES } from "../../../src/socket/frame-socket.ts";
import { READ_BYTES } from "../../../src/socket/lent-reads.ts";
import { TURN_MS } from "../../../src/socket/read-turns.ts";
import { bytes, count, type LimitRow, time } from "./row.ts";

/** What clients and modules may make a broker keep, and what a handle keeps for its program. */
export const CLIENTS: readonly LimitRow[] = [
  {
    what: "all that the broker keeps for one guest",
    limit: `${bytes(GUEST_BYTES)} (\`guestBytes\`)`,
    beyond:
      "a request, subscription or service more: ENOBUFS or EAGAIN; frames and queues: its largest connection is closed",
    shownBy: [
      [
        "unit/broker/guest-limits.test.ts",
        "prefixes and services of a guest are limited in bytes, and gone with its connection",
      ],
      [
        "unit/broker/guest-limits.test.ts",
        "unfinished frames of a guest count, on all its connections together",
      ],
      [
        "unit/broker/accounts.test.ts",
        "a guest whose queues grow over its limit loses the connection that holds most",
      ],
      ["unit/limits/clients.test.ts", "one guest may hold its bytes and no more, all guests theirs"],
    ],
  },
  {
    what: "all that the broker keeps for all guests",
    limit: `${bytes(GUESTS_BYTES)} (\`guestsBytes\`)`,
    beyond: "the guest that holds most loses its largest connection, or is refused",
    shownBy: [
      [
        "unit/broker/accounts.test.ts",
        "all guests over their limit cost the one that holds most a connection, not the one that comes last",
      ],
      ["unit/broker/accounts.test.ts", "the guest that holds most is refused when only it can give way"],
      ["unit/limits/clients.test.ts", "one guest may hold its bytes and no more, all guests theirs"],
    ],
  },
  {
    what: "connections of one guest",
    limit: `${count(GUEST_CONNECTIONS)}, half of those of all guests at most (\`guestConnections\`)`,
    beyond: "EAGAIN",
    shownBy: [
      [
        "unit/broker/guest-limits.test.ts",
        "a guest has so many connections, all guests together so many, and the owner gets in",
      ],
      ["unit/limits/clients.test.ts", "one guest has its connections and no more, all guests theirs"],
    ],
  },
  {
    what: "connections of all guests",
    limit: "half of the descriptors of the process (`guestsConnections`)",
    beyond: "EAGAIN",
    shownBy: [
      [
        "unit/broker/guest-limits.test.ts",
        "a guest has so many connections, all guests together so many, and the owner gets in",
      ],
      ["unit/limits/clients.test.ts", "one guest has its connections and no more, all guests theirs"],
    ],
  },
  {
    what: "connections of guests whose admission waits for a lookup of names",
    limit: count(MAX_UNDECIDED),
    beyond: "EAGAIN",
    shownBy: [
      [
        "unit/broker/access.test.ts",
        "guests are put off while too many wait for a lookup, and the owner gets in",
      ],
    ],
  },
  {
    what: "the request of a guest to publish an event",
    limit: `${bytes(GUEST_PUBLISH_BYTES)} (\`guestPublishBytes\`)`,
    beyond: "EMSGSIZE, before it has a number",
    shownBy: [
      [
        "unit/broker/guest-limits.test.ts",
        "a guest's publication is limited in size, and refused before it has a number",
      ],
      ["unit/limits/clients.test.ts", "a guest's publication is read up to its limit"],
    ],
  },
  {
    what: "requests of guests queued for the service of somebody else",
    limit: `half of its queue, ${bytes(GUEST_REQUEST_BYTES)} at most`,
    beyond: "EAGAIN",
    shownBy: [
      ["unit/broker/guest-limits.test.ts", "guests leave half of a service's queue to the owner"],
      [
        "unit/limits/clients.test.ts",
        "a client's queue takes its bytes, and of guests' requests half of that",
      ],
    ],
  },
  {
    what: "requests that the service of a guest has not answered",
    limit: "what the broker keeps for that guest",
    beyond: "EAGAIN",
    shownBy: [
      [
        "unit/broker/forwarded-requests.test.ts",
        "a request that its service can't pay for is refused, and leaves nothing behind",
      ],
    ],
  },
  {
    what: "time of a turn of the event loop that reading from guests may take",
    limit: `${time(TURN_MS)}, and what was begun`,
    beyond: `the others wait, each with ${bytes(READ_BYTES)} at most that were read`,
    shownBy: [
      [
        "unit/socket/read-turns.test.ts",
        "readers within the budget are handled at once, one beyond it in the next turn",
      ],
      ["unit/limits/clients.test.ts", "a turn reads for its time, and the rest waits"],
    ],
  },
  {
    what: "bytes queued for a client",
    limit: `${bytes(CLIENT_QUEUE_BYTES)} (\`clientQueueBytes\`)`,
    beyond:
      "events: the client is closed, or misses them (`slowClient`); responses: it is closed; requests for its service fail with EAGAIN",
    shownBy: [
      ["unit/broker/slow.test.ts", "a client without room for a response is closed, whatever the policy"],
      ["unit/broker/slow.test.ts", "requests to a service that does not read fail with EAGAIN"],
      [
        "unit/limits/clients.test.ts",
        "a client's queue takes its bytes, and of guests' requests half of that",
      ],
    ],
  },
  {
    what: "disconnect requests noted for a client",
    limit: count(MAX_DISCONNECTS),
    beyond: "EINVAL for a request that would need one more",
    shownBy: [
      [
        "unit/broker/disconnect.test.ts",
        "a client that asks more services than can be remembered is refused, not forgotten",
      ],
    ],
  },
  {
    what: "prefixes a client is subscribed to",
    limit: count(MAX_SUBSCRIPTIONS),
    beyond: "ENOBUFS",
    shownBy: [["unit/limits/clients.test.ts", "a client has its prefixes and no more"]],
  },
  {
    what: "services of a guest",
    limit: count(GUEST_SERVICES),
    beyond: "ENOBUFS",
    shownBy: [
      [
        "unit/broker/guest-limits.test.ts",
        "a guest has 4,096 services, on all its connections, and places become free with them",
      ],
    ],
  },
  {
    what: "replays of a guest at once",
    limit: `${count(GUEST_REPLAYS)} (\`guestReplays\`)`,
    beyond: "ENOBUFS",
    shownBy: [
      [
        "unit/replay/followers.test.ts",
        "a guest has so many replays at once, and no more; those that are over don't count",
      ],
    ],
  },
  {
    what: "an open request of a broker's service",
    limit: `${bytes(OPEN_REQUEST_BYTES)}, its head, and its payload where that is read later, of what is kept for its sender (\`Ledger\`)`,
    beyond: "ENOBUFS",
    shownBy: [
      [
        "unit/client/handlers.test.ts",
        "is charged to its sender until it has its answer, is cancelled, or its sender leaves",
      ],
      ["unit/client/handlers.test.ts", "one that its sender may not hold is refused, and not kept"],
    ],
  },
  {
    what: "one turn of telling many followers, or of ending the requests of one who leaves",
    limit: time(SLICE_MS),
    beyond: "the next turn",
    shownBy: [
      [
        "unit/client/handlers.test.ts",
        "a sender with very many open requests leaves in several turns, and others are served meanwhile",
      ],
    ],
  },
  {
    what: "ranks in a groups.update request",
    limit: count(MAX_RANKS),
    beyond: "it is refused, and logged",
    shownBy: [["unit/limits/clients.test.ts", "an update of groups names its ranks and no more"]],
  },
  {
    what: "bytes queued for a module",
    limit: bytes(MODULE_QUEUE_BYTES),
    beyond: "as for a client",
    shownBy: [
      ["unit/broker/slow.test.ts", "a client without room for a response is closed, whatever the policy"],
      ["unit/limits/clients.test.ts", "a module's queue takes its bytes"],
    ],
  },
  {
    what: "requests remembered for a module",
    limit: count(MAX_REQUESTS),
    beyond: "those beyond get no answer if it dies",
    shownBy: [
      [
        "unit/limits/clients.test.ts",
        "requests of a module are remembered up to their number, and passed on",
      ],
    ],
  },
  {
    what: "bytes a generator method may run ahead of the socket",
    limit: bytes(HIGH_WATER_BYTES),
    beyond: "it waits",
    shownBy: [
      ["suite/client/request.test.ts", "a service that streams fast waits for room and loses nothing"],
      ["unit/limits/clients.test.ts", "who writes waits once so much is queued for the socket"],
    ],
  },
  {
    what: "responses queued for a stream's reader",
    limit: `${count(MAX_QUEUE)} (\`maxQueue\`)`,
    beyond: "the stream is cancelled and throws ENOBUFS",
    shownBy: [
      [
        "suite/client/stream.test.ts",
        "a reader that falls behind gets what is queued, then ENOBUFS; the server is told",
      ],
      ["unit/limits/clients.test.ts", "streams and subscriptions hold their number for a slow reader"],
    ],
  },
  {
    what: "events queued for a subscription's reader",
    limit: `${count(MAX_QUEUE)} (\`maxQueue\`)`,
    beyond: "by `overflow`: ENOBUFS, or drops that are counted",
    shownBy: [
      [
        "suite/client/subscribe.test.ts",
        "overflow: fail throws ENOBUFS behind what is queued and unsubscribes",
      ],
      ["suite/client/subscribe.test.ts", "overflow: the dropping policies count what they drop"],
      ["unit/limits/clients.test.ts", "streams and subscriptions hold their number for a slow reader"],
    ],
  },
  {
    what: "events held for the reader of a replay",
    limit: `${count(MAX_QUEUE)} (\`maxQueue\`), and one response`,
    beyond: "the broker keeps them until they are asked for",
    shownBy: [
      [
        "unit/client/replay.test.ts",
        "without losing anything for a reader that is slow, and holds little for it",
      ],
    ],
  },
  {
    what: "messages held for flux_recv; responses for a future of `fluxbus/man3`",
    limit: `${count(MAX_MESSAGES)}; ${count(MAX_RESULTS)}`,
    beyond: "they are lost, and the next flux_recv fails with ENOBUFS; the stream is cancelled, ENOBUFS",
    shownBy: [
      ["suite/man3/handle.test.ts", "messages beyond the limit are lost, and flux_recv says so once"],
      ["suite/man3/future.test.ts", "a stream that nobody reads ends with ENOBUFS"],
    ],
  },
];

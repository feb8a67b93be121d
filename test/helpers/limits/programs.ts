import { HOSTS_MAX } from "../../../src/base/hostlist.ts";
import { IDS_MAX } from "../../../src/base/idset.ts";
import { CACHE_MS, CACHE_SIZE, ENTRY_BYTES, TIMEOUT_MS } from "../../../src/broker/access-names.ts";
import { CLIENT_QUEUE_BYTES } from "../../../src/broker/broker-options.ts";
import { PARENT_WAIT_MS } from "../../../src/instance/parent.ts";
import { ENTRIES_MAX, KEY_MAX, VALUE_MAX } from "../../../src/instance/pmi-server.ts";
import { LINE_MAX } from "../../../src/instance/pmi-sockets.ts";
import { FAILURES_MAX } from "../../../src/module/module-file.ts";
import { BUFFER_BYTES } from "../../../src/rexec/command.ts";
import { RETAINED_BYTES } from "../../../src/rexec/retained-output.ts";
import { HIGH_WATER_BYTES } from "../../../src/socket/frame-socket.ts";
import { SAID_MAX } from "../../../src/socket/ssh-connector.ts";
import { RESERVE, SPARE } from "../../../src/system/load-late.ts";
import { bytes, count, type LimitRow, time } from "./row.ts";

/** What is kept of processes, programs and names around a broker. */
export const PROGRAMS: readonly LimitRow[] = [
  {
    what: "input of a process of `rexec`, each channel",
    limit: `${bytes(BUFFER_BYTES)} (\`NAME_BUFSIZE\`)`,
    beyond: "the process is killed, its requester told; with credit nobody writes so much",
    shownBy: [
      ["unit/rexec/input.test.ts", "who writes more than fits loses the process"],
      ["unit/limits/programs.test.ts", "channels of a process have their size"],
    ],
  },
  {
    what: "output of a process",
    limit: `what its requester's queue takes, ${bytes(HIGH_WATER_BYTES)}; a line of ${bytes(BUFFER_BYTES)} (\`NAME_BUFSIZE\`)`,
    beyond: "the process is not read from; the line is cut in pieces",
    shownBy: [
      ["unit/rexec/flow.test.ts", "a process is not read from while its client does not read"],
      ["unit/rexec/line-buffer.test.ts", "a line over the limit is cut there"],
      ["unit/limits/programs.test.ts", "channels of a process have their size"],
    ],
  },
  {
    what: "output kept of a process to be waited for",
    limit: `${bytes(RETAINED_BYTES)}, or one piece`,
    beyond: "the oldest goes",
    shownBy: [
      ["unit/rexec/io.test.ts", "the latest output is kept, up to its limit"],
      ["unit/rexec/io.test.ts", "one piece over the limit is kept whole"],
    ],
  },
  {
    what: "messages a proxy holds while it reconnects, or its broker does not read",
    limit: bytes(CLIENT_QUEUE_BYTES),
    beyond: "EAGAIN; a response or event: its program is closed",
    shownBy: [["unit/limits/programs.test.ts", "a proxy holds its bytes while it reconnects"]],
  },
  {
    what: "bytes queued for a program of a proxy",
    limit: bytes(CLIENT_QUEUE_BYTES),
    beyond: "the program is closed",
    shownBy: [["unit/limits/programs.test.ts", "a proxy queues its bytes for a program and closes it then"]],
  },
  {
    what: "answers about users and groups",
    limit: `${count(CACHE_SIZE)}, for ${time(CACHE_MS)}; ${time(TIMEOUT_MS)} and ${bytes(ENTRY_BYTES)} for each`,
    beyond: "the oldest goes; nobody gets a role",
    shownBy: [
      [
        "unit/broker/access-names.test.ts",
        "a lookup that fails or takes too long is a failure, and is tried again",
      ],
      ["unit/limits/programs.test.ts", "answers about users are kept up to their number"],
    ],
  },
  {
    what: "hosts of a list; ids of a set",
    limit: `${count(HOSTS_MAX)}; ${count(IDS_MAX)}`,
    beyond: "the text is refused",
    shownBy: [
      ["unit/base/idset.test.ts", "a range that would fill the memory is refused"],
      ["unit/limits/programs.test.ts", "lists of hosts and sets of ids are read up to their numbers"],
    ],
  },
  {
    what: "descriptors kept for loading a part of the package",
    limit: count(RESERVE),
    beyond: "it is loaded when there are some",
    shownBy: [
      ["process/short-descriptors.test.ts", "fails what needs one, and serves it as soon as there are some"],
    ],
  },
  {
    what: "descriptors that have to be free to import a module of a user",
    limit: count(SPARE),
    beyond: "EMFILE",
    shownBy: [
      ["process/short-descriptors.test.ts", "fails what needs one, and serves it as soon as there are some"],
    ],
  },
  {
    what: "failed imports of modules that are remembered",
    limit: count(FAILURES_MAX),
    beyond: "the oldest goes",
    shownBy: [["unit/limits/programs.test.ts", "failed imports are remembered up to their number"]],
  },
  {
    what: "time for a parent instance to answer",
    limit: time(PARENT_WAIT_MS),
    beyond: "there is none",
    shownBy: [["unit/limits/programs.test.ts", "a parent that does not answer in its time is none"]],
  },
  {
    what: "keys of `fluxbus start`'s PMI server",
    limit: `${count(ENTRIES_MAX)}; keys of ${bytes(KEY_MAX)}, values of ${bytes(VALUE_MAX)}, each with a NUL`,
    beyond: "PMI's error for it",
    shownBy: [
      ["unit/instance/pmi-server.test.ts", "keeps so many keys and no more"],
      ["unit/instance/pmi-server.test.ts", "takes keys and values up to their length, in bytes"],
    ],
  },
  {
    what: "a line of a PMI client",
    limit: bytes(LINE_MAX),
    beyond: "the rank has failed",
    shownBy: [
      [
        "unit/instance/pmi-server.test.ts",
        "close on a rank that gives up, or that sends what is no request or no line",
      ],
    ],
  },
  {
    what: "what a remote shell of `ssh://` says, in an error",
    limit: `${count(SAID_MAX)} characters`,
    beyond: "the rest is left out",
    shownBy: [["unit/limits/programs.test.ts", "an error holds what a remote shell says up to its length"]],
  },
];

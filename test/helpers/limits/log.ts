import { FOLLOW_BYTES } from "../../../src/broker/log-buffer.ts";
import { MOST_RECORDS } from "../../../src/broker/log-follower.ts";
import { LOG_RECORD_BYTES, LOG_RING_BYTES, LOG_RING_SIZE } from "../../../src/broker/log-settings.ts";
import { LOG_SUMMARY } from "../../../src/client/log-summary.ts";
import { QUIET_MS } from "../../../src/overlay/transport-log.ts";
import { MAX_BYTES } from "../../../src/system/standard-error.ts";
import { bytes, count, type LimitRow, time } from "./row.ts";

const { intervalMs, burst, maxLines, maxKeys, maxSummaries, maxTextLength } = LOG_SUMMARY;

/** What is kept of the log, and what others may put into it. */
export const LOG: readonly LimitRow[] = [
  {
    what: "a record of the log",
    limit: `${bytes(LOG_RECORD_BYTES)} (\`log-record-bytes\`)`,
    beyond: "it is cut, with a mark",
    shownBy: [
      [
        "unit/broker/log-buffer.test.ts",
        "a longer one is cut between two characters, with a mark, wherever it goes",
      ],
      ["unit/limits/log.test.ts", "the log keeps its records and its bytes, and cuts a record"],
    ],
  },
  {
    what: "records of the log",
    limit: `${count(LOG_RING_SIZE)} (\`logRingSize\`), ${bytes(LOG_RING_BYTES)} (\`log-ring-bytes\`)`,
    beyond: "the oldest go",
    shownBy: [
      ["unit/broker/log-buffer.test.ts", "the ring holds as many as its bytes allow, the latest at least"],
      ["unit/limits/log.test.ts", "the log keeps its records and its bytes, and cuts a record"],
    ],
  },
  {
    what: "records for a follower of the log",
    limit: `${count(MOST_RECORDS)}, ${bytes(FOLLOW_BYTES)} or twice \`log-ring-bytes\` where that is more`,
    beyond: "the oldest go, counted, and the follower is told",
    shownBy: [
      ["unit/broker/log-buffer.test.ts", "counts in the log what it leaves out"],
      ["unit/limits/log.test.ts", "a follower of the log has its records and its bytes waiting"],
    ],
  },
  {
    what: "log lines that others cause",
    limit: `${count(burst)} of a kind and a user, ${count(maxLines)} in all, in ${time(intervalMs)} (\`logSummaryMs\`); each of ${count(maxTextLength)} characters`,
    beyond: `they are counted for ${count(maxKeys)} kinds and users, the others together, and summed up in ${count(maxSummaries + 1)} lines at most`,
    shownBy: [
      [
        "unit/client/log-summary.test.ts",
        "kinds, users, lines and summaries are bounded, and nothing is lost from the count",
      ],
      ["unit/limits/log.test.ts", "lines that others cause are written up to their numbers"],
    ],
  },
  {
    what: "log lines about peers in the tree",
    limit: `one of a kind in ${time(QUIET_MS)}, ${count(maxLines)} in all`,
    beyond: "they are counted, and summed up",
    shownBy: [
      ["unit/overlay/transport-log.test.ts", "many different lines are bounded, and counted all the same"],
      ["unit/limits/log.test.ts", "lines about peers are written once in their time"],
    ],
  },
  {
    what: "lines that wait for standard error",
    limit: bytes(MAX_BYTES),
    beyond: "they are lost and counted, which the next line tells",
    shownBy: [
      [
        "unit/system/patient-writer.test.ts",
        "what is not read waits up to a limit; what is lost beyond is told in its place",
      ],
      [
        "process/standard-streams.test.ts",
        "a broker does not wait for the reader of its standard error, and counts the lines it has lost",
      ],
    ],
  },
];

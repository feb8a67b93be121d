/**
 * A child and a parent with the certificate of an instance that mean no good: `node --import tsx scripts/hostile-tree.ts [--messages 1000000] [--seed N]
 * [--minutes 30]`. Each sends so many messages, bundles included, by chance; the other ranks and their clients must go on. Prints the seed and what
 * was seen; ends with status 1 when a broker ended, a ping was not answered, or memory did not come back.
 */
import { parseArgs } from "node:util";
import { attackChild, attackParent, type HostileReport } from "../test/helpers/hostile-tree.ts";
import { seededRandom } from "../test/helpers/message-fuzz.ts";
import { TemporaryFolder } from "../test/helpers/temporary-folder.ts";

/** Memory that a broker may keep after a collection when a child is gone: events and records of its log, and spare chunks. */
const KEPT_MIB = 32;
/** The same while its parent is still there, whose streams are open. */
const STREAMS_MIB = 192;

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`${name} must be a whole number: ${text}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: { messages: { type: "string" }, seed: { type: "string" }, minutes: { type: "string" } },
});
const messages = wholeNumber(values.messages, 1_000_000, "--messages");
const seed = wholeNumber(values.seed, Date.now() % 0x1_0000_0000, "--seed");
const minutes = wholeNumber(values.minutes, 30, "--minutes");
setTimeout(() => {
  console.error(`not done within ${minutes} minutes`);
  process.exit(1);
}, minutes * 60_000).unref();
console.log(`${messages} messages each, seed ${seed}`);

function print(who: string, report: HostileReport, keptMib: number): void {
  const { sent, joined, received, seconds, pings, longestPingMs, logLines } = report;
  const { memoryBefore, memoryAfter, residentAfter } = report;
  console.log(
    `${who}: ${sent} messages in ${Math.round(seconds)} s, ${received} answers, joined ${joined} times`,
  );
  console.log(
    `  ${pings} pings of the others, the longest ${longestPingMs} ms; ${logLines} lines in the log`,
  );
  console.log(
    `  MiB of heap and external memory before: ${memoryBefore}, after: ${memoryAfter}; resident: ${residentAfter}`,
  );
  if (memoryAfter > memoryBefore + keptMib) {
    console.error(`  more than ${keptMib} MiB are kept`);
    process.exitCode = 1;
  }
}

for (const [who, run, keptMib] of [
  ["hostile child", attackParent, KEPT_MIB],
  ["hostile parent", attackChild, STREAMS_MIB],
] as const) {
  await using folder = await TemporaryFolder.make();
  print(who, await run(messages, seededRandom(seed), folder), keptMib);
}
process.exit();

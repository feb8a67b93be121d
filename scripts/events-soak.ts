/**
 * Events in a tree of 15 brokers in which a link is cut or a router killed every second: `node --import tsx scripts/events-soak.ts [--seconds 300] [--seed N]
 * [--period-ms 1000]`. Prints the seed, each fault, and its figures; exits with 1 when a subscriber's record is not what rank 0 has in its log.
 */
import { parseArgs } from "node:util";
import { eventsSoak } from "../test/helpers/events-soak.ts";

const SIZE = 15;
const EVENTS_PER_SECOND = 100;
/** The root, routers of both levels, and leaves. */
const SUBSCRIBERS = [0, 1, 2, 4, 6, 7, 10, 14];

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`${name} must be a whole number: ${text}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: { seconds: { type: "string" }, seed: { type: "string" }, "period-ms": { type: "string" } },
});
const seconds = wholeNumber(values.seconds, 300, "--seconds");
const seed = wholeNumber(values.seed, Date.now() % 0x1_0000_0000, "--seed");
const periodMs = Math.max(1, wholeNumber(values["period-ms"], 1000, "--period-ms"));
console.log(
  `${SIZE} ranks, kary:2; ${EVENTS_PER_SECOND} events a second; a fault every ${periodMs} ms for ${seconds} s; seed ${seed}`,
);

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());
const report = await eventsSoak({
  size: SIZE,
  seconds,
  periodMs,
  eventsPerSecond: EVENTS_PER_SECOND,
  seed,
  subscribers: SUBSCRIBERS,
  tell: (text) => console.log(text),
  signal: stop.signal,
});
const counts = (map: ReadonlyMap<string, number>): string =>
  [...map].map(([word, times]) => `${times} ${word}`).join(", ") || "none";
const { repairs } = report;
const ended = [...report.exits.values()].reduce((sum, times) => sum + times, 0);
console.log(
  `\nfaults: ${report.cuts} links cut, ${report.kills} routers killed, ${report.idle} times nothing was there; ${report.up.toFixed(1)} ranks up in the mean`,
);
console.log(
  `brokers that ended and were started again: ${ended} (by status or signal: ${counts(report.exits)})`,
);
console.log(
  `publications: ${report.published}, ${report.confirmed} confirmed; failed: ${counts(report.failures)}; ` +
    `of those ${report.unconfirmedInLog} are in the log`,
);
console.log(`events in the log of rank 0: ${report.events}`);
for (const { rank, events, reconnects, behindMs } of report.subscribers)
  console.log(
    `  subscriber of rank ${rank}: ${events} events, ${reconnects} reconnects, at most ${Math.round(behindMs)} ms behind that of rank 0`,
  );
console.log(
  `repairs by the ${repairs.brokers} brokers seen: ${repairs.repaired} events in ${repairs.asked} requests, ${Math.round(repairs.longestMs)} ms at the longest; ` +
    `${repairs.duplicates} duplicates dropped, ${repairs.lost} lost`,
);
console.log(
  `at the end: all ranks up after ${Math.round(report.upMs)} ms, all subscribers at the last event ${Math.round(report.comeMs)} ms later`,
);
if (report.faults.length === 0) console.log("every record equals the log");
else {
  for (const fault of report.faults.slice(0, 20)) console.error(fault);
  console.error(`${report.faults.length} faults, seed ${seed}`);
  process.exitCode = 1;
}

/**
 * An instance of many ranks in this process: it boots, random pairs of ranks talk, random ranks publish to all, and it stops. `node --import tsx
 * scripts/scale.ts [ranks] [topology...]`: 1024 ranks, kary:32 and kary:2 by default. Prints its figures; exits with 1 when a rank errs or the boot takes
 * longer than 15 s.
 */
import { runScale } from "../test/helpers/scale.ts";

const BOOT_MS = 15_000;
const BOUND_MS = 120_000;
const REQUESTS = 10_000;
const EVENTS = 1000;

const size = Number(process.argv[2] ?? 1024);
const topologies = process.argv.length > 3 ? process.argv.slice(3) : ["kary:32", "kary:2"];

for (const topology of topologies) {
  const before = process.cpuUsage();
  const times = await runScale({ size, topology, requests: REQUESTS, events: EVENTS, boundMs: BOUND_MS });
  const { user, system } = process.cpuUsage(before);
  const rate = (count: number, ms: number): string => Math.round((count * 1000) / ms).toLocaleString("en");
  console.log(`${size} ranks in ${topology}: ${((user + system) / 1e6).toFixed(1)} s of processor time`);
  console.log(`  boot to run: ${Math.round(times.bootMs)} ms (at most ${BOOT_MS})`);
  console.log(`  requests between random pairs: ${REQUESTS}, ${rate(REQUESTS, times.requestsMs)}/s`);
  console.log(
    `  events from random ranks: ${EVENTS}, ${rate(EVENTS, times.eventsMs)}/s, ${rate(EVENTS * size, times.eventsMs)} deliveries/s`,
  );
  console.log(`  stop: ${Math.round(times.stopMs)} ms, all with status 0`);
  console.log(`  resident memory for each rank: ${Math.round(times.rssBytes / 1024)} KiB`);
  if (times.bootMs > BOOT_MS) {
    console.error(`the boot took longer than ${BOOT_MS} ms`);
    process.exitCode = 1;
  }
}

/**
 * Long runs that show what is left behind, and what one who does not read costs. `node --import tsx scripts/soak.ts [streams] [seconds]`:
 * 100,000 streams and 60 seconds by default. Prints its figures; exits with 1 when one is out of bounds.
 */
import { soakSlow } from "../test/helpers/soak-slow.ts";
import { soakStreams } from "../test/helpers/soak-streams.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const streams = Number(process.argv[2] ?? 100_000);
const seconds = Number(process.argv[3] ?? 60);
const faults: string[] = [];

/** Prints a figure, and notes it when it is over its bound. */
function figure(name: string, value: number, bound?: number): void {
  const within = bound === undefined || value <= bound;
  console.log(
    `  ${name}: ${Math.round(value)}${bound === undefined ? "" : ` (at most ${bound})`}${within ? "" : "  <-- FAILED"}`,
  );
  if (!within) faults.push(name);
}

console.log(`streams: ${streams} opened, each quarter finished, failed, left and aborted`);
const left = await soakStreams(streams);
for (const [way, count] of Object.entries(left.ended)) figure(way, count);
figure("heap growth in bytes", left.heapGrowth, 512 * KIB);
figure("matchtags taken", left.pending, 0);
figure("requests served", left.serving, 0);
figure("handle growth", left.handleGrowth, 0);
figure("streams a second", streams / left.seconds);

const limit = 8 * MIB;
for (const policy of ["disconnect", "drop-events"] as const) {
  console.log(
    `slow subscriber, ${policy}: ${seconds} s at 10000 events/s, queue of ${limit} bytes, 3 readers`,
  );
  const cost = await soakSlow({ seconds, eventsPerSecond: 10_000, limit, policy, readers: 3 });
  figure("published", cost.published);
  figure("events a second", cost.rate);
  figure("longest queue in bytes", cost.longestQueue, limit + 64 * KIB);
  figure("memory growth in bytes", cost.memoryGrowth, limit + 8 * MIB);
  // An event of 100 bytes takes some 200 on the wire: enough of them fill the queue.
  const full = cost.published * 150 > limit;
  figure("slow clients closed", cost.disconnects);
  if (cost.disconnects !== (full && policy === "disconnect" ? 1 : 0)) faults.push("slow clients closed");
  figure("events dropped", cost.droppedEvents);
  for (const [index, got] of cost.received.entries())
    figure(`lost by reader ${index + 1}`, cost.published - got, 0);
}
if (faults.length > 0) {
  console.error(`out of bounds: ${faults.join(", ")}`);
  process.exitCode = 1;
}

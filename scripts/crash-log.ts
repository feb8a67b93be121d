/**
 * A broker that keeps its events on disk with `sync`, killed in the middle of publications again and again: `node --import tsx scripts/crash-log.ts [--kills 200]
 * [--seed N]`. Ends with status 1 when a confirmed event is missing, an event is there twice or out of order, or a subscriber was not told what it can't have.
 */
import { parseArgs } from "node:util";
import { CrashLog } from "../test/helpers/crash-log.ts";
import { TemporaryFolder } from "../test/helpers/temporary-folder.ts";

/** Rounds between two readings of the whole log. */
const CHECK_EVERY = 25;

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`${name} must be a whole number: ${text}`);
  process.exit(2);
}

const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" } } });
const kills = wholeNumber(values.kills, 200, "--kills");
const seed = wholeNumber(values.seed, Date.now() % 0x1_0000_0000, "--seed");
console.log(`${kills} times kill -9 of rank 0 in mid-publish; seed ${seed}`);

await using folder = await TemporaryFolder.make();
await using crash = await CrashLog.start(folder.path, seed);
const started = performance.now();
for (let i = 1; i <= kills; i++) {
  await crash.round();
  if (i % CHECK_EVERY > 0 && i < kills) continue;
  const log = await crash.check();
  const { confirmed } = crash.record;
  const seconds = Math.round((performance.now() - started) / 1000);
  const unconfirmed = log.events.length - confirmed.length;
  console.log(
    `${i} kills in ${seconds} s: ${confirmed.length} confirmed events, all there once, in order; ${unconfirmed} more in the log; ${crash.record.ghosts(log)} seen live and not in the log, each told of`,
  );
}

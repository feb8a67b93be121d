/**
 * Guests attack a broker with 512 MB of heap and 256 descriptors, whose limits are the defaults: `node --import tsx scripts/attack.ts [--rounds 200] [--seed N] [--only KIND,...]
 * [--main PATH]`. Needs root. Prints each round, and for each kind the worst figures; ends with status 1 when a round was lost, with 2 when
 * nothing can be played here.
 */
import { chmod } from "node:fs/promises";
import { parseArgs } from "node:util";
import { whyNoGuests } from "../test/helpers/attack/attacked-broker.ts";
import { kindsOf, selectAttacks } from "../test/helpers/attack/attacks.ts";
import { Campaign, planAttacks } from "../test/helpers/attack/campaign.ts";
import { type RoundReport, residentLimit } from "../test/helpers/attack/round.ts";
import { describeRound, summarizeRounds } from "../test/helpers/attack/summary.ts";
import { TemporaryFolder } from "../test/helpers/temporary-folder.ts";

/** How long a guest plays in a round, in milliseconds. */
const PLAY_MS = 3500;

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`${name} must be a whole number: ${text}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: {
    rounds: { type: "string" },
    seed: { type: "string" },
    only: { type: "string" },
    main: { type: "string" },
  },
});
const rounds = wholeNumber(values.rounds, 200, "--rounds");
const seed = wholeNumber(values.seed, Date.now() % 0x1_0000_0000, "--seed");
const obstacle = whyNoGuests(values.main);
if (obstacle !== undefined) {
  console.error(obstacle);
  process.exit(2);
}
const attacks = selectAttacks(values.only);
const kinds = kindsOf(attacks);
console.log(`${rounds} rounds of ${kinds.join(", ")}; seed ${seed}`);
console.log(`resident memory at most ${residentLimit() / 1024 / 1024} MiB`);

await using folder = await TemporaryFolder.make();
await chmod(folder.path, 0o755);
const reports: RoundReport[] = [];
const started = performance.now();
// What was started ends with this process.
for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)
  process.once(signal, () => void folder[Symbol.asyncDispose]().finally(() => process.exit(status)));
{
  await using campaign = new Campaign({
    folder: folder.path,
    main: values.main,
    attacks: planAttacks(attacks, rounds, seed),
    scale: 1,
    playMs: PLAY_MS,
    isTimed: true,
    report(round, report) {
      reports.push(report);
      console.log(describeRound(round, report));
    },
  });
  await campaign.run();
}
const seconds = Math.round((performance.now() - started) / 1000);
console.log(`\n${reports.length} rounds in ${Math.floor(seconds / 60)} min ${seconds % 60} s`);
for (const line of summarizeRounds(reports)) console.log(line);
const lost = reports.filter(({ failures }) => failures.length > 0);
if (lost.length > 0) {
  console.error(`${lost.length} rounds were lost; each again:`);
  for (const { attack, seed: again } of lost)
    console.error(`  npm run attack -- --rounds 1 --only ${attack.name} --seed ${again}`);
  process.exitCode = 1;
}

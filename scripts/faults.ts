/**
 * Random faults in a tree of 15 brokers: `node --import tsx scripts/faults.ts [--faults 200] [--seed N] [--roles leaf,router,root]`. Prints the seed, each
 * fault as it comes, and how long what followed took; ends with status 1 at the first fault that was not got over, or when a broker held
 * more at last than at first.
 */
import { parseArgs } from "node:util";
import { FAULT_ATTRIBUTES, FaultLoop, type FaultReport } from "../test/helpers/fault-loop.ts";
import { chooseFault, FAULT_ROLES } from "../test/helpers/fault-plan.ts";
import { leaks, median, summarize } from "../test/helpers/fault-summary.ts";
import { seededRandom } from "../test/helpers/message-fuzz.ts";
import { SupervisedTree } from "../test/helpers/supervised-tree.ts";
import { TemporaryFolder } from "../test/helpers/temporary-folder.ts";

const SIZE = 15;
/** A process that was seen well so often is asked whether it leaks. */
const SEEN = 10;

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 0) return number;
  console.error(`${name} must be a whole number: ${text}`);
  process.exit(2);
}

const { values } = parseArgs({
  options: { faults: { type: "string" }, seed: { type: "string" }, roles: { type: "string" } },
});
const faults = wholeNumber(values.faults, 200, "--faults");
const seed = wholeNumber(values.seed, Date.now() % 0x1_0000_0000, "--seed");
const roles = FAULT_ROLES.filter((role) => values.roles?.split(",").includes(role) ?? true);
console.log(`${faults} faults of ${roles.join(", ")} in a tree of ${SIZE} ranks, kary:2; seed ${seed}`);

await using folder = await TemporaryFolder.make();
const tree = await SupervisedTree.start(folder.path, {
  size: SIZE,
  topology: "kary:2",
  attributes: FAULT_ATTRIBUTES,
  runMs: 24 * 3600 * 1000,
});
process.once("SIGINT", () => void tree.stop().then(() => process.exit(130)));
const reports: FaultReport[] = [];
try {
  await using loop = await FaultLoop.over(tree, seed);
  const random = seededRandom(seed);
  const started = performance.now();
  for (let i = 1; i <= faults; i++) {
    const fault = chooseFault(tree.topology, random, roles);
    const what = `${i}: ${fault.kind} of ${fault.role} ${fault.rank}${fault.torpid ? " until it is torpid" : ""}`;
    try {
      const report = await loop.run(fault);
      reports.push(report);
      const lastly = report.lastly.split("\n", 1)[0];
      console.log(
        `${what}: well after ${Math.round(report.wellMs)} ms${lastly === "" ? "" : `, lastly ${lastly}`}`,
      );
    } catch (error) {
      console.error(`${what}, seed ${seed}: FAILED`);
      throw error;
    }
  }
  console.log(`\n${faults} faults in ${Math.round((performance.now() - started) / 1000)} s, all got over`);
  console.log("milliseconds, median and longest:");
  for (const line of summarize(reports)) console.log(`  ${line}`);
  console.log("pings meanwhile, and the longest wait:");
  for (const [outcome, count] of loop.pings.outcomes) {
    const longest = loop.pings.longest.get(outcome);
    const path = longest === undefined ? "" : `, on the way ${longest.path.join("-")}`;
    console.log(`  ${count} ${outcome}: ${Math.round(longest?.waitedMs ?? 0)} ms${path}`);
  }
  const statuses = tree.exits.map(({ status, signal }) => String(signal ?? status));
  const counts = [...new Set(statuses)].map(
    (it) => `${statuses.filter((other) => other === it).length} with ${it}`,
  );
  console.log(`brokers that ended: ${counts.join(", ")}`);

  const histories = loop.figures.histories(SEEN);
  const found = leaks(histories);
  console.log(
    `${histories.length} processes were seen ${SEEN} times or more, the longest ${histories[0]?.figures.length ?? 0} times:`,
  );
  for (const line of found.lines.slice(0, 8)) console.log(`  ${line}`);
  console.log(`memory of the first of them from first to last: ${found.longest.join(" ")} MiB`);
  console.log(
    `median growth: ${median(found.handleGrowth)} handles, ${Math.round(median(found.memoryGrowth) / 1024)} KiB`,
  );
  if (found.over.length > 0) {
    console.error(`more is held than before: ${found.over.join("; ")}`);
    process.exitCode = 1;
  }
} finally {
  await tree.stop();
}

/**
 * Lost events come back: simulations of whole trees by seeds. `node --import tsx scripts/simulate.ts [--seeds 10000] [--seed 1] [--processes 2]` runs
 * so many from that one on; `--seed S --trace` one of them, with what happens in it; `--break NAME` with something broken. Ends with status 1
 * when a seed fails.
 */
import { parseArgs } from "node:util";
import { simulate } from "../test/helpers/event-simulation.ts";
import { SimulationPool } from "../test/helpers/event-simulation-pool.ts";
import { SABOTAGE } from "../test/helpers/event-simulation-sabotage.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string" },
    seed: { type: "string" },
    processes: { type: "string" },
    trace: { type: "boolean" },
    break: { type: "string" },
  },
});

function wholeNumber(text: string | undefined, fallback: number, name: string): number {
  const number = text === undefined ? fallback : Number(text);
  if (Number.isSafeInteger(number) && number >= 1) return number;
  console.error(`${name} must be a whole number from 1 on: ${text}`);
  process.exit(2);
}

function tellFaults(seed: number, faults: readonly string[]): void {
  console.log(`seed ${seed} FAILED; run it again with: npm run simulate -- --seed ${seed} --trace`);
  for (const fault of faults) console.log(`  ${fault}`);
}

const seed = wholeNumber(values.seed, 1, "--seed");
const seeds = wholeNumber(values.seeds, values.seed === undefined ? 10_000 : 1, "--seeds");
const processes = wholeNumber(values.processes, 2, "--processes");
const broken = values.break;
if (broken !== undefined && SABOTAGE[broken] === undefined) {
  console.error(`--break takes one of: ${Object.keys(SABOTAGE).join("; ")}`);
  process.exit(2);
}

if (values.trace === true || broken !== undefined) {
  if (broken !== undefined) SABOTAGE[broken]!();
  let failed = 0;
  for (let at = seed; at < seed + seeds; at++) {
    const { faults, trace } = await simulate(at, { trace: values.trace });
    for (const line of trace) console.log(line);
    if (faults.length > 0) tellFaults(at, faults);
    if (faults.length > 0) failed++;
  }
  console.log(`${failed} of ${seeds} seeds failed`);
  process.exitCode = failed > 0 ? 1 : 0;
} else {
  const started = performance.now();
  await using pool = new SimulationPool(processes);
  let done = 0;
  const { failed, figures } = await pool.run({ first: seed, count: seeds }, (report) => {
    for (const { seed, faults } of report.failed) tellFaults(seed, faults);
    done += report.count;
    if (done % 1000 < report.count) console.log(`${done} seeds in ${elapsed()} s`);
  });
  function elapsed(): number {
    return Math.round((performance.now() - started) / 1000);
  }
  console.log(`${seeds} seeds from ${seed} on in ${elapsed()} s: ${failed.length} failed`);
  for (const [name, value] of Object.entries(figures)) console.log(`  ${name}: ${value}`);
  process.exitCode = failed.length > 0 ? 1 : 0;
}

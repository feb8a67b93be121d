import { simulate } from "./event-simulation.ts";
import type { SimulationReport, SimulationTask } from "./event-simulation-pool.ts";
import { SABOTAGE } from "./event-simulation-sabotage.ts";

// Errors come by the thousand; where they were made is told for one seed at a time.
Error.stackTraceLimit = 0;

/** Runs the seeds of a task, and tells what came of them. */
async function run({ first, count, sabotage, untilFault, trace }: SimulationTask): Promise<SimulationReport> {
  const mend = sabotage === undefined ? () => {} : SABOTAGE[sabotage]!();
  const report: SimulationReport = { first, count: 0, failed: [], figures: {}, trace: [] };
  try {
    for (let seed = first; seed < first + count; seed++) {
      const { faults, figures, trace: lines } = await simulate(seed, { trace });
      report.count++;
      report.trace.push(...lines);
      if (faults.length > 0) report.failed.push({ seed, faults });
      for (const [name, value] of Object.entries(figures))
        report.figures[name] = (report.figures[name] ?? 0) + value;
      if (untilFault === true && faults.length > 0) break;
    }
  } finally {
    mend();
  }
  return report;
}

process.on("message", (task: SimulationTask) => {
  void run(task).then((report) => process.send?.(report));
});
// Whoever made this process is gone.
process.on("disconnect", () => process.exit());

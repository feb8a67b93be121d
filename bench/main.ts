/** `npm run bench`: fluxbus against the bare relay, and against other brokers when asked. See docs/benchmarks.md. */
import { compareBuilds } from "./against/compare-builds.ts";
import { textOfComparison } from "./against/report.ts";
import { openBuild } from "./build.ts";
import { compare } from "./compare.ts";
import { measureEventLog } from "./event-log/measure.ts";
import { linesOfEventLog } from "./event-log/report.ts";
import { idleClientCost, pendingRequestCost } from "./memory.ts";
import { findNats } from "./nats-server.ts";
import { type Options, readOptions, USAGE } from "./options.ts";
import { thisBuild, useBuild } from "./product.ts";
import { profile } from "./profile.ts";
import {
  emptyReport,
  headOfComparison,
  headOfHost,
  lineOfComparison,
  lineOfMemory,
  lineOfSubscriptions,
  type Report,
} from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";
import { compareSubscriptions } from "./subscriptions.ts";
import type { SystemName } from "./systems/system.ts";
import { measureTree, SIZES, TOPOLOGIES } from "./tree/measure.ts";
import { headOfTree, lineOfLatency, lineOfTree } from "./tree/report.ts";

async function main(options: Options): Promise<void> {
  if (options.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (options.against !== undefined) {
    await measureAgainst(options, options.against);
    return;
  }
  if (options.dist !== undefined) useBuild(openBuild(options.dist));
  if (options.profile !== undefined) {
    for await (const text of profile(options.profile, options.seconds)) process.stdout.write(text);
    return;
  }
  const report = emptyReport(options.runs, options.seconds);
  const print = (text: string): void => {
    if (!options.json) process.stdout.write(text);
  };
  await measure(options, report, print);
  if (options.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

/** Compares this build (or that of --dist) with another; the exit status says whether anything is worse. */
async function measureAgainst(options: Options, against: string): Promise<void> {
  const current = options.dist === undefined ? thisBuild() : openBuild(options.dist);
  const comparison = await compareBuilds(current, openBuild(against), options, (text) =>
    process.stderr.write(`${text}\n`),
  );
  process.stdout.write(
    options.json ? `${JSON.stringify(comparison, undefined, 2)}\n` : textOfComparison(comparison),
  );
  if (!comparison.met) process.exitCode = 1;
}

async function measure(options: Options, report: Report, print: (text: string) => void): Promise<void> {
  const wanted = (name: string): boolean =>
    options.only.length === 0 || options.only.some((part) => name.includes(part));
  const systems = systemsOf(options, report);
  const scenarios = SCENARIOS.filter(({ name }) => wanted(name));
  const memory = wanted("memory");
  const subscriptions = wanted("subscriptions");
  const tree = wanted("tree");
  const eventLog = wanted("event-log");
  if (scenarios.length === 0 && !memory && !subscriptions && !tree && !eventLog)
    throw new TypeError(`no scenario has a name with ${options.only.join(" or ")} in it`);
  print(headOfHost(report));
  for (const reason of report.skipped) print(`${reason}\n`);
  if (scenarios.length > 0) print(headOfComparison(systems));
  for (const scenario of scenarios) {
    const compared = await compare(scenario, systems, options);
    report.compared.push(compared);
    print(lineOfComparison(compared));
  }
  if (subscriptions) {
    for (const system of systems) {
      if (system === "relay") continue;
      const cost = await compareSubscriptions(system, options);
      report.subscriptions.push(cost);
      print(lineOfSubscriptions(cost));
    }
  }
  if (eventLog) {
    report.eventLog = await measureEventLog(options);
    print(linesOfEventLog(report.eventLog));
  }
  if (memory) {
    for (const measureCost of [idleClientCost, pendingRequestCost]) {
      const cost = await measureCost();
      report.memory.push(cost);
      print(lineOfMemory(cost));
    }
  }
  if (tree) {
    print(headOfTree());
    for (const topology of TOPOLOGIES) {
      for (const size of SIZES) {
        const cost = await measureTree(topology, size, options.seconds);
        report.trees.push(cost);
        print(lineOfTree(cost));
      }
      print(lineOfLatency(report.trees.at(-1)!));
    }
  }
}

function systemsOf(options: Options, report: Report): SystemName[] {
  const systems: SystemName[] = ["relay", "fluxbus"];
  if (options.peer !== undefined) systems.push("peer");
  if (options.nats) {
    if (findNats() === undefined) report.skipped.push("nats: skipped, for there is no nats-server on PATH");
    else systems.push("nats");
  }
  return systems;
}

try {
  await main(readOptions(process.argv.slice(2)));
} catch (error) {
  console.error(error instanceof TypeError ? `${error.message}\n${USAGE}` : error);
  process.exitCode = 1;
}

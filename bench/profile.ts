import type { Profiler } from "node:inspector";
import type { Program } from "./control/program.ts";
import { Rig } from "./rig.ts";
import { SCENARIOS, type Scenario } from "./scenarios.ts";
import { isEvents } from "./work.ts";

const TOP = 15;
const WARM_UP_SECONDS = 1;

/**
 * Where the programs of each scenario whose name contains `name` spend their time, of all for `"all"`: the functions with the most time of their
 * own, as text.
 */
export async function* profile(name: string, seconds: number): AsyncIterable<string> {
  const scenarios = SCENARIOS.filter((scenario) => name === "all" || scenario.name.includes(name));
  if (scenarios.length === 0) {
    throw new TypeError(`--profile: '${name}' is none of ${SCENARIOS.map((known) => known.name).join(", ")}`);
  }
  for (const scenario of scenarios) yield await profileOf(scenario, seconds);
}

async function profileOf(scenario: Scenario, seconds: number): Promise<string> {
  await using rig = await Rig.open("fluxbus", scenario.work);
  await rig.run(WARM_UP_SECONDS);
  const programs: [string, Program][] = [
    ["broker", rig.hub!],
    ["client", rig.near],
    [isEvents(scenario.work) ? "subscribers" : "service", rig.far],
  ];
  for (const [, program] of programs) await program.call("profileStart");
  const run = await rig.run(seconds);
  let text = `${scenario.name}: ${Math.round(run.count / run.seconds)} a second\n`;
  for (const [role, program] of programs) {
    text += `\n${role}\n${table(await program.call<Profiler.Profile>("profileStop"), run.count)}`;
  }
  return `${text}\n`;
}

interface Cost {
  readonly place: string;
  micros: number;
}

function table(profile: Profiler.Profile, count: number): string {
  const costs = selfTimes(profile);
  const busy = costs.filter(({ place }) => place !== "(idle)");
  const total = sum(costs);
  const head = `  busy ${percent(sum(busy), total)} of the time, ${(sum(busy) / count).toFixed(2)} µs each\n`;
  return busy
    .toSorted((a, b) => b.micros - a.micros)
    .slice(0, TOP)
    .reduce((text, { place, micros }) => {
      const share = percent(micros, sum(busy)).padStart(6);
      return `${text}  ${share}  ${(micros / count).toFixed(3).padStart(9)} µs  ${place}\n`;
    }, head);
}

/** Time of each function itself, whoever called it. */
function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Cost[] {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const costs = new Map<string, Cost>();
  for (const [index, id] of samples.entries()) {
    const place = places.get(id)!;
    const cost = costs.get(place) ?? { place, micros: 0 };
    // A delta is the time since the previous sample: the time spent at this one is the next delta.
    cost.micros += timeDeltas[index + 1] ?? 0;
    costs.set(place, cost);
  }
  return [...costs.values()];
}

function placeOf({
  functionName,
  url,
  lineNumber,
}: {
  functionName: string;
  url: string;
  lineNumber: number;
}): string {
  const name = functionName === "" ? "(anonymous)" : functionName;
  if (url === "") return name;
  const file = url.replace(/^.*\/(?=(?:dist|bench|node_modules)\/)/, "").replace(/\?.*$/, "");
  return `${name}  ${file}:${lineNumber + 1}`;
}

function sum(costs: readonly Cost[]): number {
  return costs.reduce((total, { micros }) => total + micros, 0);
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)}%`;
}

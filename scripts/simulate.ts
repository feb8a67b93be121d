import { parseArgs } from "node:util";
import { simulate } from "../test/helpers/event-simulation.ts";
const { values } = parseArgs({ options: { seeds: { type: "string" }, seed: { type: "string" }, trace: { type: "boolean" } } });
const first = Number(values.seed ?? 1), seeds = Number(values.seeds ?? 1);
const t0 = performance.now(); const cpu = process.cpuUsage();
let bad = 0; const sum: Record<string, number> = {};
for (let seed = first; seed < first + seeds; seed++) {
  const r = await simulate(seed, { trace: values.trace === true });
  for (const [k, v] of Object.entries(r.figures)) sum[k] = (sum[k] ?? 0) + v;
  if (values.trace) for (const l of r.trace) console.log(l);
  if (r.faults.length) { bad++; console.log(`seed ${seed}:`); for (const f of r.faults) console.log(`  ${f}`); }
}
const used = process.cpuUsage(cpu);
console.log(bad, "bad of", seeds, "wall", (performance.now() - t0) | 0, "cpu", ((used.user + used.system) / 1000) | 0, sum);
if (process.env.KINDS) console.log(Object.entries((globalThis as any).kinds).sort((a: any, b: any) => b[1] - a[1]).slice(0, 20));

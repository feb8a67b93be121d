import { cpus } from "node:os";
import type { Compared, Measured } from "./compare.ts";
import type { EventLogCost } from "./event-log/measure.ts";
import type { MemoryCost } from "./memory.ts";
import { FEW_PREFIXES, MANY_PREFIXES, type Scenario, SUBSCRIPTIONS_LIMIT } from "./scenarios.ts";
import { median } from "./statistics.ts";
import type { SubscriptionCost } from "./subscriptions.ts";
import type { SystemName } from "./systems/system.ts";
import type { TreeCost } from "./tree/measure.ts";

/** All that a run of the benchmark found; what `--json` prints. */
export interface Report {
  readonly host: { readonly node: string; readonly cpu: string; readonly cores: number };
  readonly runs: number;
  readonly seconds: number;
  readonly compared: Compared[];
  readonly subscriptions: SubscriptionCost[];
  /** Undefined when it was not measured. */
  eventLog: EventLogCost | undefined;
  readonly memory: MemoryCost[];
  readonly trees: TreeCost[];
  /** What was asked for and could not be done, and why. */
  readonly skipped: string[];
}

export function emptyReport(runs: number, seconds: number): Report {
  const host = { node: process.version, cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length };
  return {
    host,
    runs,
    seconds,
    compared: [],
    subscriptions: [],
    eventLog: undefined,
    memory: [],
    trees: [],
    skipped: [],
  };
}

const OTHERS: readonly SystemName[] = ["peer", "nats"];

export function headOfHost({ host, runs, seconds }: Report): string {
  return `node ${host.node}, ${host.cores} x ${host.cpu}; median of ${runs} runs of ${seconds} s; ratios to the bare relay\n`;
}

export function headOfComparison(systems: readonly SystemName[]): string {
  const others = systems.filter((name) => OTHERS.includes(name));
  const head = ["scenario", "relay", "fluxbus", "ratio", "limit", "", "cpu relay", "cpu fluxbus"];
  return `${row([...head, ...others.flatMap((name) => [name, "ratio"])])}\n`;
}

/** A line of the table: medians, ratio, limit, and processor time for each response or event: client + hub + other side. */
export function lineOfComparison({ scenario, systems, met }: Compared): string {
  const { relay, fluxbus } = systems;
  const cells = [
    scenario.name,
    `${amount(relay!.median)}`,
    `${amount(fluxbus!.median)} ${scenario.unit}`,
    fluxbus!.ratio.toFixed(2),
    `${scenario.unit === "µs" ? "<=" : ">="} ${scenario.limit}`,
    verdict(met, scenario, fluxbus!.ratio),
    cpu(relay!),
    cpu(fluxbus!),
  ];
  for (const name of OTHERS) {
    const other = systems[name];
    if (other !== undefined) cells.push(amount(other.median), other.ratio.toFixed(2));
  }
  return `${row(cells)}\n`;
}

export function lineOfSubscriptions(cost: SubscriptionCost): string {
  const { system, medianFew, medianMany, ratio, met } = cost;
  const rates = `${amount(medianFew)} events/s beside ${FEW_PREFIXES} prefixes, ${amount(medianMany)} beside ${MANY_PREFIXES}`;
  return `subscriptions (${system}): ${rates}; ratio ${ratio.toFixed(2)}, limit >= ${SUBSCRIPTIONS_LIMIT}: ${met ? "met" : "MISSED"}\n`;
}

export function lineOfMemory({ name, count, rssBytes, heapBytes, limitBytes, met }: MemoryCost): string {
  const each = `${bytes(rssBytes)} resident, ${bytes(heapBytes)} heap`;
  return `memory of the broker for each ${name} (${amount(count)}): ${each}; limit ${bytes(limitBytes)}: ${met ? "met" : "MISSED"}\n`;
}

function verdict(met: boolean, { unit, aim, limit }: Scenario, ratio: number): string {
  if (!met) return "MISSED";
  const reached = unit === "µs" ? ratio <= aim : ratio >= aim;
  return reached && aim !== limit ? "met, and aim" : "met";
}

/** Medians of client + hub + other side, in microseconds; a hub that is not our process shows as "?". */
function cpu({ runs }: Measured): string {
  const part = (values: readonly number[]): string => (values.length === 0 ? "?" : amount(median(values)));
  const hubs = runs.map((run) => run.cpuMicros.hub).filter((value) => value !== undefined);
  return `${part(runs.map((run) => run.cpuMicros.near))}+${part(hubs)}+${part(runs.map((run) => run.cpuMicros.far))} µs`;
}

function amount(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

function bytes(value: number): string {
  return Math.abs(value) >= 10 * 1024 ? `${(value / 1024).toFixed(1)} KiB` : `${Math.round(value)} B`;
}

const WIDTHS = [17, 10, 22, 6, 7, 13, 21, 21, 9, 6, 9, 6];

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0]!) : cell.padStart(WIDTHS[index] ?? 12)))
    .join(" ")
    .trimEnd();
}

import type { BuildComparison } from "./compare-builds.ts";
import { type Finding, WANTED_THRESHOLD } from "./ledger.ts";

const HEAD = [
  "ratio",
  "this",
  "other",
  "",
  "better",
  "change",
  "threshold",
  "rounds",
  "verdict",
  "broker cpu",
];

/** The table of all ratios, and what it comes to. */
export function textOfComparison(comparison: BuildComparison): string {
  const { current, other, runs, minutes, findings, failures, load, cores } = comparison;
  const rows = [HEAD, ...findings.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd(),
  );
  return [
    `this:  ${current}`,
    `other: ${other}`,
    `node ${process.version}; medians of ${runs} runs in turns, ${minutes.toFixed(1)} minutes; load before: ${load.toFixed(1)} on ${cores} cores`,
    ...lines,
    ...failures.map(({ subject, reason }) => `${subject}: not compared: ${reason}`),
    summaryOf(comparison),
    "",
  ].join("\n");
}

function summaryOf({ findings, failures, runs, complete }: BuildComparison): string {
  const worse = findings.filter(({ verdict }) => verdict === "worse").map(({ ratio }) => ratio);
  const loud = findings.filter(({ threshold }) => threshold > 2 * WANTED_THRESHOLD).map(({ ratio }) => ratio);
  const parts = [worse.length === 0 ? "nothing is worse" : `worse: ${worse.join(", ")}`];
  if (complete < runs) parts.push(`the time ran out after ${complete} of ${runs} runs`);
  if (failures.length > 0) parts.push(`not compared: ${failures.map(({ subject }) => subject).join(", ")}`);
  if (loud.length > 0) parts.push(`too noisy for a loss of 10 %: ${loud.join(", ")}`);
  return parts.join("; ");
}

function cellsOf(finding: Finding): string[] {
  const { ratio, current, other, unit, better, change, threshold, runs, verdict, brokerMicros } = finding;
  return [
    ratio,
    amount(current),
    amount(other),
    unit,
    better,
    signed(change),
    percent(threshold),
    `${runs.reduce((sum, rounds) => sum + rounds.length, 0)}`,
    verdict === "worse" ? "WORSE" : verdict,
    brokerMicros === undefined ? "" : signed(brokerMicros.current / brokerMicros.other - 1),
  ];
}

function signed(fraction: number): string {
  return `${fraction < 0 ? "" : "+"}${percent(fraction)}`;
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

function amount(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

import { kindsOf } from "./attacks.ts";
import type { RoundReport } from "./round.ts";

const MIB = 1024 * 1024;

/** A line for a round. */
export function describeRound(round: number, report: RoundReport): string {
  const { attack, notes, failures, extraMs, peak, growth, ms } = report;
  const figures = [
    `ping ${Math.round(extraMs)} ms longer`,
    `${Math.round(peak / MIB)} MiB resident`,
    `${signed(growth.heapUsed)} MiB of heap`,
    `${signed(growth.external)} MiB outside`,
    `${(ms / 1000).toFixed(1)} s`,
  ];
  const lines = [`${round}: ${attack.name}: ${notes}`, `   ${figures.join(", ")}`];
  return [...lines, ...failures.map((failure) => `   FAILED: ${failure}`)].join("\n");
}

function signed(bytes: number): string {
  return `${bytes < 0 ? "" : "+"}${(bytes / MIB).toFixed(1)}`;
}

/** A line for each kind: rounds, and the worst figures. */
export function summarizeRounds(reports: readonly RoundReport[]): string[] {
  const header = [
    "kind",
    "rounds",
    "failed",
    "ping ms",
    "resident MiB",
    "heap MiB",
    "outside MiB",
    "seconds",
  ];
  const rows = kindsOf(reports.map(({ attack }) => attack)).map((kind) => {
    const group = reports.filter(({ attack }) => attack.kind === kind);
    const worst = (figure: (report: RoundReport) => number): number => Math.max(...group.map(figure));
    return [
      kind,
      String(group.length),
      String(group.filter(({ failures }) => failures.length > 0).length),
      String(Math.round(worst(({ extraMs }) => extraMs))),
      String(Math.round(worst(({ peak }) => peak) / MIB)),
      signed(worst(({ growth }) => growth.heapUsed)),
      signed(worst(({ growth }) => growth.external)),
      String(Math.round(worst(({ ms }) => ms) / 1000)),
    ];
  });
  const table = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  return table.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  "),
  );
}

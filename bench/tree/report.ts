import type { Passed, TreeCost } from "./measure.ts";

const WIDTHS = [9, 6, 9, 10, 11, 12, 10, 10, 10, 12, 12, 12, 9];

/** The lines above the table. */
export function headOfTree(): string {
  const head = [
    "tree",
    "ranks",
    "boot ms",
    "cpu ms/rk",
    "boot B/rank",
    "KiB/rank",
    "events/s",
    "µs/deliv.",
    "msgs/event",
    "B/event",
    "B/link alone",
    "stop ms",
  ];
  return `an instance in one process: rank 0 publishes, each rank subscribes\n${row(head)}\n`;
}

export function lineOfTree({ topology, size, boot, events, stopMs }: TreeCost): string {
  const links = Math.max(size - 1, 1);
  return `${row([
    topology,
    `${size}`,
    amount(boot.ms),
    amount(boot.cpuMs / size),
    amount(boot.passed.bytes / size),
    // Fewer ranks are lost in what the process itself takes.
    size < 64 ? "-" : amount(boot.rssBytes / size / 1024),
    amount(events.perSecond),
    amount(events.cpuMicros),
    amount(events.passed.messages),
    amount(events.passed.bytes),
    amount(events.alone.bytes / links),
    amount(stopMs),
  ])}\n`;
}

/** Time of a request by the number of links on its way, and what passes on one of them. */
export function lineOfLatency({ topology, size, latency }: TreeCost): string {
  const times = latency.map(({ hops, micros }) => `${hops}: ${amount(micros)}`).join(", ");
  const last = latency.at(-1)!;
  const each = last.hops === 0 ? "" : `; ${eachLink(last.passed, last.hops)}`;
  return `${topology}, ${size} ranks: µs of a request by links to its rank: ${times}${each}\n`;
}

/** A request passes each link twice: once as such, once as its answer. */
function eachLink({ messages, bytes }: Passed, hops: number): string {
  return `each link is passed by ${amount(messages / hops)} messages of ${amount(bytes / messages)} B`;
}

function amount(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3);
}

function row(cells: readonly string[]): string {
  return cells
    .map((cell, index) => (index === 0 ? cell.padEnd(WIDTHS[0]!) : cell.padStart(WIDTHS[index] ?? 12)))
    .join(" ");
}

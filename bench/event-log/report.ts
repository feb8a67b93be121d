import { median } from "../statistics.ts";
import type { EventLogCost, KeptCost } from "./measure.ts";

export function linesOfEventLog({ off, kept, replay }: EventLogCost): string {
  const verdict = (met: boolean): string => (met ? "met" : "MISSED");
  const lineOf = ({ where, rates, ratio, limit, met, brokerMicros, extraMicros }: KeptCost): string =>
    `event-log, ${where}: ${amount(median(rates))} publications/s; ratio ${ratio.toFixed(2)}, limit >= ${limit}: ${verdict(met)}; ` +
    `broker ${brokerMicros.toFixed(2)} µs each, of which ${extraMicros.toFixed(2)}`;
  return [
    `event-log, off: ${amount(median(off))} publications/s, 64 B, confirmed, to one subscriber`,
    ...kept.map(lineOf),
    `event-log, replay: ${amount(replay.median)} events/s to one subscriber; limit >= ${amount(replay.limit)}: ${verdict(replay.met)}`,
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function amount(value: number): string {
  return Math.round(value).toLocaleString("en");
}

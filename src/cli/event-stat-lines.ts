import { isObject, type JsonObject, type JsonValue } from "../json/index.ts";

/**
 * What `event.stat` answers, for people: a line for each part, which begins with its name. A part that there is not has a dash.
 *
 * Names of counters are those of the response; sizes are in bytes and times in milliseconds there and here.
 */
export function eventStatLines(stat: JsonObject): string[] {
  const { epoch, last, first, ...parts } = stat;
  const lines: [name: string, text: string][] = [["last", positionText({ epoch, seq: last })]];
  if (isObject(first)) lines.push(["first", positionText(first)]);
  if (typeof epoch === "number" && epoch > 0) lines.push(["epoch", new Date(epoch).toISOString()]);
  for (const [name, part] of Object.entries(parts)) lines.push([name, partText(part)]);
  const width = Math.max(...lines.map(([name]) => name.length));
  return lines.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
}

function positionText({ epoch, seq }: JsonObject): string {
  return epoch === 0 ? `${seq}, of an epoch that is not known yet` : `${epoch}:${seq}`;
}

function partText(part: JsonValue | undefined): string {
  if (part === null || part === undefined) return "-";
  if (!isObject(part)) return String(part);
  return Object.entries(part)
    .map(([name, value]) => `${name} ${value ?? "-"}`)
    .join(", ");
}

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1000,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Milliseconds of a duration as Flux writes it: a number with a unit (ms, s, m, h, d; without one seconds), or `inf`.
 * Undefined for other texts. Source: RFC 23.
 */
export function parseDuration(text: string): number | undefined {
  if (/^inf(inity)?$/i.test(text)) return Number.POSITIVE_INFINITY;
  const match = /^(\d+(?:\.\d*)?|\.\d+)(ms|s|m|h|d|)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]!]!;
}

/**
 * A duration in milliseconds as Flux writes it: in seconds if it can be read so, in milliseconds when it is short, in larger units when it is
 * long, with so many digits at most. Source: RFC 23.
 */
export function formatDuration(ms: number, precision = 6): string {
  if (ms === Number.POSITIVE_INFINITY) return "infinity";
  const digits = (value: number): string => String(Number(value.toPrecision(precision)));
  if (ms < 100 && ms !== 0) return `${digits(ms)}ms`;
  if (ms < UNITS["m"]!) return `${digits(ms / UNITS["s"]!)}s`;
  if (ms < UNITS["h"]!) return `${digits(ms / UNITS["m"]!)}m`;
  if (ms < UNITS["d"]!) return `${digits(ms / UNITS["h"]!)}h`;
  return `${digits(ms / UNITS["d"]!)}d`;
}

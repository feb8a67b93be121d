/** A version as a hello tells it: major, minor and patch in a byte each. */
export function encodeVersion(major: number, minor: number, patch: number): number {
  return (major << 16) | (minor << 8) | patch;
}

/** The number of a version's text such as `0.88.0` or `0.88.0-59-g4a5e79f56`; undefined when it is none. */
export function parseVersion(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[-+].*)?$/.exec(text);
  if (match === null) return undefined;
  const numbers = match.slice(1, 4).map(Number);
  if (numbers.some((number) => number > 255)) return undefined;
  return encodeVersion(numbers[0]!, numbers[1]!, numbers[2]!);
}

/** `major.minor.patch`. */
export function formatVersion(version: number): string {
  return `${(version >> 16) & 0xff}.${(version >> 8) & 0xff}.${version & 0xff}`;
}

/** Whether brokers of these versions may be neighbours: major and minor are the same. */
export function versionsFit(one: number, other: number): boolean {
  return ((one ^ other) & 0xffff00) === 0;
}

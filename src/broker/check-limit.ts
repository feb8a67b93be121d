import { FluxError } from "../base/index.ts";

/** The value of a limit, a whole number. Throws EINVAL, which names it, when it is out of its range. */
export function checkLimit(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new FluxError("EINVAL", `${name} is ${value}: it has to be a whole number from ${least} to ${most}`);
}

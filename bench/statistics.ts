/** The middle one; the mean of the two in the middle when their number is even. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Median of the ratios of values that were measured one after the other. */
export function medianRatio(values: readonly number[], to: readonly number[]): number {
  return median(values.map((value, index) => value / to[index]!));
}

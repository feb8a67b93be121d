/**
 * Limits how many brokers a script of flux-core's starts for itself. What a single case starts on its own is left as it is, but for the nodes of
 * a batch job: without them the job, and the script, would wait for ever.
 */

export type Kind = "sharness" | "python" | "lua";

const PATTERNS: Readonly<Record<Kind, readonly RegExp[]>> = {
  sharness: [/^(\s*test_under_flux\s+)(\d+)/gm, /^(SIZE=)(\d+)/gm, /(\bflux batch -N)(\d+)/g],
  python: [/(\brerun_under_flux\((?:size=)?)(\d+)/g, /(\bdef __flux_size\(\):\s+return\s+)(\d+)/g],
  lua: [/(\bstart_session\s*\{.*?\bsize\s*=\s*)(\d+)/g],
};

/** The text of a script with each size over `max` replaced by `max`. */
export function limitSizes(kind: Kind, text: string, max: number): string {
  return PATTERNS[kind].reduce(
    (changed, pattern) =>
      changed.replace(pattern, (_, before: string, size: string) => before + Math.min(Number(size), max)),
    text,
  );
}

/** What makes sharness' `test_size_large` answer at most `max`. */
export function sizeEnvironment(max: number | undefined): Record<string, string> {
  if (max === undefined) return {};
  return { FLUX_TEST_SIZE_MIN: String(Math.min(4, max)), FLUX_TEST_SIZE_MAX: String(Math.min(17, max)) };
}

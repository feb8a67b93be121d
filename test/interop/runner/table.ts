/** What the runner prints. */
import type { Verdict } from "./verdict.ts";

export function heading(): string {
  return row("script", "passed", "failed", "skipped", "seconds");
}

/** One script: its figures, then its failed cases. */
export function lines(verdict: Verdict): string {
  const { result, passed, failed, skipped, stale } = verdict;
  const count = result.cases.filter(({ number }) => number > 0).length;
  const figures = row(
    result.script,
    `${passed}/${count}`,
    String(failed.length),
    String(skipped),
    result.seconds.toFixed(1),
  );
  const failures = failed.map(({ case: { number, name }, reason }) => {
    const what = number === 0 ? "as a whole" : `${number} - ${name || "no result"}`;
    return reason === undefined
      ? `    NOT OK ${number === 0 ? name : what}`
      : `    known  ${what} (${reason})`;
  });
  return [
    figures,
    ...(result.skipAll === undefined ? [] : [`    skipped as a whole: ${result.skipAll}`]),
    ...failures,
    ...stale.map(({ number, problem }) => `    PASSED ${number} - ${problem}`),
    ...result.leftOver.map((process) => `    left over, and ended: ${process}`),
  ].join("\n");
}

export function summary(verdicts: readonly Verdict[]): string {
  const sum = (figure: (verdict: Verdict) => number): number =>
    verdicts.reduce((total, verdict) => total + figure(verdict), 0);
  const cases = sum(({ result }) => result.cases.filter(({ number }) => number > 0).length);
  const unknown = sum(({ failed }) => failed.filter(({ reason }) => reason === undefined).length);
  const stale = sum((verdict) => verdict.stale.length);
  const total = row(
    "all",
    `${sum((verdict) => verdict.passed)}/${cases}`,
    String(sum((verdict) => verdict.failed.length)),
    String(sum((verdict) => verdict.skipped)),
    sum(({ result }) => result.seconds).toFixed(1),
  );
  const verdict =
    unknown + stale === 0
      ? "every failure is a known one"
      : `${unknown} failed that should pass, ${stale} listed as failing did not fail`;
  return `${total}\n${verdict}`;
}

function row(name: string, ...figures: readonly string[]): string {
  return name.padEnd(36) + figures.map((figure) => figure.padStart(9)).join("");
}

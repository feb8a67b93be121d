import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";

/** Waits until `condition` holds, looking every millisecond; fails with `what` after `boundMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  boundMs = 5000,
): Promise<void> {
  const end = performance.now() + boundMs;
  while (!(await condition())) {
    assert(performance.now() < end, `not within ${boundMs} ms: ${what}`);
    await delay(1);
  }
}

/** The promise's value, or a failure with `what` after `boundMs`. */
export async function within<T>(promise: Promise<T>, what: string, boundMs = 5000): Promise<T> {
  const stop = new AbortController();
  const late = delay(boundMs, undefined, { signal: stop.signal }).then(() =>
    assert.fail(`not within ${boundMs} ms: ${what}`),
  );
  // The timer's own end when the promise was in time.
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    stop.abort();
  }
}

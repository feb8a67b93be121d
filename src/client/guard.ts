/**
 * `callback`, a user's, such that what it throws goes to `report` and not to whoever calls it: a fault in a tracer must not cost the
 * connection.
 */
export function guarded<A extends unknown[]>(
  callback: ((...args: A) => void) | undefined,
  report: (thrown: unknown) => void,
): ((...args: A) => void) | undefined {
  if (callback === undefined) return undefined;
  return (...args) => {
    try {
      callback(...args);
    } catch (thrown) {
      report(thrown);
    }
  };
}

/** What was thrown, for the log: an error with its stack. */
export function describeThrown(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}

import type { FluxError } from "../base/index.ts";

/** What those wait for whose events are written together. */
export interface Commit {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: FluxError) => void;
}

export function makeCommit(): Commit {
  let resolve!: () => void;
  let reject!: (error: FluxError) => void;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  // A failure is reported, also when nobody waits.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

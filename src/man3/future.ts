import { FluxError } from "../base/index.ts";
import type { Message } from "../message/index.ts";
import { given } from "./arguments.ts";
import type { Future } from "./rpc-future.ts";

/** A future of flux_rpc(3) and its kin. */
export type flux_future_t = Future;

/** Called when a future is fulfilled. */
export type flux_continuation_f<A = unknown> = (f: flux_future_t, arg: A) => void | Promise<void>;

/**
 * The result: the response, NULL for a request that wants none. Waits until there is one.
 * @throws FluxError with the error the future was fulfilled with: that of the response, ENODATA at the end of a stream, ECONNRESET when the
 *   connection is lost, ECANCELED when the future is destroyed. Source: flux_future_get(3).
 */
export async function flux_future_get(f: flux_future_t): Promise<Message | null> {
  return given(f, "f").get();
}

/**
 * Calls `cb` with `arg` when the future is fulfilled, and again for each result that comes behind a reset. A `timeout` in seconds that is not
 * negative fulfills it with ETIMEDOUT. Source: flux_future_then(3).
 */
export function flux_future_then<A>(
  f: flux_future_t,
  timeout: number,
  cb: flux_continuation_f<A>,
  arg: A,
): void {
  if (typeof cb !== "function") throw new FluxError("EINVAL", "cb is no function");
  given(f, "f").whenReady(timeout, () => cb(f, arg));
}

/**
 * Resolves when the future is fulfilled, also with an error.
 * @param timeout - in seconds; negative for none.
 * @throws FluxError ETIMEDOUT; the future stays as it is then. Source: flux_future_wait_for(3).
 */
export async function flux_future_wait_for(f: flux_future_t, timeout: number): Promise<void> {
  await given(f, "f").wait(timeout);
}

/** True when there is a result to get at once. Source: future.h. */
export function flux_future_is_ready(f: flux_future_t): boolean {
  return f?.ready ?? false;
}

/** Drops the result: the next response is the next one. Source: flux_future_reset(3). */
export function flux_future_reset(f: flux_future_t): void {
  f?.reset();
}

/**
 * Drops the future. Its matchtag stays taken until the response, of a stream the error response, has come. The service is not told.
 * Source: flux_future_destroy(3), flux_rpc(3).
 */
export function flux_future_destroy(f: flux_future_t | null): void {
  f?.destroy();
}

/** True when the future is fulfilled with an error. Source: flux_future_has_error(3). */
export function flux_future_has_error(f: flux_future_t): boolean {
  return f?.failure !== undefined;
}

/** The text of the error a future is fulfilled with; NULL without one. Source: flux_future_error_string(3). */
export function flux_future_error_string(f: flux_future_t | null): string | null {
  return f?.failure === undefined ? null : f.error(f.failure).message;
}

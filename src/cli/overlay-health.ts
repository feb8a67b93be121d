import { FluxError } from "../base/index.ts";
import type { Flux } from "../client/index.ts";

/** What a broker says of a child of its. */
export interface ChildHealth {
  readonly rank: number;
  /** `full`, `partial`, `degraded`, `lost` or `offline`. */
  readonly status: string;
  /** Seconds since the status is this one. */
  readonly duration: number;
  /** Why a child is lost or offline. */
  readonly error?: string;
}

/** The answer of overlay.health: the status of the subtree of a broker, and what it says of its children. */
export interface Health {
  readonly rank: number;
  readonly status: string;
  readonly duration: number;
  readonly children: readonly ChildHealth[];
}

/** Longest wait for an answer in milliseconds, undefined for none. */
type Timeout = number | undefined;

const TOPIC = "overlay.health";

/** Asks a broker for its health. Rejects with ETIMEDOUT, EHOSTUNREACH and what the broker says. */
export async function askHealth(flux: Flux, rank: number, timeoutMs: Timeout): Promise<Health> {
  return (await flux.rpc(TOPIC, undefined, { nodeid: rank, timeoutMs })) as unknown as Health;
}

/** Waits until the subtree of a broker has a status; resolves to its health then. Rejects as `askHealth`, with ETIMEDOUT after all the time. */
export async function waitHealth(
  flux: Flux,
  rank: number,
  status: string,
  timeoutMs: Timeout,
): Promise<Health> {
  const late = new AbortController();
  const timer = timeoutMs === undefined ? undefined : setTimeout(() => late.abort(), timeoutMs);
  try {
    for await (const answer of flux.stream(TOPIC, undefined, { nodeid: rank, signal: late.signal })) {
      const health = answer as unknown as Health;
      if (health.status === status) return health;
    }
  } catch (error) {
    const text = `${status} not reached within ${timeoutMs} ms`;
    throw late.signal.aborted ? new FluxError("ETIMEDOUT", text) : error;
  } finally {
    clearTimeout(timer);
  }
  throw new FluxError("EPROTO", "the broker stopped to tell of its health");
}

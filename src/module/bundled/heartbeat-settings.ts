import { FluxError, parseDuration } from "../../base/index.ts";
import { type JsonObject, unpack } from "../../json/index.ts";

/** How the heartbeat beats. Source: flux-config-heartbeat(5). */
export interface HeartbeatSettings {
  /** Milliseconds from one beat to the next. */
  readonly periodMs: number;
  /** Milliseconds without a beat after which a rank leaves its parent; -1 for never. */
  readonly timeoutMs: number;
  /** Periods without a beat after which it is overdue. */
  readonly warnThresh: number;
}

const DEFAULTS: HeartbeatSettings = { periodMs: 2000, timeoutMs: 300_000, warnThresh: 3 };

/**
 * Reads the table `[heartbeat]` of a configuration.
 * @throws FluxError EINVAL for what makes no sense.
 */
export function readHeartbeatConfig(config: JsonObject): HeartbeatSettings {
  const { period, timeout, warn_thresh: warnThresh } = tableOf(config);
  const periodMs = period === undefined ? DEFAULTS.periodMs : durationOf("heartbeat.period", period);
  let timeoutMs = timeout === undefined ? DEFAULTS.timeoutMs : durationOf("heartbeat.timeout", timeout);
  if (periodMs <= 0) throw new FluxError("EINVAL", "heartbeat.period must be a positive FSD value");
  if (timeoutMs === 0 || timeoutMs === Number.POSITIVE_INFINITY) timeoutMs = -1;
  if (timeoutMs !== -1 && timeoutMs < 2 * periodMs) {
    throw new FluxError("EINVAL", "heartbeat.timeout must be >= 2*heartbeat.period, infinity, or 0");
  }
  if (warnThresh <= 0) throw new FluxError("EINVAL", "heartbeat.warn_thresh must be positive");
  return { periodMs, timeoutMs, warnThresh };
}

/**
 * Settings with those the module's arguments change.
 * @throws FluxError EINVAL for an unknown one and a period that is none.
 */
export function applyHeartbeatArgs(settings: HeartbeatSettings, args: readonly string[]): HeartbeatSettings {
  let { periodMs } = settings;
  for (const arg of args) {
    if (!arg.startsWith("period=")) throw new FluxError("EINVAL", `${arg}: unknown option`);
    const period = parseDuration(arg.slice("period=".length));
    if (period === undefined || period <= 0)
      throw new FluxError("EINVAL", "period: error parsing FSD: Invalid argument");
    periodMs = period;
  }
  return { ...settings, periodMs };
}

interface HeartbeatTable {
  readonly period: string | undefined;
  readonly timeout: string | undefined;
  readonly warn_thresh: number;
}

function tableOf(config: JsonObject): HeartbeatTable {
  const table = config["heartbeat"];
  if (table === undefined) return { period: undefined, timeout: undefined, warn_thresh: DEFAULTS.warnThresh };
  try {
    const [period, timeout, warnThresh = DEFAULTS.warnThresh] = unpack(
      table,
      "{s?s s?s s?i !}",
      "period",
      "timeout",
      "warn_thresh",
    );
    return { period, timeout, warn_thresh: warnThresh };
  } catch (error) {
    const text = `error reading [heartbeat] config table: ${FluxError.from(error).message}`;
    throw new FluxError("EINVAL", text, { cause: error });
  }
}

function durationOf(name: string, text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new FluxError("EINVAL", `error parsing ${name} FSD value`);
  return ms;
}

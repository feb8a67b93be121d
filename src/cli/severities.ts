import type { LogLevel } from "../client/index.ts";

/** The log levels, most severe first, without the weight of the client behind them. */
export const SEVERITIES = [
  "emerg",
  "alert",
  "crit",
  "err",
  "warning",
  "notice",
  "info",
  "debug",
] as const satisfies readonly LogLevel[];

import { FluxError, formatDuration, parseDuration, TIMER_MAX_MS } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";

/** What the attributes say about the turns of a broker's life. Times are in milliseconds; undefined waits for ever. */
export interface LifecycleSettings {
  /** Brokers that have to be online before the instance runs. */
  readonly quorum: number;
  readonly quorumWarnMs: number | undefined;
  /** Longest time for the cleanup commands when a signal ends the broker. */
  readonly cleanupTimeoutMs: number | undefined;
  readonly shutdownWarnMs: number | undefined;
  readonly shutdownTimeoutMs: number | undefined;
  /** Longest time for the built-in modules to unload. */
  readonly unloadTimeoutMs: number | undefined;
  /** Exit status of failures that a restart would not mend; undefined for the failure's own. */
  readonly exitNorestart: number | undefined;
}

/**
 * Reads the attributes of the life cycle, and sets those that are missing to their defaults.
 * `note` hears of a value in a form that is no longer right but understood.
 * @throws FluxError EINVAL `Error parsing NAME attribute`. Source: flux-broker-attributes(7).
 */
export function readLifecycleSettings(
  attributes: AttributeTable,
  size: number,
  note: (text: string) => void,
): LifecycleSettings {
  const time = (name: string, defaultMs?: number): number | undefined => {
    const fallback = defaultMs === undefined ? "none" : formatDuration(defaultMs);
    if (attributes.get(name) === undefined) attributes.define(name, fallback);
    const text = attributes.get(name)!;
    if (text === "none") return undefined;
    const ms = parseDuration(text);
    if (ms === undefined) throw refuse(name);
    return Number.isFinite(ms) ? Math.min(ms, TIMER_MAX_MS) : undefined;
  };
  time("broker.sd-stop-timeout");
  return {
    quorum: readQuorum(attributes, size, note),
    quorumWarnMs: time("broker.quorum-warn", MINUTE_MS),
    cleanupTimeoutMs: time("broker.cleanup-timeout"),
    shutdownWarnMs: time("broker.shutdown-warn", MINUTE_MS),
    shutdownTimeoutMs: time("broker.shutdown-timeout"),
    unloadTimeoutMs: time("broker.unload-builtins-timeout", MINUTE_MS),
    exitNorestart: positive(attributes.get("broker.exit-norestart")),
  };
}

const MINUTE_MS = 60_000;

function readQuorum(attributes: AttributeTable, size: number, note: (text: string) => void): number {
  const name = "broker.quorum";
  const text = attributes.get(name);
  if (text === undefined) {
    attributes.define(name, String(size));
    return size;
  }
  if (text === "0" || text === `0-${size - 1}`) {
    const quorum = text === "0" ? 1 : size;
    note(`warning: broker.quorum is now a size - assuming ${quorum}`);
    return quorum;
  }
  const quorum = /^\d+$/.test(text) ? Number(text) : 0;
  if (quorum < 1 || quorum > size) throw refuse(name);
  return quorum;
}

function positive(text: string | undefined): number | undefined {
  const value = Number.parseInt(text ?? "", 10);
  return value >= 1 ? value : undefined;
}

function refuse(name: string): FluxError {
  return new FluxError("EINVAL", `Error parsing ${name} attribute`);
}

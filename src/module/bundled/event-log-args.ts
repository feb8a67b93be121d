import { FluxError } from "../../base/index.ts";
import type { JsonObject } from "../../json/index.ts";
import { type EventLogSettings, readEventLogSettings } from "../../replay/index.ts";

const PREFIX = "event-log.";
const ARGUMENT = /^([a-z-]+)=(.*)$/s;

/**
 * Reads which events the module keeps: its arguments, `path=/var/lib/events`, and the table `[event-log]` of the configuration for what they do not
 * say. The names are those of the broker's attributes, without `event-log.` before them.
 * @throws FluxError EINVAL for an unknown one and for a value that makes no sense.
 */
export function readEventLogArgs(args: readonly string[], config: JsonObject): EventLogSettings {
  const given = new Map<string, string>();
  for (const arg of args) {
    const [, name, value] = ARGUMENT.exec(arg) ?? [];
    if (name === undefined || value === undefined) throw unknown(arg);
    given.set(`${PREFIX}${name}`, value);
  }
  const left = new Set(given.keys());
  const get = (name: string): string | undefined => {
    left.delete(name);
    return given.get(name);
  };
  const settings = readEventLogSettings({ get }, config);
  const [stranger] = left;
  if (stranger !== undefined) throw unknown(stranger.slice(PREFIX.length));
  return settings;
}

function unknown(arg: string): FluxError {
  return new FluxError("EINVAL", `${arg}: unknown option`);
}

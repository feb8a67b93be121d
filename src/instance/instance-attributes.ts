import { FluxError } from "../base/index.ts";
import { LOG_LEVELS, type LogLevel } from "../client/index.ts";
import { parseUri } from "../connector/index.ts";
import { parseSeverity } from "./stderr-log.ts";

/** What the attributes given for a new instance say to its parts; `rest` is only stored. */
export interface InstanceAttributes {
  readonly rundir: string | undefined;
  readonly socketPath: string | undefined;
  readonly logRingSize: number | undefined;
  readonly logLevel: LogLevel | undefined;
  readonly stderrLevel: number | undefined;
  readonly rest: Readonly<Record<string, string>>;
}

/** Attributes a broker finds out by itself. */
const OWN = new Set(
  (
    "rank size hostname security.owner instance-level parent-uri rundir-cleanup version broker.pid broker.uuid broker.starttime " +
    "broker.mapping broker.boot-method tbon.level tbon.maxlevel tbon.descendants"
  ).split(" "),
);

/**
 * Reads the attributes given for a new instance, as flux-broker(1) takes them with -S.
 * @throws FluxError EINVAL for one that can't be set there, and for a value that is none.
 */
export function readInstanceAttributes(given: Readonly<Record<string, string>>): InstanceAttributes {
  for (const name of Object.keys(given)) {
    if (OWN.has(name)) throw new FluxError("EINVAL", `${name}: attribute may not be set at start`);
  }
  const { rundir, "local-uri": uri, ...rest } = given;
  return {
    rundir,
    socketPath: uri === undefined ? undefined : socketOf(uri),
    logRingSize: read(given, "log-ring-size", parseCount),
    logLevel: read(given, "log-level", (text) => LOG_LEVELS[parseSeverity(text)]),
    stderrLevel: read(given, "log-stderr-level", parseSeverity),
    rest,
  };
}

function read<T>(
  given: Readonly<Record<string, string>>,
  name: string,
  parse: (text: string) => T,
): T | undefined {
  const text = given[name];
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    throw new FluxError("EINVAL", `${name}: ${FluxError.from(error).message}`);
  }
}

function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new FluxError("EINVAL");
  return Number(text);
}

function socketOf(uri: string): string {
  const { scheme, path } = parseUri(uri);
  if (scheme === "local" && path?.startsWith("/") === true) return path;
  throw new FluxError("EINVAL", `local-uri: ${uri} is not local:// and an absolute path`);
}

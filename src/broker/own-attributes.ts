import { hostname } from "node:os";
import { type LogLevel, severityOf } from "../client/index.ts";
import { FLUX_VERSION } from "./broker-options.ts";

/** What the attributes of a broker follow from. */
export interface OwnFacts {
  readonly rank: number;
  readonly size: number;
  readonly owner: number;
  readonly uuid: string;
  readonly uri: string | undefined;
  readonly logRingSize: number | undefined;
  readonly logLevel: LogLevel | undefined;
}

/** The attributes a broker finds out by itself, for those that nobody has set. Source: flux-broker-attributes(7). */
export function ownAttributes(facts: OwnFacts): Record<string, string> {
  const { rank, size, owner, uuid, uri, logRingSize, logLevel } = facts;
  return {
    rank: String(rank),
    size: String(size),
    version: FLUX_VERSION,
    ...(size === 1 ? { hostlist: hostname() } : {}),
    hostname: hostname(),
    "instance-level": "0",
    "security.owner": String(owner),
    "broker.pid": String(process.pid),
    "broker.uuid": uuid,
    "broker.starttime": (Date.now() / 1000).toFixed(2),
    "broker.mapping": `[[0,${size},1,1]]`,
    "broker.quorum": String(size),
    "broker.boot-method": "single",
    "tbon.level": "0",
    "tbon.maxlevel": "0",
    "tbon.descendants": "0",
    ...(logRingSize === undefined ? {} : { "log-ring-size": String(logRingSize) }),
    ...(logLevel === undefined ? {} : { "log-level": String(severityOf(logLevel)) }),
    ...(uri === undefined ? {} : { "local-uri": uri }),
  };
}

import { hostname } from "node:os";
import { dirname } from "node:path";
import { decodeIdset, FluxError, utf8Length } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";
import type { Environment } from "../connect/index.ts";
import { parseUri } from "../connector/index.ts";
import { SOCKET_PATH_MAX } from "../socket/index.ts";
import type { Boot } from "./bootstrap.ts";
import type { Parent } from "./parent.ts";
import { checkDirectory } from "./rundir.ts";

/** Longest URI that is looked at, in bytes. */
const URI_MAX = 1023;

const LOCAL = "local://";

/** Sets the attributes that say where in the world a broker is. A broker that is a job's knows its parent by the environment. */
export function definePlace(
  attributes: AttributeTable,
  boot: Boot,
  env: Environment,
  parent: Parent | undefined,
): void {
  const isJob = boot.jobid !== undefined;
  attributes.defineDefault("hostname", hostname());
  if (boot.size === 1) attributes.defineDefault("hostlist", attributes.get("hostname"));
  attributes.define("broker.mapping", boot.mapping);
  attributes.define("rank", String(boot.rank));
  attributes.define("size", String(boot.size));
  attributes.define("broker.boot-method", boot.method);
  attributes.define("instance-level", String(parent === undefined ? boot.level : parent.level + 1));
  if (isJob) attributes.define("jobid", boot.jobid);
  attributes.define("parent-uri", parent?.uri ?? (isJob ? env["FLUX_URI"] : undefined));
  if (isJob) attributes.define("parent-kvs-namespace", env["FLUX_KVS_NAMESPACE"]);
  attributes.define("jobid-path", (isJob ? env["FLUX_JOB_ID_PATH"] : undefined) ?? "/");
  if (boot.interfaceHint !== undefined) attributes.defineDefault("tbon.interface-hint", boot.interfaceHint);
  const ranks = attributes.get("broker.critical-ranks");
  if (ranks !== undefined && (decodeIdset(ranks)?.at(-1) ?? boot.size) >= boot.size)
    throw new FluxError("EINVAL", `invalid value for broker.critical-ranks='${ranks}'`);
}

/**
 * The socket's path for clients, from the attribute `local-uri`, which is set when it is missing.
 * @throws FluxError EINVAL for a URI that can't be used; as checkDirectory does.
 */
export async function socketPathOf(
  attributes: AttributeTable,
  rundir: string,
  rank: number,
): Promise<string> {
  const given = attributes.get("local-uri");
  if (given === undefined) {
    const path = `${rundir}/local-${rank}`;
    attributes.define("local-uri", `${LOCAL}${path}`);
    return path;
  }
  const { scheme, path: named } = parseUri(given);
  // Clients take the URI without the blanks behind it: a socket with blanks at its end is out of their reach.
  const path = scheme === "local" && given === `${LOCAL}${named}` ? named! : "";
  const bytes = utf8Length(path);
  if (bytes > URI_MAX) throw new FluxError("EOVERFLOW", "buffer overflow while checking local-uri");
  if (bytes > SOCKET_PATH_MAX) {
    throw new FluxError(
      "EINVAL",
      `local-uri length of ${bytes} bytes exceeds max ${SOCKET_PATH_MAX} AF_UNIX socket path length`,
    );
  }
  if (!path.startsWith("/") || path.includes("\0"))
    throw new FluxError("EINVAL", `local-uri is malformed: ${given}`);
  await checkDirectory(dirname(path), "local-uri directory");
  return path;
}

import { decodeHostlist, FluxError } from "../base/index.ts";
import { type JsonObject, type JsonValue, unpack } from "../json/index.ts";
import { memberOf, merge } from "./merge.ts";

/** A broker as the table `[bootstrap]` has it. */
export interface BootstrapHost {
  readonly host: string;
  /** Where it listens for its children, and where they connect to; ZeroMQ endpoints. */
  readonly bind: string | undefined;
  readonly connect: string | undefined;
  /** Host of its parent in the tree. */
  readonly parent: string | undefined;
}

/** What the table `[bootstrap]` says. */
export interface BootstrapTable {
  readonly enableIpv6: boolean;
  /** File with the keys of the instance. */
  readonly curveCert: string | undefined;
  /** The brokers in the order of their ranks, each once. */
  readonly hosts: readonly BootstrapHost[];
}

/**
 * Reads the table `[bootstrap]`, for the broker of `hostname`: lists of hosts are written out, defaults and the tokens %h and %p filled in.
 * Without hosts the broker is by itself. Undefined when there is no such table.
 *
 * @throws FluxError EINVAL `Config file error [bootstrap]: text` with the texts of flux-core. Source: flux-config-bootstrap(5).
 */
export function parseBootstrapTable(config: JsonObject, hostname: string): BootstrapTable | undefined {
  const table = memberOf(config, "bootstrap");
  if (table === undefined) return undefined;
  try {
    return parseTable(table, hostname);
  } catch (error) {
    throw new FluxError("EINVAL", `Config file error [bootstrap]: ${FluxError.from(error).message}`);
  }
}

interface Defaults {
  readonly port: number;
  readonly bind: string | undefined;
  readonly connect: string | undefined;
}

function parseTable(table: JsonValue, hostname: string): BootstrapTable {
  const [hosts, curveCert, port = -1, bind, connect, enableIpv6 = false] = unpack(
    table,
    "{s?o s?s s?i s?s s?s s?b !}",
    "hosts",
    "curve_cert",
    "default_port",
    "default_bind",
    "default_connect",
    "enable_ipv6",
  );
  if (port < -1 || port > 65535) throw refuse("default_port must be in the range of 0-65535");
  const brokers = parseHosts(hosts, hostname, { port, bind, connect });
  if (brokers.length > 1 && curveCert === undefined) throw refuse("curve_cert must be defined for size > 1");
  return { enableIpv6, curveCert, hosts: brokers };
}

function parseHosts(hosts: JsonValue | undefined, hostname: string, defaults: Defaults): BootstrapHost[] {
  if (hosts !== undefined && !Array.isArray(hosts)) throw refuse("must be array type");
  if (hosts === undefined || hosts.length === 0)
    return [{ host: hostname, bind: undefined, connect: undefined, parent: undefined }];
  const entries = new Map<string, JsonObject>();
  for (const [index, entry] of hosts.entries())
    at(index, () => {
      for (const host of namesOf(entry)) {
        const known = entries.get(host);
        // Of two entries for a host the first counts, and the second for what the first lacks.
        entries.set(host, { ...(known === undefined ? entry : merge(entry, known)), host });
      }
    });
  const brokers = [...entries.values()].map((entry, index) =>
    at(index, () => parseHost(entry, entries, defaults)),
  );
  if (!entries.has(hostname)) throw refuse(`${hostname} not found in hosts`);
  return brokers;
}

function namesOf(entry: JsonValue): string[] {
  const [list] = unpack(entry, "{s:s}", "host");
  const names = decodeHostlist(list);
  if (names === undefined) throw refuse("host key is not a valid RFC 29 hostlist");
  return names;
}

function parseHost(entry: JsonObject, all: ReadonlyMap<string, unknown>, defaults: Defaults): BootstrapHost {
  const format = "{s:s s?s s?s s?s !}";
  const [host, bind, connect, parent] = unpack(entry, format, "host", "bind", "connect", "parent");
  if (parent === host) throw refuse("parent key refers to self");
  if (parent !== undefined && !all.has(parent)) throw refuse("parent key refers to unknown host");
  checkDomainName(host);
  const uri = (key: string, template: string | undefined): string | undefined => {
    if (template === undefined) return undefined;
    const value = fillIn(template, host, defaults.port);
    if (value.length > URI_MAX) throw refuse(`${key} key is too long`);
    const complaint = complaintAbout(value);
    if (complaint !== undefined) throw refuse(`${key} key ${value} ${complaint}`);
    return value;
  };
  return {
    host,
    bind: uri("bind", bind ?? defaults.bind),
    connect: uri("connect", connect ?? defaults.connect),
    parent,
  };
}

/** Longest endpoint, and longest path of a UNIX socket in one, in characters. */
const URI_MAX = 2048;
const SOCKET_PATH_MAX = 108;

function fillIn(template: string, host: string, port: number): string {
  const tokens = new Map([
    ["%h", host],
    ["%p", String(port)],
    ["%%", "%"],
  ]);
  return template.replace(/%./gs, (token) => tokens.get(token) ?? token);
}

/** What is wrong with a ZeroMQ endpoint; undefined for a good one. */
function complaintAbout(uri: string): string | undefined {
  if (!uri.includes("://")) return "has no URI scheme";
  if (uri.includes(":*")) return "contains 0MQ port wildcard";
  const rest = uri.slice("ipc://".length);
  if (uri.startsWith("tcp://")) return rest === "" ? "address is empty" : undefined;
  if (!uri.startsWith("ipc://")) return "URI scheme must be tcp or ipc";
  if (rest === "") return "socket path is empty";
  return rest.length > SOCKET_PATH_MAX ? `socket path must not exceed ${SOCKET_PATH_MAX} bytes` : undefined;
}

/** Throws EINVAL for a name that no host can have. Source: RFC 1035 of the IETF. */
function checkDomainName(host: string): void {
  if (host.length < 1 || host.length > 253) throw refuse(`${host} domain must be 1-253 characters`);
  for (const label of host.split(".").filter((part) => part !== "")) {
    if (label.length > 63) throw refuse(`${host} must be 1-63 characters`);
    if (label.startsWith("-") || label.endsWith("-"))
      throw refuse(`${host} domain label must not start or end with '-'`);
    const bad = /[^A-Za-z0-9-]/.exec(label)?.[0];
    if (bad !== undefined) {
      const code = bad.codePointAt(0)!.toString(16);
      throw refuse(`${host} domain label contains invalid character '${bad}' (0x${code})`);
    }
  }
}

function at<T>(index: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refuse(`invalid hosts[${index}]: ${FluxError.from(error).message}`);
  }
}

function refuse(text: string): FluxError {
  return new FluxError("EINVAL", text);
}

import { FluxError, formatDuration, parseDuration } from "../base/index.ts";
import { type JsonObject, unpack } from "../json/index.ts";
import { memberOf } from "./merge.ts";

/** Attributes of a broker, as far as the table `[tbon]` is concerned. */
export interface TbonAttributes {
  get(name: string): string | undefined;
  define(name: string, value: string): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Defaults; times in milliseconds. Source: flux-broker-attributes(7). */
const TIMEOUTS_MS = { tcp_user_timeout: 20_000, connect_timeout: 30_000 } as const;
const TORPID_MS = { torpid_min: 5000, torpid_max: 30_000 } as const;
const INTEGERS = { zmqdebug: 0, child_rcvhwm: 0, zmq_io_threads: 1 } as const;

/**
 * Sets the attributes `tbon.*` that the tree of brokers is made by: what the command line has set stays, then comes the table `[tbon]`, then the
 * environment, then the default.
 *
 * @throws FluxError EINVAL with the texts of flux-core, for values of the table as for those of attributes.
 * Source: flux-config-tbon(5); ovconf.c in flux-core.
 */
export function applyTbonTable(config: JsonObject, attributes: TbonAttributes, env: Environment = {}): void {
  integerAttribute(attributes, "tbon.prefertcp", 0);
  applyInterfaceHint(config, attributes, env);
  applyTopology(config, attributes);
  applyTorpid(config, attributes, true);
  for (const [key, fallback] of Object.entries(TIMEOUTS_MS)) applyTimeout(config, attributes, key, fallback);
  for (const [key, fallback] of Object.entries(INTEGERS)) {
    const [value] = tbon(() => unpack(config, "{s?{s?i}}", "tbon", key));
    integerAttribute(attributes, `tbon.${key}`, value ?? fallback);
  }
  const highWater = Number(attributes.get("tbon.child_rcvhwm"));
  if (highWater < 0 || highWater === 1) throw refuse("tbon.child_rcvhwm must be 0 (unlimited) or >= 2");
  if (Number(attributes.get("tbon.zmq_io_threads")) < 1) throw refuse("tbon.zmq_io_threads must be >= 1");
}

/**
 * Takes what may change of the table `[tbon]` at run time: torpid_min and torpid_max. Here the table comes before what the attributes say.
 * @throws FluxError EINVAL; then nothing is changed.
 */
export function updateTbonTable(config: JsonObject, attributes: TbonAttributes): void {
  applyTorpid(config, attributes, false);
}

function applyInterfaceHint(config: JsonObject, attributes: TbonAttributes, env: Environment): void {
  const name = "tbon.interface-hint";
  const [configured] = tbon(() => unpack(config, "{s?{s?s}}", "tbon", "interface-hint"));
  const byName = env["FLUX_IPADDR_HOSTNAME"] === undefined ? undefined : "hostname";
  const asked = attributes.get(name) ?? configured ?? env["FLUX_IPADDR_INTERFACE"] ?? byName;
  attributes.define(name, asked ?? "default-route");
}

function applyTopology(config: JsonObject, attributes: TbonAttributes): void {
  const [configured] = tbon(() => unpack(config, "{s?{s?s}}", "tbon", "topo"));
  const fanout = attributes.get("tbon.fanout");
  const fallback = memberOf(config, "bootstrap") === undefined ? "kary:32" : "custom";
  const byFanout = fanout === undefined ? undefined : `kary:${fanout}`;
  const topology = attributes.get("tbon.topo") ?? byFanout ?? configured ?? fallback;
  checkTopology(topology);
  attributes.define("tbon.topo", topology);
}

/** Throws EINVAL for a topology that no tree can have. Source: topology.c in flux-core. */
function checkTopology(topology: string): void {
  const [scheme = "", path] = topology.split(/:(.*)/s);
  const fail = (text: string): FluxError => refuse(`Error creating ${topology} topology: ${text}`);
  const isNumber = /^\d+$/.test(path ?? "");
  switch (scheme) {
    case "kary":
      if (!isNumber) throw fail("kary k value must be an integer >= 0");
      break;
    case "mincrit":
      if (path && !isNumber) throw fail("mincrit k value must be an integer >= 0");
      break;
    case "binomial":
    case "custom":
      if (path) throw fail(`unknown ${scheme} topology directive: '${path}'`);
      break;
    default:
      throw fail(`unknown topology scheme '${scheme}'`);
  }
}

function applyTorpid(config: JsonObject, attributes: TbonAttributes, initialize: boolean): void {
  const [min, max] = tbon(() => unpack(config, "{s?{s?s s?s}}", "tbon", "torpid_min", "torpid_max"));
  const read = (key: keyof typeof TORPID_MS, configured: string | undefined): number => {
    const name = `tbon.${key}`;
    const fromConfig = duration(configured, `Config file error parsing ${name}`);
    const fromAttribute = duration(attributes.get(name), `error parsing ${name} attribute`);
    const first = initialize ? fromAttribute : fromConfig;
    return first ?? (initialize ? fromConfig : fromAttribute) ?? TORPID_MS[key];
  };
  const [minMs, maxMs] = [read("torpid_min", min), read("torpid_max", max)];
  if (minMs === 0) throw refuse("tbon.torpid_min must be nonzero");
  if (maxMs !== 0 && minMs >= maxMs) throw refuse("tbon.torpid_min must be less than torpid_max");
  attributes.define("tbon.torpid_min", formatDuration(minMs));
  attributes.define("tbon.torpid_max", formatDuration(maxMs));
}

function applyTimeout(config: JsonObject, attributes: TbonAttributes, key: string, fallbackMs: number): void {
  const name = `tbon.${key}`;
  const [configured] = tbon(() => unpack(config, "{s?{s?s}}", "tbon", key));
  const fromConfig = duration(configured, `Config file error parsing ${name}`);
  const fromAttribute = duration(attributes.get(name), `Error parsing ${name} attribute`);
  attributes.define(name, formatDuration(fromAttribute ?? fromConfig ?? fallbackMs));
}

function duration(text: string | undefined, complaint: string): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined) throw refuse(complaint);
  return ms;
}

function integerAttribute(attributes: TbonAttributes, name: string, fallback: number): void {
  const text = attributes.get(name);
  if (text !== undefined && !/^\s*[-+]?\d+$/.test(text)) throw refuse(`${name} value must be an integer`);
  attributes.define(name, String(text === undefined ? fallback : Number(text)));
}

/** What `read` gives of the table; its error as one of the table. */
function tbon<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw refuse(`Config file error [tbon]: ${FluxError.from(error).message}`);
  }
}

function refuse(text: string): FluxError {
  return new FluxError("EINVAL", text);
}

import { Socket } from "node:net";
import { FluxError } from "../base/index.ts";
import type { LogLevel } from "../client/index.ts";
import type { Environment } from "../connect/index.ts";
import type { JsonObject } from "../json/index.ts";
import type { Topology, TreeTransport } from "../overlay/index.ts";
import { type BootTable, readBootTable } from "./boot-config.ts";
import type { Parent } from "./parent.ts";
import { ConfigPeers, type Peers, PmiPeers } from "./peers.ts";
import { PmiSimple } from "./pmi-simple.ts";
import { Taskmap } from "./taskmap.ts";

/** What a broker learns of its place when it starts. */
export interface Boot {
  /** How it was learnt: the attribute `broker.boot-method`. */
  readonly method: string;
  readonly rank: number;
  readonly size: number;
  /** Level of the instance: 0 when no Flux instance started it. */
  readonly level: number;
  /** The job that this instance is, in the instance that started it; undefined when it is none. */
  readonly jobid: string | undefined;
  /** Address hint for the tree, from the instance that started this one. */
  readonly interfaceHint: string | undefined;
  /** Which rank is on which node, as the attribute `broker.mapping`; undefined when nobody says. */
  readonly mapping: string | undefined;
  /** Where the brokers find one another; undefined for a broker by itself. */
  readonly peers: Peers | undefined;
  /** The table that says where brokers are, with its keys; undefined unless the configuration does. */
  readonly table: BootTable | undefined;
  /** The tree by its scheme, where that is worked out for several brokers at once; default each works it out. */
  readonly topology?: ((scheme: string) => Topology) | undefined;
  /** What carries the messages of the tree; undefined for ZeroMQ. */
  readonly carrier?: TreeCarrier | undefined;
  /** The instance around this one; default that of the job, if it is one. */
  readonly parent?: Parent | undefined;
  /** Says good-bye to whoever told. */
  finalize(): Promise<void>;
}

/** What carries the messages of a tree in the place of ZeroMQ. */
export interface TreeCarrier {
  /** Where this broker listens for its children. */
  readonly uri: string;
  /** The transport of this broker, which its overlay closes; `log` takes lines for the log. */
  open(log: (level: LogLevel, text: string) => void): TreeTransport;
}

/** Who tells a broker its place, so that it need not find out. */
export interface BootProvider {
  /** Called once for each start. */
  boot(): Promise<Boot>;
}

export interface BootstrapOptions {
  readonly env: Environment;
  /** The attribute `broker.boot-method`: names of methods to try, separated by spaces or commas. */
  readonly methods: string | undefined;
  /** The configuration, and the name of this host in its table `[bootstrap]`. Default: there is none. */
  readonly config?: JsonObject | undefined;
  readonly hostname?: string | undefined;
  /** Takes a line for stderr when the environment asks for a trace. */
  readonly trace?: ((text: string) => void) | undefined;
}

type Method = (options: BootstrapOptions) => Promise<Boot | undefined>;

const METHODS: Readonly<Record<string, Method>> = {
  config: bootConfig,
  simple: bootSimple,
  single: async () => SINGLE,
};

/** A broker by itself. */
export const SINGLE: Boot = {
  method: "single",
  rank: 0,
  size: 1,
  level: 0,
  jobid: undefined,
  interfaceHint: undefined,
  mapping: "[[0,1,1,1]]",
  peers: undefined,
  table: undefined,
  finalize: async () => {},
};

/**
 * Finds out rank and size: from the table `[bootstrap]` of the configuration, from the process manager if PMI_FD leads to one, else a broker is by itself. FLUX_PMI_CLIENT_METHODS and the attribute
 * `broker.boot-method` choose the methods tried; FLUX_PMI_DEBUG traces. Source: flux-broker-attributes(7); RFC 13.
 * @throws FluxError EINVAL for an unknown method, ENOENT when none of those asked for is to be had, as PmiSimple does.
 */
export async function bootstrap(options: BootstrapOptions): Promise<Boot> {
  const asked = options.methods ?? options.env["FLUX_PMI_CLIENT_METHODS"];
  const names =
    asked === undefined ? Object.keys(METHODS) : asked.split(/[\s,]+/).filter((name) => name !== "");
  for (const name of names) {
    const method = METHODS[name];
    if (method === undefined) {
      const known = Object.keys(METHODS).join(", ");
      throw new FluxError("EINVAL", `bootstrap: unknown method ${name}: known are ${known}`);
    }
    const boot = await method(options);
    if (boot !== undefined) return boot;
  }
  throw new FluxError("ENOENT", `bootstrap: none of ${names.join(", ")} is to be had here`);
}

async function bootConfig({ config = {}, hostname = "" }: BootstrapOptions): Promise<Boot | undefined> {
  const table = await readBootTable(config, hostname);
  if (table === undefined) return undefined;
  const { hosts } = table;
  const size = hosts.length;
  return {
    ...SINGLE,
    method: "config",
    rank: hosts.findIndex(({ host }) => host === hostname),
    size,
    mapping: `[[0,${size},1,1]]`,
    peers: new ConfigPeers(table, table.cert?.publicKey),
    table,
  };
}

async function bootSimple({ env, trace }: BootstrapOptions): Promise<Boot | undefined> {
  const numbers = [env["PMI_FD"], env["PMI_RANK"], env["PMI_SIZE"]].map((text) =>
    text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined,
  );
  const [fd, rank, size] = numbers;
  if (fd === undefined || rank === undefined || size === undefined) return undefined;
  const traced = env["FLUX_PMI_DEBUG"] === undefined ? undefined : trace;
  const socket = socketAt(fd);
  if (socket === undefined) return undefined;
  const pmi = await PmiSimple.open({
    socket,
    rank,
    size,
    trace: traced,
  });
  try {
    return await readPlace(pmi);
  } catch (error) {
    pmi.close();
    throw error;
  }
}

/** The socket with that number; undefined when there is none: a variable that was left over says so. */
function socketAt(fd: number): Socket | undefined {
  try {
    return new Socket({ fd, readable: true, writable: true });
  } catch {
    return undefined;
  }
}

async function readPlace(pmi: PmiSimple): Promise<Boot> {
  const { rank, size } = pmi;
  const level = await pmi.get("flux.instance-level");
  const underFlux = level !== undefined;
  const mapping =
    size === 1
      ? SINGLE.mapping
      : ((underFlux ? await pmi.get("flux.taskmap") : undefined) ?? (await pmi.get("PMI_process_mapping")));
  return {
    method: "simple",
    rank,
    size,
    level: Number(level ?? 0),
    jobid: underFlux ? pmi.name : undefined,
    interfaceHint: underFlux ? await pmi.get("flux.tbon-interface-hint") : undefined,
    mapping: mapping === undefined ? undefined : Taskmap.parse(mapping).toString(),
    peers: new PmiPeers(pmi),
    table: undefined,
    finalize: () => pmi.finalize(),
  };
}

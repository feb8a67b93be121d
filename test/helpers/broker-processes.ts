import assert from "node:assert/strict";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import type { Flux } from "../../src/client/index.ts";
import { connect } from "../../src/connect/index.ts";
import { Topology } from "../../src/overlay/index.ts";
import { CliProcess, FLUX_BROKER, fluxbus } from "../process/cli-process.ts";
import { until } from "./until.ts";

/** Longest wait for brokers to find one another, in milliseconds. */
export const BOOT_MS = 15_000;

/** Whose broker a rank is. */
export type BrokerKind = "fluxbus" | "flux-core";

export interface BrokerProcessesOptions {
  readonly size: number;
  /** The scheme of the tree: `kary:2`. */
  readonly topology: string;
  /** What carries their messages: sockets in the folder, the default, or TCP on this host. */
  readonly carrier?: "ipc" | "tcp" | undefined;
  /** Whose broker is which rank; default fluxbus everywhere. flux-core's is run by the `flux` on PATH. */
  readonly kind?: ((rank: number) => BrokerKind) | undefined;
  /** Where the ranks listen, as other brokers have it: these are strangers that come to them. */
  readonly endpoints?: readonly string[] | undefined;
  /** Where a rank connects to, whose parent listens at `endpoint`; default: there. */
  readonly way?: ((rank: number, endpoint: string) => string) | undefined;
  /** Attributes besides, of all ranks. */
  readonly attributes?: Readonly<Record<string, string>> | undefined;
  /** Most descriptors of a rank of fluxbus, RLIMIT_NOFILE; default as many as the test has. */
  readonly descriptors?: ((rank: number) => number | undefined) | undefined;
  /** Flags of Node for a rank of fluxbus; default none. */
  readonly nodeFlags?: ((rank: number) => readonly string[]) | undefined;
  /** Longest life of a broker in milliseconds; then it is killed. */
  readonly runMs?: number | undefined;
}

/**
 * Brokers as processes that find one another by a configuration, over ZeroMQ with CURVE: fluxbus's, flux-core's, or some of each. They have neither rc
 * scripts nor an initial program. Who started them calls `kill` at last.
 */
export class BrokerProcesses {
  /** The latest process of each rank. */
  readonly processes = new Map<number, CliProcess>();
  readonly size: number;
  /** Path of the certificate that all have. */
  readonly cert: string;
  /** Where each rank listens for its children. */
  readonly endpoints: readonly string[];
  readonly #folder: string;
  readonly #configOf: (rank: number) => string;
  readonly #options: BrokerProcessesOptions;

  private constructor(
    folder: string,
    configOf: (rank: number) => string,
    endpoints: readonly string[],
    options: BrokerProcessesOptions,
  ) {
    this.size = options.size;
    this.cert = join(folder, "cert");
    this.endpoints = endpoints;
    this.#folder = folder;
    this.#configOf = configOf;
    this.#options = options;
  }

  /** Writes the configuration and its keys into a folder, whose path is short: sockets lie in it. Nothing is started. */
  static async configured(folder: string, options: BrokerProcessesOptions): Promise<BrokerProcesses> {
    const cert = join(folder, "cert");
    assert.equal((await fluxbus(["keygen", cert])).status, 0);
    const endpoints = options.endpoints ?? (await places(folder, options));
    const { size, topology, way } = options;
    const common = join(folder, "conf.toml");
    writeFileSync(common, configText(cert, topology, endpoints, endpoints));
    if (way === undefined) return new BrokerProcesses(folder, () => common, endpoints, options);
    const configOf = (rank: number): string => join(folder, `conf-${rank}.toml`);
    const tree = Topology.of(topology, size);
    for (let rank = 0; rank < size; rank++) {
      const parent = tree.parent(rank);
      const connects = endpoints.map((uri, other) => (other === parent ? way(rank, uri) : uri));
      writeFileSync(configOf(rank), configText(cert, topology, endpoints, connects));
    }
    return new BrokerProcesses(folder, configOf, endpoints, options);
  }

  /** What clients of a rank connect to. */
  uri(rank: number): string {
    return `local://${this.#folder}/local-${rank}`;
  }

  /** Starts a rank, or starts it again; `attributes` are added for this start. */
  start(rank: number, attributes: Readonly<Record<string, string>> = {}): CliProcess {
    const rundir = join(this.#folder, `run-${rank}`);
    if (!existsSync(rundir)) mkdirSync(rundir, { mode: 0o700 });
    const set = {
      hostname: `fake${rank}`,
      rundir,
      "local-uri": this.uri(rank),
      "broker.rc1_path": "",
      "broker.rc3_path": "",
      ...this.#options.attributes,
      ...attributes,
    };
    const words = [
      `-c${this.#configOf(rank)}`,
      ...Object.entries(set).map(([name, value]) => `-S${name}=${value}`),
      "-Sbroker.rc2_none",
    ];
    const { kind, runMs, descriptors, nodeFlags } = this.#options;
    const node = [process.execPath, ...(nodeFlags?.(rank) ?? []), FLUX_BROKER, ...words];
    const limit = descriptors?.(rank);
    const program =
      kind?.(rank) === "flux-core"
        ? { command: "flux", words: ["broker", ...words] }
        : limit === undefined
          ? { command: node[0]!, words: node.slice(1) }
          : { command: "sh", words: limited(limit, node) };
    const broker = new CliProcess(program.words, {
      command: program.command,
      env: { TMPDIR: this.#folder, FLUX_EXEC_PATH_PREPEND: "" },
      ...(runMs !== undefined && { runMs }),
    });
    this.processes.set(rank, broker);
    return broker;
  }

  /** Starts all ranks and resolves when the instance is in the state `run`. */
  async startAll(): Promise<void> {
    for (let rank = 0; rank < this.size; rank++) this.start(rank);
    await using leader = await this.connect(0);
    await leader.rpc("state-machine.wait", {}, { timeoutMs: BOOT_MS });
  }

  /** A handle of a rank, once its socket is there. */
  async connect(rank: number): Promise<Flux> {
    const socket = this.uri(rank).slice("local://".length);
    await until(() => existsSync(socket), `rank ${rank} listens`, BOOT_MS);
    return connect(this.uri(rank), { env: {} });
  }

  /** Ends what still runs, at once, and waits for it. */
  async kill(): Promise<void> {
    for (const { child } of this.processes.values()) child.kill("SIGKILL");
    await Promise.all([...this.processes.values()].map(({ outcome }) => outcome));
  }
}

/** Words of a shell that runs a program with so many descriptors at most. */
function limited(descriptors: number, command: readonly string[]): string[] {
  return ["-c", `ulimit -n ${descriptors} && exec "$@"`, "sh", ...command];
}

/** The configuration of ranks that listen at `binds` and whose children connect to `connects`. */
function configText(
  cert: string,
  topology: string,
  binds: readonly string[],
  connects: readonly string[],
): string {
  const hosts = binds.map(
    (bind, rank) => `  { host = "fake${rank}", bind = "${bind}", connect = "${connects[rank]}" },\n`,
  );
  return `[bootstrap]
curve_cert = "${cert}"
hosts = [
${hosts.join("")}]
[tbon]
topo = "${topology}"
`;
}

/** A place to listen at for each rank. */
async function places(folder: string, { size, carrier }: BrokerProcessesOptions): Promise<string[]> {
  if (carrier === "tcp") return (await freePorts(size)).map((port) => `tcp://127.0.0.1:${port}`);
  return Array.from({ length: size }, (_, rank) => `ipc://${folder}/tbon-fake${rank}`);
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const listening = servers.map(
    (server) => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)),
  );
  await Promise.all(listening);
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

import { decodeHostlist, encodeIdset, FluxError, parseDuration, type Scope } from "../base/index.ts";
import { type AttributeTable, type Broker, FLUX_VERSION } from "../broker/index.ts";
import type { Log } from "../client/index.ts";
import { type ConfigStore, updateTbonTable } from "../config/index.ts";
import {
  Overlay,
  parseVersion,
  Topology,
  type TorpidSettings,
  type TreeTransport,
  ZeroMqTransport,
} from "../overlay/index.ts";
import type { Boot } from "./bootstrap.ts";
import { EventRepair } from "./event-repair.ts";
import { followEvents } from "./follow-events.ts";
import { joinTree } from "./join-tree.ts";

export interface TreeOptions {
  readonly boot: Boot;
  readonly topology: Topology;
  readonly attributes: AttributeTable;
  readonly config: ConfigStore;
  readonly broker: Broker;
  readonly rundir: string;
  /** Takes events of the tree for the life of the broker; `error` marks its exit as failed. */
  readonly post: (event: string, error: boolean) => void;
  readonly log: Log;
}

/**
 * The tree of an instance by the attributes, which it sets as far as they follow from it: the level, the descendants, the critical ranks.
 * @throws FluxError EINVAL for a scheme that is none, and for critical ranks that are not there.
 */
export function planTree(boot: Boot, attributes: AttributeTable): Topology {
  const scheme = attributes.get("tbon.topo") ?? "kary:32";
  const topology = boot.topology?.(scheme) ?? Topology.of(scheme, boot.size, boot.table?.hosts);
  attributes.define("tbon.level", String(topology.level(boot.rank)));
  attributes.define("tbon.maxlevel", String(topology.maxLevel));
  attributes.define("tbon.descendants", String(topology.descendants(boot.rank)));
  // Ranks above 0 have few neighbours, or little to do.
  if (boot.rank > 0) attributes.define("tbon.zmq_io_threads", "1");
  const critical = encodeIdset(new Set([0, ...topology.internalRanks()]));
  attributes.defineDefault("broker.critical-ranks", critical);
  return topology;
}

/** Joins a broker to the tree of its instance; `scope` takes it out again. */
export async function openTree(options: TreeOptions, scope: Scope): Promise<Overlay> {
  const { boot, topology, attributes, config, broker, post, log } = options;
  const { groups } = broker;
  const transport = boot.size === 1 ? undefined : await openTransport(options);
  const parent = topology.parent(boot.rank);
  const repair = parent === undefined ? undefined : new EventRepair({ flux: () => broker.handle, parent });
  const overlay: Overlay = new Overlay({
    rank: boot.rank,
    topology,
    uuid: broker.uuid,
    hostname: attributes.get("hostname")!,
    hostlist: () => decodeHostlist(attributes.get("hostlist") ?? "") ?? [],
    version: parseVersion(FLUX_VERSION)!,
    transport,
    settings: torpidSettings(attributes),
    owner: process.getuid?.() ?? 0,
    ipv6: boot.table?.enableIpv6 ?? true,
    bundles: attributes.get("tbon.bundles") !== "0",
    pending: pendingLimits(attributes),
    account: {
      charge: (userid, rolemask, bytes) => broker.accounts.charge({ userid, rolemask }, bytes),
      refund: (userid, rolemask, bytes) => broker.accounts.release({ userid, rolemask }, bytes),
    },
    repair: repair === undefined ? undefined : (range, signal) => repair.ask(range, signal),
    reconfigure(config, initial) {
      if (!initial) updateTbonTable(config, attributes);
      return torpidSettings(attributes);
    },
    host: {
      request: (request) => downlink.request(request),
      response: (response) => downlink.response(response),
      event: (event) => downlink.event(event),
      lost: (range) => downlink.lost(range),
      publish: (event) => downlink.publish(event),
      post,
      log,
      child({ rank, status, torpid }) {
        if (status === "lost" || status === "offline") groups.lose(topology.ranksBelow(rank));
        else groups.set("broker.torpid", [rank], torpid);
      },
    },
  });
  scope.defer(() => overlay[Symbol.asyncDispose]());
  const forget = config.listen("overlay", (changed) => {
    updateTbonTable(changed, attributes);
    overlay.setTorpid(torpidSettings(attributes));
  });
  scope.defer(forget);
  const downlink = broker.attach(overlay);
  broker.addService("overlay", overlay.methods);
  if (transport === undefined) return overlay;
  await joinTree({
    boot,
    attributes,
    parent,
    children: topology.children(boot.rank),
    rundir: options.rundir,
    warn: (text) => log("warning", text),
    sockets: {
      publicKey: transport.publicKey,
      listen: (uris) => overlay.listen(uris),
      authorize: (name, key) => overlay.authorize(name, key),
      connect: (uri, key) => overlay.connect(uri, key),
    },
  });
  if (repair !== undefined) scope.defer(followEvents({ broker, overlay, repair }));
  return overlay;
}

function torpidSettings(attributes: AttributeTable): TorpidSettings {
  const ms = (name: string): number => parseDuration(attributes.get(name)!)!;
  return { torpidMinMs: ms("tbon.torpid_min"), torpidMaxMs: ms("tbon.torpid_max") };
}

/** The limits of guests' requests that wait for other ranks; those of all are a constant. */
function pendingLimits(attributes: AttributeTable) {
  return {
    guestRequests: wholeAttribute(attributes, "tbon.guest-requests", 1, 1_048_576),
    guestBytes: wholeAttribute(attributes, "tbon.guest-request-bytes", 65_536, 2 ** 40),
  };
}

/** Milliseconds; undefined when it is not set. Throws EINVAL for a value that is out of its range. */
function handshakeTimeout(attributes: AttributeTable): number | undefined {
  const name = "tbon.handshake-timeout";
  const text = attributes.get(name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 100 && ms <= 600_000) return ms;
  throw new FluxError("EINVAL", `${name} must be a duration from 100ms to 10m: ${text}`);
}

/** The value of an attribute that is a whole number; undefined when it is not set. Throws EINVAL for one that is out of its range. */
function wholeAttribute(
  attributes: AttributeTable,
  name: string,
  least: number,
  most: number,
): number | undefined {
  const text = attributes.get(name);
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new FluxError("EINVAL", `${name} must be a whole number from ${least} to ${most}: ${text}`);
}

async function openTransport({ boot, attributes, log }: TreeOptions): Promise<TreeTransport> {
  if (boot.carrier !== undefined) return boot.carrier.open(log);
  const number = (name: string): number => Number(attributes.get(name));
  return ZeroMqTransport.open({
    keys: boot.table?.cert,
    ioThreads: boot.rank === 0 ? number("tbon.zmq_io_threads") : 1,
    tcpUserTimeoutMs: parseDuration(attributes.get("tbon.tcp_user_timeout")!),
    connectTimeoutMs: parseDuration(attributes.get("tbon.connect_timeout")!),
    handshakeTimeoutMs: handshakeTimeout(attributes),
    handshakes: wholeAttribute(attributes, "tbon.handshakes", 1, 65_536),
    // The value 0, which says that nothing was set, is no limit for flux-core.
    childReceiveHighWater: number("tbon.child_rcvhwm") || undefined,
    traceSockets: number("tbon.zmqdebug") !== 0,
    log,
  });
}

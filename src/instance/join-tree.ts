import { lookup } from "node:dns/promises";
import { encodeHostlist, FluxError } from "../base/index.ts";
import type { AttributeTable } from "../broker/index.ts";
import { findAddress } from "./address.ts";
import type { Boot } from "./bootstrap.ts";
import type { Peers } from "./peers.ts";
import { Taskmap } from "./taskmap.ts";

/** What the tree is told while its brokers find one another. */
export interface TreeSockets {
  readonly publicKey: string;
  /** Listens for children; resolves to where they connect to. */
  listen(uris: readonly string[]): Promise<readonly string[]>;
  authorize(name: string, publicKey: string): void;
  connect(uri: string, serverKey: string): void;
}

export interface JoinOptions {
  readonly boot: Boot;
  readonly attributes: AttributeTable;
  readonly parent: number | undefined;
  readonly children: readonly number[];
  readonly sockets: TreeSockets;
  readonly rundir: string;
  /** Takes a warning. */
  readonly warn: (text: string) => void;
}

/**
 * Finds the neighbours of a broker in the tree: listens for the children, shows its card, lets in those whose cards it has, and connects to the parent.
 * Sets `hostlist`, `tbon.endpoint` and `tbon.parent-endpoint`. Source: boot_pmi.c and boot_config.c in flux-core.
 *
 * @throws FluxError what the process manager answers, what can't be bound, EPROTO for a parent without address or key.
 */
export async function joinTree(options: JoinOptions): Promise<void> {
  const { boot, attributes, parent, children, sockets } = options;
  const { peers } = boot;
  if (peers === undefined || boot.size === 1) return;
  const uris = children.length === 0 ? [] : await sockets.listen(await bindUris(options));
  if (uris[0] !== undefined) attributes.define("tbon.endpoint", uris[0]);
  await peers.put({ host: attributes.get("hostname")!, uris, publicKey: sockets.publicKey });
  await peers.barrier();
  const parentCard = parent === undefined ? undefined : await peers.get(parent);
  for (const child of children) {
    const { publicKey } = await peers.get(child);
    if (publicKey !== undefined) sockets.authorize(String(child), publicKey);
  }
  // Before children may come: their hosts are checked.
  if (attributes.get("hostlist") === undefined) {
    attributes.define("hostlist", (await peers.hostlist?.()) ?? (await hostlistOf(peers, boot.size)));
  }
  await peers.barrier();
  await boot.finalize();
  if (parentCard === undefined) return;
  const uri = parentUri(options, parentCard.uris);
  if (uri === undefined || parentCard.publicKey === undefined)
    throw new FluxError("EPROTO", `rank ${parent} has no address or key on its business card`);
  attributes.define("tbon.parent-endpoint", uri);
  void warnOfUnknownHost(uri, options.warn);
  sockets.connect(uri, parentCard.publicKey);
}

async function hostlistOf(peers: Peers, size: number): Promise<string> {
  const hosts: string[] = [];
  for (let rank = 0; rank < size; rank++) hosts.push((await peers.get(rank)).host);
  return encodeHostlist(hosts);
}

/** Where to listen: what the carrier or the configuration says, else sockets of this node for children on it, and an address for the others. */
async function bindUris({ boot, attributes, children, rundir }: JoinOptions): Promise<string[]> {
  if (boot.carrier !== undefined) return [boot.carrier.uri];
  if (boot.table !== undefined) {
    const { bind } = boot.table.hosts[boot.rank]!;
    if (bind === undefined) throw new FluxError("EINVAL", `bind URI is undefined for rank ${boot.rank}`);
    return [bind];
  }
  const local = children.filter((child) => sameNode(attributes, boot.rank, child));
  const preferTcp = attributes.get("tbon.prefertcp") === "1";
  const uris: string[] = [];
  if (preferTcp || local.length < children.length) {
    uris.push(`tcp://${await findAddress(attributes.get("tbon.interface-hint") ?? "default-route")}:*`);
  }
  if (!preferTcp && local.length > 0) uris.push(`ipc://${rundir}/tbon-${boot.rank}`);
  return uris;
}

/** The address of the parent that is best from here. */
function parentUri({ boot, attributes, parent }: JoinOptions, uris: readonly string[]): string | undefined {
  const near = attributes.get("tbon.prefertcp") !== "1" && sameNode(attributes, boot.rank, parent!);
  return (near ? uris.find((uri) => uri.startsWith("ipc://")) : undefined) ?? uris[0];
}

function sameNode(attributes: AttributeTable, rank: number, other: number): boolean {
  const map = Taskmap.parse(attributes.get("broker.mapping") ?? "");
  const node = map.nodeOf(rank);
  return node !== undefined && node === map.nodeOf(other);
}

/** Names of hosts may come to be known while a broker tries to reach its parent; that one is not is worth a line. */
async function warnOfUnknownHost(uri: string, warn: (text: string) => void): Promise<void> {
  const host = /^tcp:\/\/\[?(.*?)\]?:\d+$/.exec(uri)?.[1];
  if (host === undefined) return;
  try {
    await lookup(host);
  } catch (error) {
    warn(`unable to resolve upstream peer ${host}: ${FluxError.from(error).message}`);
  }
}

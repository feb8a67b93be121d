import { lookup } from "node:dns/promises";
import { readFile } from "node:fs/promises";
import { BlockList } from "node:net";
import { hostname, type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { FluxError } from "../base/index.ts";

/**
 * The address at which other nodes reach this one, by the attribute `tbon.interface-hint`: `default-route`, `hostname`, the name of a network
 * interface, or a network as `ADDRESS/BITS`. IPv4 is preferred unless `ipv6`.
 * @throws FluxError ENOENT when there is none. Source: flux-broker-attributes(7).
 */
export async function findAddress(hint: string, ipv6 = false): Promise<string> {
  const address = await addressBy(hint, ipv6);
  if (address === undefined) throw new FluxError("ENOENT", `tbon.interface-hint: no address by ${hint}`);
  return address.includes(":") ? `[${address}]` : address;
}

async function addressBy(hint: string, ipv6: boolean): Promise<string | undefined> {
  const interfaces = networkInterfaces();
  if (hint === "hostname") return (await lookup(hostname(), { family: ipv6 ? 6 : 4 })).address;
  if (hint === "default-route") {
    const name = await defaultInterface();
    return choose(name === undefined ? [] : (interfaces[name] ?? []), ipv6) ?? anyAddress(interfaces, ipv6);
  }
  if (hint.includes("/"))
    return inNetwork(
      hint,
      Object.values(interfaces).flatMap((list) => list ?? []),
    );
  return choose(interfaces[hint] ?? [], ipv6);
}

/** An address of a host without a default route: one that is not the loopback's, if there is any. */
function anyAddress(interfaces: NodeJS.Dict<NetworkInterfaceInfo[]>, ipv6: boolean): string | undefined {
  const all = Object.values(interfaces).flatMap((list) => list ?? []);
  return (
    choose(
      all.filter(({ internal }) => !internal),
      ipv6,
    ) ?? choose(all, ipv6)
  );
}

function choose(addresses: readonly NetworkInterfaceInfo[], ipv6: boolean): string | undefined {
  const family = ipv6 ? "IPv6" : "IPv4";
  return (addresses.find((entry) => entry.family === family) ?? addresses[0])?.address;
}

function inNetwork(hint: string, addresses: readonly NetworkInterfaceInfo[]): string | undefined {
  const [network = "", bits = ""] = hint.split("/");
  const list = new BlockList();
  const family = network.includes(":") ? "ipv6" : "ipv4";
  try {
    list.addSubnet(network, Number(bits), family);
  } catch {
    throw new FluxError("EINVAL", `tbon.interface-hint: ${hint} is no network`);
  }
  return addresses.find(({ address, family: own }) => list.check(address, own === "IPv6" ? "ipv6" : "ipv4"))
    ?.address;
}

/** The interface that packets for anywhere leave by, as Linux tells. */
async function defaultInterface(): Promise<string | undefined> {
  const table = await readFile("/proc/net/route", "utf8").catch(() => "");
  const rows = table.split("\n").slice(1);
  return rows.map((row) => row.split("\t")).find(([, destination]) => destination === "00000000")?.[0];
}

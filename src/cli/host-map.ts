import { decodeHostlist, decodeIdset, encodeHostlist, encodeIdset, FluxError } from "../base/index.ts";
import type { Flux } from "../client/index.ts";

/** Ranks and hosts that stand for each other. */
export interface Targets {
  /** Ascending. */
  readonly ranks: readonly number[];
  /** Of these ranks, in their order. */
  readonly hosts: readonly string[];
  /** Whether they were named by their hosts. */
  readonly byHost: boolean;
}

/** The hosts of the ranks of an instance. Source: flux-broker-attributes(7), hostlist. */
export class HostMap {
  readonly #hosts: readonly string[];
  readonly #ranks = new Map<string, number>();

  /** `hosts[rank]` is the host of each rank; one host may have many. */
  constructor(hosts: readonly string[]) {
    this.#hosts = hosts;
    for (let rank = hosts.length - 1; rank >= 0; rank--) this.#ranks.set(hosts[rank]!, rank);
  }

  /** The hosts as the broker knows them. */
  static async read(flux: Flux): Promise<HostMap> {
    const hosts = decodeHostlist(await flux.attributes.get("hostlist"));
    if (hosts === undefined) throw new FluxError("EPROTO", "the attribute hostlist is no list of hosts");
    return new HostMap(hosts);
  }

  /** The host of a rank, as flux(1) prints it when there is none. */
  hostOf(rank: number): string {
    return this.#hosts[rank] ?? "(null)";
  }

  /** The lowest rank on a host. */
  rankOf(host: string): number | undefined {
    return this.#ranks.get(host);
  }

  /** The text of the hosts of some ranks. */
  hostlist(ranks: Iterable<number>): string {
    return encodeHostlist([...ranks].sort((a, b) => a - b).map((rank) => this.hostOf(rank)));
  }

  /**
   * What a set of ranks or a list of hosts names.
   * @throws FluxError EINVAL when it is neither, ENOENT when it names what is not there. Source: flux-overlay(1), lookup.
   */
  lookup(target: string): Targets {
    const ids = decodeIdset(target);
    const names = ids === undefined ? decodeHostlist(target) : undefined;
    if (ids === undefined && names === undefined)
      throw new FluxError("EINVAL", "target must be a valid idset or hostlist");
    const found = ids ?? names!.map((host) => this.#ranks.get(host) ?? missing(`host ${host} not found in`));
    const ranks = [...new Set(found)].sort((a, b) => a - b);
    const hosts = ranks.map((rank) => this.#hosts[rank] ?? missing(`rank ${rank} is not in`));
    return { ranks, hosts, byHost: ids === undefined };
  }
}

function missing(text: string): never {
  throw new FluxError("ENOENT", `${text} host map`);
}

/** Targets as texts: a set of ranks and a list of hosts. */
export function targetTexts({ ranks, hosts }: Targets): { ranks: string; hosts: string } {
  return { ranks: encodeIdset(ranks), hosts: encodeHostlist(hosts) };
}

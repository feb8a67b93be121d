import { FluxError } from "../base/index.ts";

/** The hosts of the ranks in order, as `[bootstrap]` names them: what the scheme `custom` goes by. */
export type ParentScheme = readonly { readonly host: string; readonly parent?: string | undefined }[];

/** Most children that mincrit gives a router before it takes another one. */
const MINCRIT_FANOUT = 1024;

/**
 * The parent of each rank, -1 for rank 0, by a scheme and its argument. Source: topology.c in flux-core.
 * @throws FluxError EINVAL for a size below 1, an unknown scheme, an argument that it can't have, or hosts that make no tree.
 */
export function parentsOf(scheme: string, size: number, hosts?: ParentScheme): Int32Array {
  if (!(size >= 1)) throw new FluxError("EINVAL", `invalid topology size ${size}`);
  const [name = "", path] = scheme.split(/:(.*)/s);
  const parents = new Int32Array(size);
  parents[0] = -1;
  switch (name) {
    case "kary":
      kary(parents, fanoutOf(name, path));
      break;
    case "mincrit":
      mincrit(parents, path ? fanoutOf(name, path) : mincritRouters(size));
      break;
    case "binomial":
      refuseArgument(name, path);
      binomial(parents);
      break;
    case "custom":
      refuseArgument(name, path);
      custom(parents, hosts ?? []);
      break;
    default:
      throw new FluxError("EINVAL", `unknown topology scheme '${name}'`);
  }
  return parents;
}

function fanoutOf(scheme: string, path: string | undefined): number {
  if (!/^\d+$/.test(path ?? "")) throw new FluxError("EINVAL", `${scheme} k value must be an integer >= 0`);
  return Number(path);
}

function refuseArgument(scheme: string, path: string | undefined): void {
  if (path) throw new FluxError("EINVAL", `unknown ${scheme} topology directive: '${path}'`);
}

function kary(parents: Int32Array, fanout: number): void {
  if (fanout === 0) return;
  for (let rank = 1; rank < parents.length; rank++) parents[rank] = Math.floor((rank - 1) / fanout);
}

/** Three levels at most: routers 1 to K below rank 0, all others below these in turn. */
function mincrit(parents: Int32Array, routers: number): void {
  if (routers === 0) return;
  for (let rank = routers + 1; rank < parents.length; rank++)
    parents[rank] = ((rank - routers - 1) % routers) + 1;
}

/** As few routers as keep all within the fan-out; none when rank 0 can do it alone. */
function mincritRouters(size: number): number {
  if (size <= MINCRIT_FANOUT + 1) return 0;
  let routers = 2;
  while (Math.ceil((size - 1 - routers) / routers) > MINCRIT_FANOUT) routers++;
  return routers;
}

/** The parent of a rank is the rank with its lowest bit cleared. */
function binomial(parents: Int32Array): void {
  for (let rank = 1; rank < parents.length; rank++) parents[rank] = rank & (rank - 1);
}

function custom(parents: Int32Array, hosts: ParentScheme): void {
  const ranks = new Map<string, number>();
  for (const [rank, { host }] of hosts.entries()) if (!ranks.has(host)) ranks.set(host, rank);
  for (const [rank, { host, parent }] of hosts.entries()) {
    if (parent === undefined) continue;
    const fail = (text: string): FluxError => new FluxError("EINVAL", text);
    const where = "Config file [bootstrap] hosts:";
    if (rank === 0) throw fail(`${where} rank 0 (${host}) may not have a parent in a tree topology`);
    if (rank >= parents.length) throw fail("topology size does not match host array size");
    const parentRank = ranks.get(parent);
    if (parentRank === undefined || parentRank >= parents.length)
      throw fail(`${where} invalid parent "${parent}" for ${host} (rank ${rank})`);
    if (parentRank === rank || isBelow(parents, parentRank, rank))
      throw fail(`${where} parent "${parent}" for ${host} (rank ${rank}) violates rule against cycles`);
    parents[rank] = parentRank;
  }
}

function isBelow(parents: Int32Array, rank: number, ancestor: number): boolean {
  for (let at = parents[rank]!; at >= 0; at = parents[at]!) if (at === ancestor) return true;
  return false;
}

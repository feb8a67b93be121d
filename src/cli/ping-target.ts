import { decodeHostlist } from "../base/index.ts";
import { type Nodeid, parseNodeid } from "./arguments.ts";

/** Whom a ping is for. */
export interface PingTarget {
  /** As it was written: a rank, `any`, `upstream` or the name of a host. */
  readonly place: string;
  readonly service: string;
  readonly nodeid: Nodeid;
}

/**
 * Reads the target of a ping: `SERVICE`, a place alone (then the broker there), or `PLACE!SERVICE`; `rank` is another way to say the place.
 * A place is a rank, `any`, `upstream`, or a name in `hostlist`.
 * @returns the target, or the text of what is wrong with it. Source: flux-ping(1).
 */
export function parsePingTarget(
  target: string,
  rank: string | undefined,
  hostlist: string,
): PingTarget | string {
  const hosts = decodeHostlist(hostlist) ?? [];
  const locate = (place: string): Nodeid | undefined => {
    const index = hosts.indexOf(place);
    return parseNodeid(place) ?? (index < 0 ? undefined : index);
  };
  const mark = target.indexOf("!");
  if (mark >= 0 && rank !== undefined) return "--rank and TARGET both name a place";
  let place = rank ?? "any";
  let service = target;
  if (mark >= 0) [place, service] = [target.slice(0, mark), target.slice(mark + 1)];
  else if (rank === undefined && locate(target) !== undefined) [place, service] = [target, "broker"];
  const nodeid = locate(place);
  if (nodeid === undefined) return `invalid nodeid/host: '${place}'`;
  return service === "" ? "TARGET names no service" : { place, service, nodeid };
}

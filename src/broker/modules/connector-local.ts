import { FluxError } from "../../base/index.ts";
import type { Methods, Request } from "../../client/index.ts";
import type { JsonObject } from "../../json/index.ts";
import { debugMethod } from "../../methods/index.ts";
import type { AccessControl } from "../access-control.ts";
import type { GuestStats } from "../broker-options.ts";
import type { Router } from "../router.ts";

/** `connector-local`: who may connect, who is connected, and who does not keep up. `slow` and `guests` are not in flux-core's answer. */
export function connectorLocalMethods(
  router: Router,
  access: AccessControl,
  { connects, guests }: { readonly connects: () => number; readonly guests: () => GuestStats },
): Methods {
  const reconfigure = (request: Request): void => {
    if (request.payload === undefined)
      throw new FluxError("EPROTO", `Error unpacking ${request.topic} request`);
    access.configure(request.body());
    request.respond();
  };
  return {
    "stats-get": {
      answer: () => ({
        server: { clients: clientsOf(router), connects: connects() },
        allow_guest_user: access.table.allowGuests,
        allow_root_owner: access.table.allowRootOwner,
        slow: router.slow.counters,
        guests: { ...guests() },
      }),
    },
    debug: debugMethod(access.debug),
    "config-reload": { request: reconfigure },
    "config-sync": { request: reconfigure },
  };
}

function clientsOf(router: Router): JsonObject[] {
  return [...router.connections.clients.values()].map(({ uuid, credential, pid, counters, link }) => ({
    uuid,
    userid: credential.userid,
    pid: pid ?? -1,
    txcount: counters.sent,
    rxcount: counters.received,
    rxbacklog: 0,
    txbacklog: link.queuedBytes,
    dropped: counters.dropped,
  }));
}

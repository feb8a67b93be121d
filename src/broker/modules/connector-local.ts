import type { Methods } from "../../client/index.ts";
import type { Router } from "../router.ts";

/** `connector-local`: who is connected, and who does not keep up. `slow` is not in flux-core's answer. */
export function connectorLocalMethods(
  router: Router,
  access: { readonly allowGuests: boolean; readonly allowRootOwner: boolean },
  connects: () => number,
): Methods {
  return {
    "stats-get": {
      answer: () => ({
        server: {
          clients: [...router.clients.values()].map(({ uuid, credential, pid, counters, link }) => ({
            uuid,
            userid: credential.userid,
            pid: pid ?? -1,
            txcount: counters.sent,
            rxcount: counters.received,
            rxbacklog: 0,
            txbacklog: link.queuedBytes,
            dropped: counters.dropped,
          })),
          connects: connects(),
        },
        allow_guest_user: access.allowGuests,
        allow_root_owner: access.allowRootOwner,
        slow: router.slow.counters,
      }),
    },
  };
}

import type { Flux } from "../client/index.ts";
import { given, givenText } from "./arguments.ts";
import { FLUX_NODEID_ANY } from "./constants.ts";
import type { flux_future_t } from "./future.ts";
import { inboxOf } from "./inbox.ts";
import { flux_rpc_pack } from "./rpc.ts";

/**
 * Has the requests to `name.*` brought here, to message handlers and flux_recv.
 * @returns a future that is fulfilled when the broker has done it; with EEXIST when the name is taken, EINVAL for one with a dot, EPERM for a
 *   guest whose name lacks the prefix of its user id. Source: flux_service_register(3).
 */
export function flux_service_register(h: Flux, name: string): flux_future_t {
  const service = givenText(name, "name");
  inboxOf(given(h, "h"));
  return flux_rpc_pack(h, "service.add", FLUX_NODEID_ANY, 0, "{s:s}", "service", service);
}

/** Takes a service back; the future gives ENOENT for one that is not this handle's. Source: flux_service_register(3). */
export function flux_service_unregister(h: Flux, name: string): flux_future_t {
  const service = givenText(name, "name");
  return flux_rpc_pack(h, "service.remove", FLUX_NODEID_ANY, 0, "{s:s}", "service", service);
}

import type { Flux } from "../../src/client/index.ts";
import { Role } from "../../src/message/index.ts";
import { type ConnectedInstance, FluxCoreInstance, TestInstance } from "../../src/testing/index.ts";

/** What the tests under test/suite run against: `fluxbus`, or `flux-core` when FLUXBUS_SUITE says so. */
export const BROKER: "fluxbus" | "flux-core" =
  process.env["FLUXBUS_SUITE"] === "flux-core" ? "flux-core" : "fluxbus";

/** User id the instances belong to. */
export const OWNER = process.getuid?.() ?? 0;
/** A user id that is not the owner's. */
export const GUEST = OWNER + 4242;
/** How an owner's handle speaks for a guest, as FLUX_HANDLE_USERID and FLUX_HANDLE_ROLEMASK would have it. */
export const AS_GUEST = { userid: GUEST, rolemask: Role.USER };

/** An instance of its own for a test of the client, with either broker. */
export function startInstance(
  options: { readonly attributes?: Readonly<Record<string, string>> } = {},
): Promise<ConnectedInstance> {
  return BROKER === "flux-core" ? FluxCoreInstance.start(options) : TestInstance.start(options);
}

/** How many clients the broker has, the one who asks among them. */
export async function clientsOf(flux: Flux): Promise<number> {
  const { server } = await flux.rpc<{ server: { clients: unknown[] } }>("connector-local.stats-get");
  return server.clients.length;
}

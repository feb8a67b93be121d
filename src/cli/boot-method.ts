import type { JsonObject } from "../json/index.ts";

/** How a broker may learn its place: the values of --boot. */
export const BOOT_METHODS = ["config", "simple", "single"] as const;

export type BootMethod = (typeof BOOT_METHODS)[number];

/**
 * How a broker learns its place when nobody says: by the table `[bootstrap]` of its configuration if that names hosts, from the process manager whose socket
 * PMI_FD is, else it is alone.
 */
export function defaultBootMethod(config: JsonObject, env: NodeJS.ProcessEnv): BootMethod {
  const table = config["bootstrap"] as JsonObject | undefined;
  const hosts = table?.["hosts"];
  if (Array.isArray(hosts) && hosts.length > 0) return "config";
  const underManager = ["PMI_FD", "PMI_RANK", "PMI_SIZE"].every((name) => env[name] !== undefined);
  return underManager ? "simple" : "single";
}

import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
/**
 * The product as users get it: the compiled doors under dist. The types come from the sources, so that the benchmark can be checked before
 * anything is built.
 */
import type * as BrokerDoor from "../src/doors/broker.ts";
import type * as FluxbusDoor from "../src/doors/fluxbus.ts";

/** Names the folder with the compiled package, for all programs of a run: they inherit it. */
const DIST = "FLUXBUS_BENCH_DIST";

/** Measures the compiled package in `folder` from now on, instead of dist: another version, or a copy that no build changes meanwhile. */
export function useDist(folder: string): void {
  process.env[DIST] = resolve(folder);
}

const door = (name: string): Promise<unknown> => {
  const folder = process.env[DIST] ?? resolve(import.meta.dirname, "..", "dist");
  return import(pathToFileURL(resolve(folder, "doors", `${name}.js`)).href);
};

export const loadFluxbus = async (): Promise<typeof FluxbusDoor> =>
  (await door("fluxbus")) as typeof FluxbusDoor;

export const loadBroker = async (): Promise<typeof BrokerDoor> => (await door("broker")) as typeof BrokerDoor;

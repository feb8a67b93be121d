import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
/**
 * The package as users get it: its compiled entry points. The types come from the sources, so that the
 * benchmark can be checked before anything is built.
 */
import type * as BrokerDoor from "../src/doors/broker.ts";
import type * as FluxbusDoor from "../src/doors/fluxbus.ts";
import { type Build, entryPoint, openBuild } from "./build.ts";

/** Names the root folder of the build that a program of the benchmark loads. */
const BUILD = "FLUXBUS_BENCH_BUILD";

/** The build of this checkout. */
export const thisBuild = (): Build => openBuild(resolve(import.meta.dirname, ".."));

/** Measures the build in `folder` from now on, in all programs that are not started for another. */
export function useBuild({ root }: Build): void {
  process.env[BUILD] = root;
}

/** The environment of a program that loads `build`; for undefined, the build that this process uses. */
export function environmentOf(build: Build | undefined): NodeJS.ProcessEnv {
  return build === undefined ? process.env : { ...process.env, [BUILD]: build.root };
}

function load(subpath: string): Promise<unknown> {
  const root = process.env[BUILD];
  const build = root === undefined ? thisBuild() : openBuild(root);
  return import(pathToFileURL(entryPoint(build, subpath)).href);
}

export const loadFluxbus = async (): Promise<typeof FluxbusDoor> => (await load(".")) as typeof FluxbusDoor;

export const loadBroker = async (): Promise<typeof BrokerDoor> =>
  (await load("./broker")) as typeof BrokerDoor;

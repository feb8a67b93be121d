import { type ModuleDefinition, moduleOf } from "../definition.ts";

/** The modules of this package, by name: the files beside this one. */
export const BUNDLED: Readonly<Record<string, () => Promise<ModuleDefinition>>> = {
  heartbeat: async () => moduleOf(await import("./heartbeat.ts")),
};

import { loadLate } from "../../system/index.ts";
import { type ModuleDefinition, moduleOf } from "../definition.ts";

/** The modules of this package, by name: the files beside this one. */
export const BUNDLED: Readonly<Record<string, () => Promise<ModuleDefinition>>> = {
  "event-log": async () =>
    moduleOf(await loadLate(import.meta.url, "./event-log", () => import("./event-log.ts"))),
  heartbeat: async () =>
    moduleOf(await loadLate(import.meta.url, "./heartbeat", () => import("./heartbeat.ts"))),
};

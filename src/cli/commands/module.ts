import { type Command, command } from "../commander.ts";
import { moduleDebugCommand } from "./module-debug.ts";
import { moduleListCommand } from "./module-list.ts";
import { moduleLoadCommand } from "./module-load.ts";
import { moduleReloadCommand } from "./module-reload.ts";
import { moduleRemoveCommand } from "./module-remove.ts";
import { moduleStatsCommand } from "./module-stats.ts";
import { moduleTraceCommand } from "./module-trace.ts";

/** `fluxbus module`. Source: flux-module(1). */
export function moduleCommand(): Command {
  return command("module")
    .description("modules of the broker")
    .enablePositionalOptions()
    .addCommand(moduleListCommand())
    .addCommand(moduleLoadCommand())
    .addCommand(moduleRemoveCommand("remove"))
    .addCommand(moduleRemoveCommand("unload"), { hidden: true })
    .addCommand(moduleReloadCommand())
    .addCommand(moduleStatsCommand())
    .addCommand(moduleDebugCommand())
    .addCommand(moduleTraceCommand());
}

import { type Command, command } from "../commander.ts";
import { overlayDisconnectCommand } from "./overlay-disconnect.ts";
import { overlayErrorsCommand } from "./overlay-errors.ts";
import { overlayLookupCommand } from "./overlay-lookup.ts";
import { overlayParentofCommand } from "./overlay-parentof.ts";
import { overlayStatusCommand } from "./overlay-status.ts";
import { overlayTopologyCommand } from "./overlay-topology.ts";
import { overlayTraceCommand } from "./overlay-trace.ts";

/** `fluxbus overlay`. Source: flux-overlay(1). */
export function overlayCommand(): Command {
  return command("overlay")
    .description("the tree of brokers")
    .enablePositionalOptions()
    .addCommand(overlayStatusCommand())
    .addCommand(overlayTopologyCommand())
    .addCommand(overlayErrorsCommand())
    .addCommand(overlayLookupCommand())
    .addCommand(overlayParentofCommand())
    .addCommand(overlayDisconnectCommand())
    .addCommand(overlayTraceCommand());
}

import { type Command, command } from "../commander.ts";
import { moduleListCommand } from "./module-list.ts";

/** `fluxbus module`. Source: flux-module(1). */
export function moduleCommand(): Command {
  return command("module").description("modules of the broker").addCommand(moduleListCommand());
}

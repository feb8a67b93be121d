import { type Command, command } from "../commander.ts";
import { configBuiltinCommand } from "./config-builtin.ts";
import { configGetCommand } from "./config-get.ts";
import { configLoadCommand } from "./config-load.ts";
import { configReloadCommand } from "./config-reload.ts";
import { configSetCommand } from "./config-set.ts";
import { configUnsetCommand } from "./config-unset.ts";

/** `fluxbus config`. Source: flux-config(1). */
export function configCommand(): Command {
  return command("config")
    .description("the configuration of the instance")
    .addCommand(configGetCommand())
    .addCommand(configSetCommand())
    .addCommand(configUnsetCommand())
    .addCommand(configLoadCommand())
    .addCommand(configReloadCommand())
    .addCommand(configBuiltinCommand());
}

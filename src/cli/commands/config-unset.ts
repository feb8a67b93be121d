import { type ClientOptions, clientCommand } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { changeConfig } from "../config-change.ts";

/** `fluxbus config unset NAME`. */
export function configUnsetCommand(): Command {
  return clientCommand("unset")
    .description(
      "remove a value from the configuration until the next reload; one that is not set is no error",
    )
    .argument("<name>", "the value, as in access.allow-guest-user")
    .action(async (name: string, options: ClientOptions) => {
      const { removePath } = await import("../../config/index.ts");
      await changeConfig(options, name, (config) => removePath(config, name));
    });
}

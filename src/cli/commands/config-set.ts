import type { JsonObject } from "../../json/index.ts";
import { type ClientOptions, clientCommand } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { changeConfig } from "../config-change.ts";
import type { ConfigType } from "../config-type.ts";
import { usageError } from "../failure.ts";
import { configTypeArgument } from "./config-get.ts";

interface ConfigSetOptions extends ClientOptions {
  readonly type?: ConfigType;
}

/** `fluxbus config set NAME VALUE`. Source: flux-config(1). */
export function configSetCommand(): Command {
  return clientCommand("set")
    .description("set a value of the configuration until the next reload")
    .argument("<name>", "the value, as in access.allow-guest-user")
    .argument("<value>", "what to set it to")
    .option("-t, --type <TYPE>", "type of VALUE (default: that of the value there)", configTypeArgument)
    .action(async (name: string, value: string, options: ConfigSetOptions) => {
      const { type } = options;
      if (type === "fsd-integer" || type === "fsd-real") throw usageError(`${type} is no type of a value`);
      const [{ getPath, setPath }, { parseAs, typeOf }] = await Promise.all([
        import("../../config/index.ts"),
        import("../config-value.ts"),
      ]);
      const set = (config: JsonObject): JsonObject => {
        const old = getPath(config, name);
        const known = type ?? (old === undefined || old === null ? undefined : (typeOf(old) as ConfigType));
        if (known === undefined) throw usageError(`${name} is not set: give its --type`);
        return setPath(config, name, parseAs(value, known));
      };
      await changeConfig(options, name, set);
    });
}

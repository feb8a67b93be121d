import { FluxError } from "../../base/index.ts";
import type { JsonObject, JsonValue } from "../../json/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import { argumentParser, type Command } from "../commander.ts";
import { CONFIG_TYPES, type ConfigType, configType } from "../config-type.ts";
import { ExitStatus } from "../exit-status.ts";
import { about, Failure, usageError } from "../failure.ts";
import { print } from "../output.ts";

interface ConfigGetOptions extends ClientOptions {
  readonly configPath?: string;
  readonly type: ConfigType;
  readonly quiet?: true;
  readonly default?: string;
}

/** Where the parts of a system installation have their configuration. */
const SYSTEM_PARTS: ReadonlySet<string> = new Set(["system", "security", "imp"]);

export const configTypeArgument = argumentParser(configType, `a type: ${CONFIG_TYPES.join(", ")}`);

/** `fluxbus config get [NAME]`. Source: flux-config(1). */
export function configGetCommand(): Command {
  return clientCommand("get", "text in quotes too")
    .description("print the configuration, or the value NAME in it")
    .argument("[name]", "a value, as in access.allow-guest-user")
    .option(
      "-c, --config-path <PATH>",
      "read PATH, a file or a directory, instead of asking the broker; or what is in /etc/flux for 'system', 'security' or 'imp'",
    )
    .option("-t, --type <TYPE>", "fail if the value is of another type", configTypeArgument, "any" as const)
    .option("-q, --quiet", "say nothing when NAME is not set, but fail")
    .option("-d, --default <VALUE>", "print VALUE when NAME is not set")
    .action(async (name: string | undefined, options: ConfigGetOptions) => {
      if (options.configPath !== undefined) await show(await readPath(options.configPath), name, options);
      else {
        await withFlux(options, async (flux) => {
          const { text } = await about("config.get", flux.call("config.get"));
          const { configOf } = await import("../config-value.ts");
          await show(configOf(text), name, options);
        });
      }
    });
}

async function readPath(path: string): Promise<JsonObject> {
  const { parseConfigPath } = await import("../../config/index.ts");
  return parseConfigPath(SYSTEM_PARTS.has(path) ? `/etc/flux/${path}/conf.d` : path);
}

async function show(config: JsonObject, name: string | undefined, options: ConfigGetOptions): Promise<void> {
  const value = name === undefined ? config : await lookup(config, name);
  if (value === undefined) {
    if (options.default !== undefined) print(options.default);
    else if (options.quiet) process.exitCode = ExitStatus.FAILED;
    else throw failure("ENOENT", `${name} is not set`);
    return;
  }
  const [{ asType }, { stringifyJson }] = await Promise.all([
    import("../config-value.ts"),
    import("../../json/index.ts"),
  ]);
  const shown = asType(value, options.type);
  if (shown === undefined) throw failure("EINVAL", `${name ?? "value"} does not have the requested type`);
  print(typeof shown === "string" && !options.json ? shown : stringifyJson(shown, { any: true }));
}

async function lookup(config: JsonObject, name: string): Promise<JsonValue | undefined> {
  const { getPath } = await import("../../config/index.ts");
  try {
    return getPath(config, name);
  } catch {
    throw usageError(`${name} is no name of a value`);
  }
}

function failure(code: "ENOENT" | "EINVAL", text: string): Failure {
  return new Failure(undefined, new FluxError(code, text));
}

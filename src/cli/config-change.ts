import type { JsonObject } from "../json/index.ts";
import { type ClientOptions, withFlux } from "./client-command.ts";
import { about, usageError } from "./failure.ts";

/** Gets the configuration of the broker and loads what `change` makes of it. An update by somebody else between the two is lost. */
export async function changeConfig(
  options: ClientOptions,
  name: string,
  change: (config: JsonObject) => JsonObject | Promise<JsonObject>,
): Promise<void> {
  if (name.split(".").includes("")) throw usageError(`${JSON.stringify(name)} is no name of a value`);
  await withFlux(options, async (flux) => {
    const { text } = await about("config.get", flux.call("config.get"));
    const { configOf } = await import("./config-value.ts");
    const config = await change(configOf(text));
    await about("config.load", flux.call("config.load", config));
  });
}

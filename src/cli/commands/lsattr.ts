import type { Flux } from "../../client/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { print, printJson } from "../output.ts";

const NAME_WIDTH = 40;

interface LsattrOptions extends ClientOptions {
  readonly values?: true;
}

/** `fluxbus lsattr`. Source: flux-lsattr(1). */
export function lsattrCommand(): Command {
  return clientCommand("lsattr", "one object, values by name")
    .description("list broker attributes")
    .option("-v, --values", "list values with attributes")
    .action((options: LsattrOptions) =>
      withFlux(options, async (flux) => {
        const names = await flux.attributes.list();
        if (options.json) {
          const values = await Promise.all(names.map((name) => attributeValue(flux, name)));
          printJson(Object.fromEntries(names.map((name, i) => [name, values[i] ?? null])));
        } else if (options.values) {
          const values = await Promise.all(names.map((name) => attributeValue(flux, name)));
          for (const [i, name] of names.entries()) print(`${name.padEnd(NAME_WIDTH)}${values[i] ?? "-"}`);
        } else for (const name of names) print(name);
      }),
    );
}

/** The value of a name from the list; undefined for one that has none. */
async function attributeValue(flux: Flux, name: string): Promise<string | undefined> {
  const { FluxError } = await import("../../base/index.ts");
  try {
    return await flux.attributes.get(name);
  } catch (error) {
    if (FluxError.is(error, "ENOENT")) return undefined;
    throw error;
  }
}

import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";

/** `fluxbus config builtin NAME`: flux(1) prints what was compiled into itself, this what the broker was made with. */
export function configBuiltinCommand(): Command {
  return clientCommand("builtin", '{"name", "value"}')
    .description("print where the broker's installation has something")
    .argument("<name>", "what, as in confdir or exec_path")
    .action((name: string, options: ClientOptions) =>
      withFlux(options, async (flux) => {
        const asked = flux.rpc<{ values: Record<string, string> }>("broker.conf-builtin", { keys: [name] });
        const value = (await about("broker.conf-builtin", asked)).values[name]!;
        if (options.json) printJson({ name, value });
        else print(value);
      }),
    );
}

import type { JsonObject } from "../../json/index.ts";
import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";

/** `fluxbus config load [PATH]`. Source: flux-config(1). */
export function configLoadCommand(): Command {
  return clientCommand("load")
    .description("replace the configuration until the next reload")
    .argument("[path]", "a file or a directory (default: standard input, TOML or a JSON object)")
    .action(async (path: string | undefined, options: ClientOptions) => {
      const { parseConfigPath } = await import("../../config/index.ts");
      const config = path === undefined ? await readInput() : await parseConfigPath(path);
      await withFlux(options, async (flux) => {
        await about("config.load", flux.call("config.load", config));
      });
    });
}

async function readInput(): Promise<JsonObject> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) chunks.push(chunk);
  const [{ concatBytes, decodeUtf8 }, { parseConfigText }] = await Promise.all([
    import("../../base/index.ts"),
    import("../../config/index.ts"),
  ]);
  return parseConfigText(decodeUtf8(concatBytes(chunks)), "standard input");
}

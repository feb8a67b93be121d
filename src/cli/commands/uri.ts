import { type ClientOptions, clientCommand } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";
import { print, printJson } from "../output.ts";

interface UriOptions extends ClientOptions {
  readonly remote?: true;
  readonly local?: true;
  readonly wait?: true;
}

const HELP = `
TARGET is a URI (local://PATH, ssh://HOST/PATH), pid:N for the instance of a process, '.' for this instance, '..' for the one
around it, '/' for the outermost, or a job id; these with slashes between them go from one to the next.`;

/** `fluxbus uri TARGET`. Source: flux-uri(1). */
export function uriCommand(): Command {
  return clientCommand("uri", '{"uri"}')
    .description("print the URI of an instance")
    .argument("<target>", "the instance")
    .option("--remote", "print it as ssh:// URI of this host")
    .option("--local", "print it as local:// URI")
    .option("--wait", "wait until a job has said where its instance is")
    .addHelpText("after", HELP)
    .action(async (target: string, options: UriOptions) => {
      const { resolveUri } = await import("../../proxy/index.ts");
      const env = options.uri === undefined ? process.env : { ...process.env, FLUX_URI: options.uri };
      const form = options.remote ? "remote" : options.local ? "local" : undefined;
      const uri = await about(
        target,
        resolveUri(target, { form, wait: options.wait, env, trustForeignUri: options.trustForeignUri }),
      );
      if (options.json) printJson({ uri });
      else print(uri);
    });
}

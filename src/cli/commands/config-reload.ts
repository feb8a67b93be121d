import { type ClientOptions, clientCommand, withFlux } from "../client-command.ts";
import type { Command } from "../commander.ts";
import { about } from "../failure.ts";

interface ConfigReloadOptions extends ClientOptions {
  readonly followerNoop?: true;
}

/** `fluxbus config reload`. Source: flux-config(1). */
export function configReloadCommand(): Command {
  return clientCommand("reload")
    .description("let the broker read its configuration files again")
    .option("--follower-noop", "do nothing when the broker is not of rank 0")
    .action((options: ConfigReloadOptions) =>
      withFlux(options, async (flux) => {
        if (options.followerNoop && (await flux.rank()) > 0) return;
        await about("config.reload", flux.call("config.reload"));
      }),
    );
}

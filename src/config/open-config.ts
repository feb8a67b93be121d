import { FluxError } from "../base/index.ts";
import { ConfigStore, readConfigPath } from "./config-store.ts";
import { updateConfig } from "./update.ts";

/** Where the configuration of a broker comes from. */
export interface ConfigSources {
  /** `-c PATH`, or FLUX_CONF_DIR: a file or a directory. Default none. */
  readonly path?: string | undefined;
  /** Values of `--conf`, each over those before and over what `path` holds. A reload of `path` drops them. */
  readonly updates?: readonly string[] | undefined;
}

/**
 * The configuration a broker begins with.
 * @throws FluxError `Config file error: text` for the path, `--conf: text` for an update. Source: flux-broker(1).
 */
export async function openConfig({ path, updates = [] }: ConfigSources): Promise<ConfigStore> {
  let config = path === undefined ? {} : await readConfigPath(path);
  for (const value of updates) {
    try {
      config = await updateConfig(config, value);
    } catch (error) {
      const { errno, message } = FluxError.from(error);
      throw new FluxError(errno, `--conf: ${message}`, { cause: error });
    }
  }
  return new ConfigStore({ config, path });
}

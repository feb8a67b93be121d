import { FluxError } from "../base/index.ts";
import { parseUri } from "../connector/index.ts";
import { connectFd } from "../socket/index.ts";
import { importModule } from "./module-file.ts";
import { runModule } from "./run-module.ts";

/**
 * Runs the module in the file `path` as the process of its own that a broker started for it, over the connection `uri`: FLUX_MODULE_URI.
 * @returns when it has ended and the broker knows how.
 * @throws FluxError EINVAL for another kind of URI; what `connectFd` and `runModule` throw.
 */
export async function execModule(uri: string, path: string): Promise<void> {
  const { scheme, path: descriptor } = parseUri(uri);
  if (scheme !== "fd") throw new FluxError("EINVAL", `FLUX_MODULE_URI=${uri} is no fd://`);
  const connector = await connectFd(descriptor);
  await runModule(connector, () => importModule(path));
}
